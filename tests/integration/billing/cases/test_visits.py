"""A site order of a case is one while it is out, ends with its case, and what it finds is never lost."""

from datetime import date

from services.billing.cases.domain.cases import order_no_of
from shared.events.billing import SiteOrderRequested, SiteOrderWithdrawalRequested
from shared.events.reading import SiteOrderDone
from tests.integration.billing.cases.test_calculations import theft
from tests.integration.billing.cases.test_charges import SAID, pending
from tests.kits.billing import Desk, account
from tests.kits.cases import ask, got, listed, opened


async def looked_into(desk: Desk) -> str:
    await desk.open(account(1))
    return await opened(desk)


async def sent(desk: Desk, number: str, kind: str = "inspection") -> str:
    status, told = await ask(desk, f"cases/{number}/site-orders", {"kind": kind})
    assert status == 200, told
    return str(told["order_no"])


def done(number: str, order_no: str) -> SiteOrderDone:
    return SiteOrderDone(
        order_no=order_no,
        service_point_no="SP1",
        org_unit="zj/hangzhou",
        kind="inspection",
        requested_by="inspector-1",
        reference=number,
        done_on=date(2026, 2, 16),
        result="tampered",
        visited_by="visitor-1",
        read_id="R-1",
    )


async def asked_for(desk: Desk) -> list[str]:
    return [fact.request_id for fact in await desk.published(SiteOrderRequested)]


async def test_asked_for_again_it_is_the_one_that_is_out_and_another_once_that_is_back(desk: Desk) -> None:
    number = await looked_into(desk)
    first = await sent(desk, number)
    assert await sent(desk, number) == first
    check = await sent(desk, number, "use_check")
    assert await asked_for(desk) == [first, check]
    await desk.hear(SiteOrderDone, done(number, first))
    second = await sent(desk, number)
    assert second not in (first, check)
    assert await sent(desk, number) == second
    assert await asked_for(desk) == [first, check, second]


async def test_the_end_of_a_case_takes_back_what_is_out(desk: Desk) -> None:
    number = await looked_into(desk)
    path = f"cases/{number}"
    back = await sent(desk, number)
    await desk.hear(SiteOrderDone, done(number, back))
    out = await sent(desk, number, "use_check")
    seen = (await got(desk, path))["row_version"]
    assert (await ask(desk, f"{path}/calculations", theft(), seen=seen))[0] == 200
    _, told = await ask(desk, f"{path}/proposal", SAID, seen=seen + 1)
    assert await desk.second(told, subject="second-1") == ("done", None)
    assert await desk.published(SiteOrderWithdrawalRequested) == []
    assert await desk.second(await pending(desk, "case.charge.second"), subject="third-1") == ("done", None)
    (fact,) = await desk.published(SiteOrderWithdrawalRequested)
    assert (fact.request_id, fact.reason, fact.requested_by) == (out, "not_needed", "third-1")
    (told,) = [each for each in await listed(desk, "site-orders", reference=number) if each["let_go_on"]]
    assert (told["order_no"], told["let_go_by"]) == (out, "third-1")


async def test_a_dismissed_case_takes_back_what_is_out_and_reopened_it_asks_anew(desk: Desk) -> None:
    number = await looked_into(desk)
    path = f"cases/{number}"
    out = await sent(desk, number)
    seen = (await got(desk, path))["row_version"]
    assert (await ask(desk, f"{path}/dismissal", {"explanation": "the seal is whole"}, seen=seen))[0] == 200
    assert [fact.request_id for fact in await desk.published(SiteOrderWithdrawalRequested)] == [out]
    assert (await ask(desk, f"{path}/reopening", {"reason": "another tip"}, seen=seen + 1))[0] == 200
    assert await sent(desk, number) != out


async def test_what_a_visit_finds_is_evidence_whatever_number_somebody_typed(desk: Desk) -> None:
    number = await looked_into(desk)
    order_no = await sent(desk, number)
    typed = {"kind": "seal", "reference": "SEAL-77", "seen_on": "2026-02-11"}
    numbers = (order_no, f"visit:{order_no}", f"visit:{order_no}:read")
    _, told = await ask(desk, f"cases/{number}/evidence", {"items": [typed | {"evidence_no": no} for no in numbers]})
    reserved = ("refused", "case.evidence_no_reserved")
    assert [(each["status"], each.get("code")) for each in told["outcomes"]] == [("done", None), reserved, reserved]
    await desk.hear(SiteOrderDone, done(number, order_no))
    evidence = (await got(desk, f"cases/{number}"))["evidence"]
    assert {(each["evidence_no"], each["kind"], each["reference"], each["code"]) for each in evidence} == {
        (order_no, "seal", "SEAL-77", None),
        (f"visit:{order_no}", "site_order", order_no, "tampered"),
        (f"visit:{order_no}:read", "read", "R-1", None),
    }
    path = f"cases/{number}/evidence/visit:{order_no}:read/withdrawal"
    assert (await ask(desk, path, {"reason": "of another meter"}))[0] == 200


async def test_an_end_that_was_heard_before_the_order_was_asked_for_is_evidence_too(desk: Desk) -> None:
    number = await looked_into(desk)
    order_no = order_no_of(number, "inspection", 1)
    await desk.hear(SiteOrderDone, done(number, order_no))
    assert await sent(desk, number) == order_no
    evidence = (await got(desk, f"cases/{number}"))["evidence"]
    assert {each["reference"] for each in evidence} == {order_no, "R-1"}
    assert await sent(desk, number) == order_no_of(number, "inspection", 2)
