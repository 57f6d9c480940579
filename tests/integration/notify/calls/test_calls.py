"""Who has but a fixed line is told by a person, and what came of the call is what became of the notice."""

import asyncio
from typing import Any

import pytest

from services.notify.sending.gateways.held import Held
from shared.testing.smtp import SmtpServer
from tests.integration.notify.sending.test_sending import running, until
from tests.kits.notify import BODY, Api
from tests.kits.told_facts import issued

NUMBER, NAME = "0571-8888 0000", BODY["name"]
SECOND = "second0001@example.org"
TASKS = "/v1/call-tasks"


async def to_be_called(api: Api, *, also: str = "", **more: Any) -> str:
    """Put somebody with a fixed line, and another contact point behind it where one is given; return the notice of a bill."""
    (first,) = BODY["points"]
    line = first | {"kind": "landline", "address": NUMBER}
    policy = api.notify.policies.on(api.notify.today())
    assert policy.channels["landline"].gateway == "calls"
    points = [line, *([first | {"point_no": "2", "kind": "postal", "address": also}] if also else [])]
    assert (await api.call("PUT", "/v1/parties/c1", BODY | {"points": points} | more)).status_code == 200
    await api.notify.handle(issued(1))
    await taken_over(api)
    (notice,) = await api.notify.notices()
    assert notice.state == "sent"
    return str(notice.notice_id)


async def taken_over(api: Api, state: str = "sent") -> None:
    with SmtpServer() as server:
        async with running(api.notify.sender(server.port, gateways={"calls": Held})):
            await until(api.notify, lambda states: {each for each, _ in states} == {state})


async def tell(api: Api, notice_id: str, outcome: str, **more: Any) -> Any:
    assert (await api.call("POST", f"{TASKS}/{notice_id}/taking")).status_code == 200
    answer = await api.call("POST", f"{TASKS}/{notice_id}/outcomes", {"outcome": outcome, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def shown(api: Api, notice_id: str) -> tuple[str, str, list[tuple[str, str, str]]]:
    notice = (await api.call("GET", f"/v1/notices/{notice_id}")).json()
    return notice["state"], notice["code"], [(way["channel"], way["outcome"], way["code"]) for way in notice["ways"]]


async def test_an_old_lady_with_a_fixed_line_is_told_by_a_person_and_that_is_proof(api: Api) -> None:
    notice_id = await to_be_called(api)
    listed = await api.call("GET", TASKS)
    (task,) = listed.json()["items"]
    assert (task["notice_id"], task["caller"], task["tries"]) == (notice_id, "", 0)
    assert NUMBER not in listed.text
    assert NAME not in listed.text
    taken = (await api.call("POST", f"{TASKS}/{notice_id}/taking")).json()
    assert (taken["number"], taken["name"]) == (NUMBER, NAME)
    assert "100.01" in taken["script"]
    (task,) = (await api.call("GET", TASKS)).json()["items"]
    assert task["caller"] == "clerk-1"
    (call,) = await tell(api, notice_id, "told")
    assert (call["outcome"], call["caller"], call["number"]) == ("told", "clerk-1", 1)
    assert await shown(api, notice_id) == ("delivered", "", [("landline", "delivered", "")])
    assert (await api.call("GET", TASKS)).json()["items"] == []
    facts = await api.notify.published()
    assert [fact["type"] for fact in facts] == ["notify.notice_delivered.v1", "notify.person_told.v1"]
    assert (facts[1]["told_by"], facts[1]["outcome"]) == ("clerk-1", "told")
    assert NUMBER not in str(facts)
    entries = await api.call("GET", f"/v1/audit-entries?entity_kind=call_task&entity_id={notice_id}")
    assert [entry["action"] for entry in entries.json()["items"]] == ["call.taken", "call.taken", "call.told"]
    assert NUMBER not in entries.text
    again = {"outcome": "told"}
    assert await api.refused("POST", f"{TASKS}/{notice_id}/outcomes", again) == (409, "call.not_open")


async def test_who_is_not_reached_is_called_again_later_and_then_told_another_way(api: Api) -> None:
    notice_id = await to_be_called(api, also="Hangzhou, West Lake Road 1")
    for number in (1, 2):
        calls = await tell(api, notice_id, "not_reached")
        assert [call["number"] for call in calls] == list(range(1, number + 1))
        assert (await api.call("GET", TASKS)).json()["items"] == []
        (waiting,) = (await api.call("GET", f"{TASKS}?waiting_too=true")).json()["items"]
        assert (waiting["tries"], waiting["caller"]) == (number, "")
        assert await api.refused("POST", f"{TASKS}/{notice_id}/taking") == (409, "call.not_yet")
        api.notify.clock.move(hours=21)
    await tell(api, notice_id, "not_reached")
    state, code, ways = await shown(api, notice_id)
    assert (state, code, ways) == ("queued", "call.not_reached", [("landline", "failed", "call.not_reached")])
    assert (await api.call("GET", f"/v1/notices/{notice_id}")).json()["channel"] == "letter"
    assert await api.notify.published() == []


async def test_who_is_not_told_in_time_is_told_another_way_and_is_called_no_more(api: Api) -> None:
    notice_id = await to_be_called(api, also="Hangzhou, West Lake Road 1")
    api.notify.clock.move(days=15)
    await taken_over(api, "failed")
    assert await shown(api, notice_id) == (
        "failed",
        "no_gateway",
        [("landline", "unknown", "no_receipt"), ("letter", "failed", "no_gateway")],
    )
    assert await api.refused("POST", f"{TASKS}/{notice_id}/taking") == (409, "call.not_open")


async def test_a_wrong_number_is_verified_for_nothing_any_more(api: Api) -> None:
    notice_id = await to_be_called(api)
    await tell(api, notice_id, "wrong_number")
    assert await shown(api, notice_id) == ("failed", "call.wrong_number", [("landline", "failed", "call.wrong_number")])
    await api.notify.handle(issued(1, bill_id="bill-0002"))
    assert await api.notify.unaddressed() == [("bill-0002", "waits_for_contact")]
    line = {"party_no": "c1", "point_no": "1", "account_no": "a0001", "how": "called", "day": "2026-02-02"}
    assert (await api.call("POST", "/v1/verifications", {"items": [line]})).json()["outcomes"][0]["status"] == "done"
    assert await api.notify.unaddressed() == []


async def test_a_promise_has_a_day_and_is_told(api: Api) -> None:
    notice_id = await to_be_called(api)
    path = f"{TASKS}/{notice_id}/outcomes"
    assert await api.refused("POST", path, {"outcome": "told"}) == (409, "call.not_taken")
    await api.call("POST", f"{TASKS}/{notice_id}/taking")
    assert await api.refused("POST", path, {"outcome": "promised"}) == (422, "call.promise_without_day")
    given = {"outcome": "told", "promised_on": "2026-02-10"}
    assert await api.refused("POST", path, given) == (422, "call.promise_without_day")
    await tell(api, notice_id, "promised", promised_on="2026-02-10")
    _, told = await api.notify.published()
    assert (told["outcome"], told["promised_on"]) == ("promised", "2026-02-10")


async def test_of_many_who_take_a_task_at_once_one_has_it(api: Api) -> None:
    notice_id = await to_be_called(api)
    path = f"{TASKS}/{notice_id}/taking"
    answers = await asyncio.gather(*(api.call("POST", path, subject=f"clerk-{number}") for number in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    (loser, *_) = [number for number, answer in enumerate(answers) if answer.status_code == 409]
    api.notify.clock.move(hours=5)  # who took it and said nothing has gone home
    assert (await api.call("POST", path, subject=f"clerk-{loser}")).status_code == 200


@pytest.mark.parametrize("path", ["taking", "outcomes"])
async def test_a_task_of_another_bureau_is_not_there(api: Api, path: str) -> None:
    notice_id = await to_be_called(api)
    body = {"outcome": "told"} if path == "outcomes" else None
    refused = await api.refused("POST", f"{TASKS}/{notice_id}/{path}", body, org_units=("js",))
    assert refused == (404, "notice.unknown")
