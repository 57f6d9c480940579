"""A person is handed a copy of all that is kept about it, and who hands it out is audited."""

from typing import Any

from shared.testing.smtp import SmtpServer
from tests.integration.notify.calls.test_calls import tell, to_be_called
from tests.integration.notify.sending.test_sending import running, until
from tests.kits.notify import BODY, Api
from tests.kits.told_facts import issued

PATH, ASKED = "/v1/parties/c1/exports", {"reason": "Letter of 2026-02-01."}


async def exported(api: Api, query: str = "") -> Any:
    answer = await api.call("POST", f"{PATH}{query}", ASKED)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_all_that_is_kept_about_a_person_is_in_it(api: Api) -> None:
    notice_id = await to_be_called(api)
    await tell(api, notice_id, "told")
    party = (await api.call("GET", "/v1/parties/c1")).json()
    found = await exported(api)
    assert found["party"] == party
    assert [(look["actor"], look["reason"]) for look in found["looks"]] == [("clerk-1", "party")]
    (told,) = found["notices"]["items"]
    assert (told["notice_id"], told["state"]) == (notice_id, "delivered")
    assert [(way["channel"], way["outcome"]) for way in told["ways"]] == [("landline", "delivered")]
    assert [(call["caller"], call["outcome"]) for call in told["calls"]] == [("clerk-1", "told")]
    shown = (await api.call("GET", f"/v1/notices/{notice_id}")).json()
    assert {name: told[name] for name in shown} == shown
    assert (told["figures"]["account_no"], "a0001" in told["subject"], "a0001" in told["body"]) == ("a0001", True, True)
    assert (await exported(api))["looks"][-1]["reason"] == "export: Letter of 2026-02-01."


async def test_its_notices_come_in_pages_and_those_of_others_do_not(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    other = BODY | {"roles": [BODY["roles"][0] | {"role": "tenant"}]}
    await api.call("PUT", "/v1/parties/c2", other)
    for n in range(3):
        await api.notify.handle(issued(1, bill_id=f"bill-000{n}"))
    assert len(await api.notify.notices()) == 6
    first = await exported(api, "?limit=2")
    rest = await exported(api, f"?limit=2&cursor={first['notices']['next_cursor']}")
    seen = [*first["notices"]["items"], *rest["notices"]["items"]]
    assert ({each["party_no"] for each in seen}, len(seen)) == ({"c1"}, 3)
    assert rest["notices"]["next_cursor"] is None


async def test_what_was_sent_is_what_it_says(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    await api.notify.handle(issued(1))
    with SmtpServer() as server:
        async with running(api.notify.sender(server.port)):
            await until(api.notify, lambda states: {each for each, _ in states} == {"delivered"})
    (told,) = (await exported(api))["notices"]["items"]
    assert told["content_hash"] is not None
    assert told["body"].strip() in server.mails[0].text.replace("\r\n", "\n")


async def test_who_was_erased_gets_what_is_left(api: Api) -> None:
    ended = BODY | {"roles": [BODY["roles"][0] | {"valid_to": "2026-01-15"}]}
    await api.call("PUT", "/v1/parties/c1", ended)
    await api.call("POST", "/v1/parties/c1/erasure", {"reason": "Asked for."})
    party = (await exported(api))["party"]
    assert (party["name"], party["points"], party["party_no"]) == ("", [], "c1")


async def test_it_is_refused_to_those_of_another_bureau(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    assert await api.refused("POST", PATH, ASKED, org_units=("bj",)) == (404, "party.unknown")


async def test_it_costs_as_many_statements_for_30_notices_as_for_3(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    for n in range(30):
        await api.notify.handle(issued(1, bill_id=f"bill-{n:04}"))
    counts = []
    for limit in (3, 3, 30):  # the first call of a process takes one more
        with api.notify.statements() as seen:
            await exported(api, f"?limit={limit}")
        counts.append(len(seen))
    assert counts[1] == counts[2]
