"""What visitors report ends site orders; registers are a read only when another person has decided on them."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from services.reading.orders import tables
from shared.db.engine import Tx
from tests.kits.orders import ask, assign, decide, order, registers, report, requested, reread, shown, tell, visitor
from tests.kits.reading import UNIT, Kit, Statements, january

DONE, NOT_DONE = "reading.site_order_done.v1", "reading.site_order_not_done.v1"
READ_ID = "M0001~20260205T022000Z~site"


async def test_an_order_without_registers_ends_with_what_its_visitor_reports(kit: Kit) -> None:
    await kit.district()
    await kit.give(requested(kind="inspection"))
    said = report("Q1", "fault_found", explanation="Seal broken, wires loose.")

    assert await tell(visitor(kit), said) == ["done"]
    assert await tell(visitor(kit), said) == ["already_done"]
    assert await tell(visitor(kit), said | {"result": "in_order"}) == ["reading.order_closed"]
    assert await tell(visitor(kit, "reader-8"), said) == ["reading.order_closed"]

    found = await shown(kit, "Q1")
    assert (found["state"], found["outcome"], found["explanation"]) == ("done", "fault_found", said["explanation"])
    assert (found["visited_by"], found["decided_by"], found["read_id"]) == ("reader-7", None, None)
    (told,) = await kit.published(DONE)
    assert (told["order_no"], told["reference"], told["result"], told["done_on"]) == (
        "Q1",
        "B1",
        "fault_found",
        "2026-02-05",
    )
    assert "Seal" not in str(told)


async def test_an_order_that_could_not_be_done_ends_with_a_reason_of_the_policy(kit: Kit) -> None:
    await kit.district()
    await ask(kit.clerk, order())
    assert await tell(visitor(kit), report(result=None, not_done="too_lazy")) == ["reading.unknown_reason"]
    assert await tell(visitor(kit), report(result=None, not_done="no_access")) == ["done"]
    assert (await shown(kit))["state"] == "not_done"
    (told,) = await kit.published(NOT_DONE)
    assert (told["reason"], told["not_done_on"], told["visited_by"]) == ("no_access", "2026-02-05", "reader-7")
    assert await kit.published(DONE) == []


async def test_registers_of_a_visit_are_a_read_of_its_day_once_another_person_has_decided(kit: Kit) -> None:
    await january(kit)
    await ask(kit.clerk, order(kind="joint_reread"))
    said = report(result="as_read") | registers("215.00")

    assert await tell(visitor(kit), said) == ["awaiting_approval"]
    assert await tell(visitor(kit), said) == ["awaiting_approval"]
    assert await tell(visitor(kit), said | registers("999.00")) == ["conflicting_duplicate"]
    found = await shown(kit)
    assert (found["state"], found["registers"]) == ("reported", {"import": "215.00"})
    assert ((await kit.counts())["read"], await kit.published(DONE)) == (1, [])

    own = kit.client("reader-7", "reading:upload")
    seen = {"order_no": "O1", "version": found["version"]}
    assert await decide(own, seen) == ["reading.reader_is_uploader"]
    assert await decide(kit.clerk, seen | {"version": 1}) == ["precondition.stale"]
    assert (await kit.counts())["read"] == 1
    assert await decide(kit.clerk, seen) == ["done"]
    assert await decide(kit.clerk, seen) == ["already_done"]

    read = (await kit.clerk.get(f"/v1/reads/{READ_ID}")).json()
    assert (read["registers"], read["reader"]) == ({"import": "215.00"}, "reader-7")
    found = await shown(kit)
    assert (found["state"], found["read_id"], found["decided_by"]) == ("done", READ_ID, "clerk")
    (told,) = await kit.published(DONE)
    assert (told["result"], told["read_id"], told["visited_by"]) == ("as_read", READ_ID, "reader-7")


async def test_a_report_that_was_seen_is_decided_on_also_when_its_order_was_found_overdue_meanwhile(kit: Kit) -> None:
    await january(kit)
    await ask(kit.clerk, order(kind="final_read"))
    await tell(visitor(kit), report(result="read") | registers("215.00"))
    seen = {"order_no": "O1", "version": (await shown(kit))["version"]}
    assert (await kit.job("find-overdue-orders", "2026-02-10"))["counts"] == {"overdue": 1}
    assert await decide(kit.clerk, seen) == ["done"]
    assert (await shown(kit))["overdue_on"] == "2026-02-10"


async def test_a_report_that_does_not_do_leaves_no_read_and_is_not_taken_again(kit: Kit) -> None:
    await january(kit)
    await ask(kit.clerk, order(kind="final_read"))
    said = report(result="read") | registers("215.00")
    await tell(visitor(kit), said)
    version = (await shown(kit))["version"]
    assert await decide(kit.clerk, {"order_no": "O1", "version": version, "turned_back": "misread"}) == ["done"]

    found = await shown(kit)
    assert (found["state"], found["turned_back_for"], found["registers"]) == ("open", "misread", {})
    assert await tell(visitor(kit), said) == ["reading.report_turned_back"]
    assert await tell(visitor(kit), said | registers("251.00")) == ["awaiting_approval"]
    assert await decide(kit.clerk, {"order_no": "O1", "version": (await shown(kit))["version"]}) == ["done"]
    assert (await kit.clerk.get(f"/v1/reads/{READ_ID}")).json()["registers"] == {"import": "251.00"}


async def test_what_is_entered_for_the_visitor_is_a_read_at_once(kit: Kit) -> None:
    await january(kit)
    await ask(kit.clerk, order(kind="final_read"), order("O2"))
    paper = report(result="read", visited_by="reader-7") | registers("215.00")
    assert await tell(visitor(kit, "reader-8"), paper) == ["reading.visit_of_another"]
    assert await tell(kit.clerk, paper, report("O2", visited_by="reader-7")) == ["done", "done"]
    assert await tell(kit.clerk, paper) == ["already_done"]
    found = await shown(kit)
    assert (found["visited_by"], found["decided_by"], found["read_id"]) == ("reader-7", "clerk", READ_ID)


@pytest.mark.parametrize(
    ("kind", "said", "code"),
    [
        ("inspection", {"result": "as_read"}, "reading.unknown_result"),
        ("final_read", {"result": "read"}, "reading.registers_missing"),
        ("inspection", registers("1") | {"meter_no": None}, "reading.meter_not_named"),
        ("inspection", registers("1", "M0002"), "reading.other_point"),
        ("inspection", registers("1", "M9"), "reading.unknown_meter"),
        ("inspection", registers("1.2345"), "reading.too_many_digits"),
        ("inspection", registers("1") | {"unit": "MWh"}, "reading.wrong_unit"),
        ("inspection", registers("1") | {"result": None, "not_done": "weather"}, "reading.registers_not_wanted"),
        ("inspection", {"visited_at": "2026-12-05T10:20:00+08:00"}, "reading.in_the_future"),
        ("inspection", {"visited_at": "2026-02-05T10:20:00"}, "reading.bad_time"),
        ("inspection", {"order_no": "O9"}, "reading.unknown_order"),
    ],
)
async def test_a_report_that_is_none_is_refused_and_changes_nothing(
    kit: Kit, kind: str, said: dict[str, object], code: str
) -> None:
    await kit.district(2)
    await ask(kit.clerk, order(kind=kind))
    before = await shown(kit)
    assert await tell(visitor(kit), report(**said)) == [code]
    assert await shown(kit) == before


async def test_a_broken_report_is_refused_by_itself(kit: Kit) -> None:
    await kit.district()
    await ask(kit.clerk, order(), order("O2"))
    broken = [report("O2", not_done="weather"), report("O2", note="x"), report("O2", visited_at=3), "O2"]
    assert await tell(visitor(kit), *broken, report()) == [*["reading.malformed_item"] * 4, "done"]
    twice = report("O2")
    assert await tell(visitor(kit), twice, twice) == ["request.repeated_in_batch"] * 2


async def test_a_closing_is_checked_by_another_person_than_who_proposed_it(kit: Kit) -> None:
    await kit.district()
    proposer = kit.client("reader-7", "reading:write", "reading:field", "reading:upload")
    await ask(proposer, order(kind="closing_check"))
    assert await tell(proposer, report(result="unused")) == ["reading.order_needs_another_person"]
    assert await tell(visitor(kit, "reader-8"), report(result="unused")) == ["done"]

    async def forge(tx: Tx) -> None:
        await tx.execute(update(tables.SITE_ORDER).values(visited_by="reader-7"))

    with pytest.raises(IntegrityError):
        async with kit.database.begin() as tx:
            await forge(tx)


async def test_the_database_holds_that_the_visitor_makes_no_read_of_his_own_registers(kit: Kit) -> None:
    await january(kit)
    await ask(kit.clerk, order(kind="final_read"))
    await tell(visitor(kit), report(result="read") | registers("215.00"))
    for forged in ({"decided_by": "reader-7"}, {"read_id": READ_ID}):
        with pytest.raises(IntegrityError):
            async with kit.database.begin() as tx:
                await tx.execute(update(tables.SITE_ORDER).values(**forged))


async def test_a_reread_on_its_read_day_replaces_the_read_in_doubt(kit: Kit) -> None:
    await january(kit)
    await kit.give(reread())
    said = report("Q1", "read_otherwise", visited_at="2026-02-01T18:00:00+08:00") | registers("150.00")
    assert await tell(visitor(kit), said) == ["awaiting_approval"]
    assert await decide(kit.clerk, {"order_no": "Q1", "version": 2}) == ["done"]

    assert await kit.energies() == [("2026-02-01", 1, "actual", 100_000), ("2026-02-01", 2, "actual", 50_000)]
    (told,) = await kit.published(DONE)
    assert (told["result"], told["decided_by"], told["cycle"]) == ("read_otherwise", "clerk", "2026-01")
    assert [task["reread"] for task in await kit.items("tasks", cycle="2026-01")] == [False]


async def test_a_reread_on_another_day_is_a_read_of_that_day_and_lets_the_doubted_one_stand(kit: Kit) -> None:
    await january(kit)
    await kit.give(reread())
    await tell(kit.clerk, report("Q1", "as_read", visited_by="reader-7") | registers("215.00"))

    assert (await shown(kit, "Q1"))["read_id"] == READ_ID
    assert [task["reread"] for task in await kit.items("tasks", cycle="2026-01")] == [False]
    await kit.push_one("M0001", "2026-02-01", "170.00", read_at="2026-02-01T19:00:00+08:00")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 100_000)]


async def test_a_reread_that_could_not_be_done_waits_for_no_read_any_more_unless_another_one_does(kit: Kit) -> None:
    await january(kit)
    await kit.give(reread("Q1"), reread("Q2", bill_id="B2"))
    gone = {"result": None, "not_done": "no_access"}
    await tell(visitor(kit), report("Q1", **gone))
    assert [task["reread"] for task in await kit.items("tasks", cycle="2026-01")] == [True]
    await tell(visitor(kit), report("Q2", **gone))
    assert [task["reread"] for task in await kit.items("tasks", cycle="2026-01")] == [False]


async def test_a_report_that_waits_is_not_lost_when_a_read_comes_in_by_itself(kit: Kit) -> None:
    await january(kit)
    await kit.give(reread("Q1"), reread("Q2", bill_id="B2"))
    await tell(visitor(kit), report("Q1", "as_read") | registers("215.00"))
    await kit.push_one("M0001", "2026-02-01", "201.00", "site", read_at="2026-02-01T18:00:00+08:00")

    assert [(await shown(kit, number))["state"] for number in ("Q1", "Q2")] == ["reported", "done"]
    assert await decide(kit.clerk, {"order_no": "Q1", "version": 2}) == ["done"]
    assert (await shown(kit, "Q1"))["read_id"] == READ_ID


async def test_a_read_that_is_there_with_other_registers_leaves_the_order_as_it_was(kit: Kit) -> None:
    await january(kit)
    await ask(kit.clerk, order(kind="final_read"))
    await kit.push_one("M0001", "2026-02-05", "216.00", "site", read_at="2026-02-05T10:20:00+08:00", reader="reader-7")
    await tell(visitor(kit), report(result="read") | registers("215.00"))
    before = await shown(kit)
    assert await decide(kit.clerk, {"order_no": "O1", "version": 2}) == ["conflicting_duplicate"]
    assert await shown(kit) == before
    assert await kit.published(DONE) == []


async def test_orders_of_another_bureau_are_not_there(kit: Kit) -> None:
    await january(kit)
    await ask(kit.clerk, order(kind="final_read"))
    elsewhere = kit.client("reader-9", "reading:field", "reading:upload", org_units=["zj/ningbo"])
    said = report(result="read") | registers("215.00")
    assert await tell(elsewhere, said) == ["reading.unknown_order"]
    await tell(visitor(kit), said)
    assert await decide(elsewhere, {"order_no": "O1", "version": 2}) == ["reading.unknown_order"]
    assert await assign(kit.client("x", "reading:write", org_units=[UNIT]), O1="reader-9") == ["reading.order_closed"]


async def test_the_number_of_statements_is_the_same_for_10_and_1000_reports(kit: Kit) -> None:
    await january(kit, 1000)
    counts: list[tuple[int, ...]] = []
    for many in (10, 1000):
        points = [f"{number:04}" for number in range(1, many + 1)]
        await kit.give(*(reread(f"Q{many}-{no}", f"S{no}") for no in points))
        await ask(kit.clerk, *(order(f"O{many}-{no}", service_point_no=f"S{no}") for no in points))
        at = {"visited_at": "2026-02-05T10:20:00+08:00" if many == 10 else "2026-02-05T10:30:00+08:00"}
        said = [report(f"Q{many}-{no}", "as_read", **at) | registers("215.00", f"M{no}") for no in points]
        with Statements(kit) as reporting:
            assert set(await tell(visitor(kit), *said)) == {"awaiting_approval"}
        with Statements(kit) as ending:
            assert set(await tell(visitor(kit), *(report(f"O{many}-{no}") for no in points))) == {"done"}
        with Statements(kit) as deciding:
            seen = [{"order_no": f"Q{many}-{no}", "version": 2} for no in points]
            assert set(await decide(kit.clerk, *seen)) == {"done"}
        counts.append(tuple(len(each.texts) for each in (reporting, ending, deciding)))
    assert counts[0] == counts[1]
