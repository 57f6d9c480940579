"""Who is not reached by call is told at the door: reading sends somebody, and how that ends is what became of the notice."""

import asyncio
from itertools import permutations
from typing import Any

import pytest

from services.notify.calls import consumers
from services.notify.sending import use_cases
from services.notify.sending.domain.port import Attempt
from services.notify.sending.gateways.held import Held
from shared.events.meters import FirstRemoteMeterFitted
from shared.events.reading import SiteOrderDone, SiteOrderNotDone, SiteOrderWithdrawn
from shared.testing.smtp import SmtpServer
from tests.integration.notify.calls.test_calls import TASKS, shown, tell, to_be_called
from tests.integration.notify.sending.test_sending import running
from tests.kits.notify import BODY, CATALOGUE, FINAL_SECONDS, LINKS, VAULT, Api, contact
from tests.kits.told_cuts import step_withdrawn
from tests.kits.told_facts import ORG, account, issued, reminder

OLD = {"reason": "elderly", "source": "said by her daughter", "since": "2026-01-01"}
HELD = {"calls": Held, "visits": Held}


async def put(api: Api, **more: Any) -> None:
    assert (await api.call("PUT", "/v1/parties/c1", BODY | more)).status_code == 200


async def sent(api: Api, channel: str = "visit") -> Any:
    """Let what is due go out until the only notice is on its way over a channel; return it."""
    with SmtpServer() as server:
        async with running(api.notify.sender(server.port, gateways=HELD)), asyncio.timeout(FINAL_SECONDS):
            while True:
                (notice,) = await api.notify.notices()
                if notice.channel == channel and notice.state in ("sent", "delivered"):
                    return notice
                await asyncio.sleep(0.02)


async def asked(api: Api) -> list[dict[str, Any]]:
    return [fact for fact in await api.notify.published() if fact["type"] == "notify.visit_asked.v1"]


async def hear(api: Api, *facts: Any) -> None:
    handle = consumers.handlers(api.service.app.state.context)[type(facts[0])]
    async with api.notify.database.begin() as tx:
        await handle(tx, facts)


def ended(fact: type[Any], order_no: str, notice_id: str, **more: Any) -> Any:
    of_kind: dict[type[Any], dict[str, Any]] = {
        SiteOrderDone: {
            "done_on": "2026-02-05",
            "result": "told",
            "visited_by": "reader-7",
            "visited_at": "2026-02-05T02:20:00Z",
        },
        SiteOrderNotDone: {"not_done_on": "2026-02-05", "reason": "moved_away", "visited_by": "reader-7"},
        SiteOrderWithdrawn: {"withdrawn_on": "2026-02-05", "reason": "not_needed"},
    }
    given = {"order_no": order_no, "service_point_no": "p0001", "org_unit": ORG, "kind": "tell_person"}
    return fact(**given | {"requested_by": "notify", "reference": notice_id} | of_kind[fact] | more)


async def at_the_door(api: Api) -> tuple[str, str]:
    """Call an old lady three times in vain; return the notice of her bill, and the site order."""
    notice_id = await to_be_called(api, vulnerability=OLD)
    for _ in range(3):
        await tell(api, notice_id, "not_reached")
        api.notify.clock.move(hours=21)
    await sent(api)
    (visit,) = await asked(api)
    assert (visit["notice_id"], visit["service_point_no"], visit["template"]) == (notice_id, "p0001", "bill_issued")
    return notice_id, visit["order_no"]


async def test_who_is_not_reached_by_call_is_told_at_the_door(api: Api) -> None:
    notice_id, order_no = await at_the_door(api)
    assert await shown(api, notice_id) == (
        "sent",
        "",
        [("landline", "failed", "call.not_reached"), ("visit", "sent", "")],
    )
    script = await api.call("POST", f"/v1/visits/{notice_id}/script")
    assert (script.json()["name"], "a0001" in script.json()["script"]) == (BODY["name"], True)
    audit = await api.call("GET", "/v1/audit-entries?entity_kind=party_read&entity_id=c1")
    assert audit.json()["items"][-1]["reason"] == f"visit: {notice_id}"
    done = ended(SiteOrderDone, order_no, notice_id)
    await hear(api, done, done)
    await hear(api, done)
    state, _, ways = await shown(api, notice_id)
    assert (state, ways[-1]) == ("delivered", ("visit", "delivered", ""))
    told = [fact for fact in await api.notify.published() if fact["type"] == "notify.person_told.v1"]
    assert [(fact["told_by"], fact["told_at"]) for fact in told] == [("reader-7", "2026-02-05T02:20:00Z")]
    assert await api.refused("POST", f"/v1/visits/{notice_id}/script") == (409, "visit.not_open")


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        (SiteOrderNotDone, {}, "visit.moved_away"),
        (SiteOrderWithdrawn, {}, "visit.not_needed"),
        (SiteOrderDone, {"result": "told_neighbour"}, "visit.told_neighbour"),
    ],
)
async def test_a_visit_that_told_nobody_leaves_the_notice_failed_with_its_reason(
    api: Api, kind: type[Any], more: Any, code: str
) -> None:
    notice_id, order_no = await at_the_door(api)
    await hear(api, ended(kind, order_no, notice_id, **more))
    state, said, ways = await shown(api, notice_id)
    assert (state, said, ways[-1]) == ("failed", code, ("visit", "failed", code))


@pytest.mark.parametrize("order", list(permutations((SiteOrderDone, SiteOrderNotDone))))
async def test_told_is_told_whatever_else_comes_and_when(api: Api, order: tuple[type[Any], ...]) -> None:
    notice_id, order_no = await at_the_door(api)
    for kind in order:
        await hear(api, ended(kind, order_no, notice_id))
    assert (await shown(api, notice_id))[0] == "delivered"


async def test_site_orders_of_others_are_none_of_a_notice(api: Api) -> None:
    notice_id, _ = await at_the_door(api)
    await hear(api, ended(SiteOrderDone, "Q1", "case-7", kind="inspection", result="in_order"))
    await hear(api, ended(SiteOrderDone, "O1", notice_id))
    assert (await shown(api, notice_id))[0] == "sent"
    assert (await api.call("GET", "/v1/receipts", org_units=("*",))).json()["items"][-1]["gateway"] == "calls"


async def test_a_bill_to_who_is_not_vulnerable_ends_without_a_visit_and_what_a_right_depends_on_does_not(
    api: Api,
) -> None:
    assert (await shown(api, await _wrong_number(api)))[0] == "failed"
    assert await asked(api) == []


async def _wrong_number(api: Api) -> str:
    notice_id = await to_be_called(api)
    await tell(api, notice_id, "wrong_number")
    return notice_id


async def test_what_a_right_depends_on_goes_to_the_door_of_who_has_no_verified_contact(api: Api) -> None:
    await api.notify.handle(account(1))
    await put(api, points=[])
    await api.notify.handle(reminder(1))
    notice = await sent(api)
    assert (notice.channel, notice.point_no, notice.state) == ("visit", "", "sent")
    (visit,) = await asked(api)
    assert (visit["service_point_no"], visit["account_no"]) == ("p0001", "a0001")


async def test_a_bill_for_who_has_no_contact_waits_for_one_as_before(api: Api) -> None:
    await put(api, points=[])
    await api.notify.handle(issued(1))
    assert await api.notify.unaddressed() == [("bill-0001", "waits_for_contact")]


async def test_where_an_employee_tells_a_person_nobody_else_calls(api: Api) -> None:
    notice_id = await to_be_called(api, teller="reader-7")
    (task,) = (await api.call("GET", f"{TASKS}?teller=reader-7")).json()["items"]
    assert (task["notice_id"], task["teller"]) == (notice_id, "reader-7")
    assert (await api.call("GET", f"{TASKS}?teller=reader-8")).json()["items"] == []
    assert await api.refused("POST", f"{TASKS}/{notice_id}/taking") == (409, "call.of_another")
    assert (await api.call("POST", f"{TASKS}/{notice_id}/taking", subject="reader-7")).status_code == 200
    answer = await api.call("POST", f"{TASKS}/{notice_id}/outcomes", {"outcome": "told"}, subject="reader-7")
    assert answer.status_code == 200
    assert (await shown(api, notice_id))[0] == "delivered"


async def test_who_is_not_told_by_him_in_time_is_told_at_the_door(api: Api) -> None:
    notice_id = await to_be_called(api, vulnerability=OLD, teller="reader-7")
    api.notify.clock.move(days=15)
    await sent(api)
    assert (await shown(api, notice_id))[2] == [("landline", "unknown", "no_receipt"), ("visit", "sent", "")]


def fitted(**more: Any) -> FirstRemoteMeterFitted:
    given: dict[str, Any] = {"service_point_no": "p0001", "org_unit": ORG, "meter_no": "m1"}
    return FirstRemoteMeterFitted(**given | {"fitted_on": "2026-02-01", "told_on": "2026-02-02"} | more)


@pytest.mark.parametrize(("vulnerability", "channel"), [(OLD, "visit"), (None, "email")])
async def test_a_first_smart_meter_is_explained_at_home_where_somebody_is_vulnerable(
    api: Api, vulnerability: Any, channel: str
) -> None:
    await api.notify.handle(account(1))
    await put(api, vulnerability=vulnerability)
    await api.notify.handle(fitted(), fitted())
    await sent(api, channel)
    assert [visit["template"] for visit in await asked(api)] == (["first_remote_meter"] if channel == "visit" else [])


async def test_asking_for_visits_takes_as_many_statements_for_one_as_for_twenty(api: Api) -> None:
    counts = []
    for first, count in ((1, 1), (2, 1), (10, 20)):
        for n in range(first, first + count):
            await api.notify.handle(account(n))
            roles = [{"role": "holder", "account_no": f"a{n:04}", "valid_from": "2026-01-01"}]
            await api.call("PUT", f"/v1/parties/p{n}", BODY | {"points": [], "roles": roles})
            await api.notify.handle(reminder(n))
        counts.append(await _claimed_and_finished(api, count))
    assert counts[1] == counts[2]


async def _claimed_and_finished(api: Api, count: int) -> int:
    with api.notify.statements() as seen:
        async with api.notify.database.begin() as tx:
            taken = await use_cases.claim(
                tx,
                CATALOGUE,
                LINKS,
                VAULT,
                policies=api.notify.policies,
                channel="visit",
                count=count,
                lease_seconds=60,
            )
        async with api.notify.database.begin() as tx:
            await use_cases.finish(tx, [(each, Attempt("accepted")) for each in taken], api.notify.rules())
    assert len(taken) == count
    return len(seen)


async def test_a_visit_that_nobody_made_is_taken_back_once_what_it_was_about_is_settled(api: Api) -> None:
    await api.notify.handle(account(1))
    roles = [{"role": "holder", "account_no": "a0001", "valid_from": "2026-01-01"}]
    await put(api, roles=roles)
    await api.notify.handle(reminder(1, action="visit", step_id="visit"))
    notice = await sent(api)
    (visit,) = await asked(api)
    for _ in range(2):
        await api.notify.handle(step_withdrawn("visit", action="visit"))
    (back,) = [fact for fact in await api.notify.published() if fact["type"] == "notify.visit_withdrawn.v1"]
    names = ("account_no", "order_no", "notice_id", "org_unit")
    assert {name: back[name] for name in names} == {name: visit[name] for name in names}
    assert back["reason"] == "settled"
    await hear(api, ended(SiteOrderWithdrawn, visit["order_no"], notice.notice_id))
    (after,) = await api.notify.notices()
    assert (after.state, after.code, after.withdrawn) == ("failed", "withdrawn", "settled")


async def test_a_call_that_is_withdrawn_takes_no_visit_back(api: Api) -> None:
    await api.notify.handle(account(1))
    await api.notify.put(contact(1, channel="landline", address="0571-88880000"))
    await api.notify.handle(reminder(1, action="call", step_id="call"))
    await sent(api, "landline")
    await api.notify.handle(step_withdrawn("call", action="call"))
    assert not [fact for fact in await api.notify.published() if fact["type"] == "notify.visit_withdrawn.v1"]
