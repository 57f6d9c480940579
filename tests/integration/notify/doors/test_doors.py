"""The wrong door (S16): what no contact point is verified for goes to the door itself, and says by what that was checked."""

from typing import Any

import pytest
from sqlalchemy import select, text

from services.notify.base import Base
from services.notify.doors import store as doors
from services.notify.doors.tables import DOOR
from services.notify.sending.gateways.held import Held
from services.notify.vault import Vault
from shared.testing.smtp import SmtpServer
from tests.integration.notify.letters.test_letters import handed_over, lines, tell
from tests.integration.notify.sending.test_sending import running, until
from tests.kits.notify import BODY, Api
from tests.kits.told_facts import account, issued

ADDRESS = "杭州市西湖区文三路 1 号 2 单元 301 室"
DOOR_1: dict[str, Any] = {
    "service_point_no": "p0001",
    "org_unit": "zj/hangzhou/xihu",
    "address": ADDRESS,
    "how": "on_site",
    "checked_on": "2026-01-15",
}
OF_ANOTHER_FLAT = [{"service_point_no": "p9999", "how": "declared", "day": "2026-01-01"}]
MAIL = BODY["points"][0]["address"]


async def put_doors(api: Api, *items: dict[str, Any], query: str = "", **who: Any) -> list[tuple[str, str | None]]:
    answer = await api.call("PUT", f"/v1/doors{query}", {"items": list(items)}, **who)
    assert answer.status_code == 200, answer.text
    return [(each["status"], each.get("code")) for each in answer.json()["outcomes"]]


async def of_another_flat(api: Api) -> None:
    """Have a bill for the door of somebody whose contact points are verified for another flat alone."""
    await api.notify.handle(account(1))
    (point,) = BODY["points"]
    postal = {"point_no": "2", "kind": "postal", "address": "somewhere else 9"}
    points = [point | {"verified": OF_ANOTHER_FLAT}, point | postal | {"verified": OF_ANOTHER_FLAT}]
    assert (await api.call("PUT", "/v1/parties/c1", BODY | {"points": points})).status_code == 200
    await api.notify.handle(issued(1))


async def tell_doors(api: Api, day: str = "2026-02-06") -> dict[str, int]:
    answer = await api.call("POST", "/v1/jobs/tell-doors/runs", {"business_date": day})
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()["counts"]
    return counts


async def test_what_is_verified_for_another_flat_is_told_at_the_door_and_once_verified_there(api: Api) -> None:
    await of_another_flat(api)
    api.notify.clock.move(days=4)
    assert await tell_doors(api, "2026-02-04") == {"told_at_doors": 0}
    (waiting,) = (await api.call("GET", "/v1/unaddressed")).json()["items"]
    assert (waiting["state"], waiting["door_checked_on"]) == ("waits_for_contact", None)
    assert await put_doors(api, DOOR_1) == [("done", None)]
    listed = await api.call("GET", "/v1/unaddressed")
    assert listed.json()["items"][0]["door_checked_on"] == "2026-01-15"
    assert ADDRESS not in listed.text
    assert await tell_doors(api) == {"told_at_doors": 1}
    assert await api.notify.unaddressed() == []
    with SmtpServer() as server:
        async with running(api.notify.sender(server.port, gateways={"letters": Held})):
            await until(api.notify, lambda states: states == [("sent", "")])
        assert server.mails == []
    answer = await api.call("POST", "/v1/letter-batches", {"batch_no": "B1", "org_unit": "zj"})
    (line,) = await lines(api)
    assert (line["name"], line["address"]) == ("户号 a0001 的用电客户", ADDRESS)
    assert all(part in line["checked_against"] for part in ("p0001", "a0001", "2026-01-15", "现场核实"))
    (letter,) = (await api.call("GET", "/v1/letter-batches/B1/texts")).json()["items"]
    assert letter["text"].startswith(f"户号 a0001 的用电客户\n{ADDRESS}\n")
    assert line["checked_against"] in letter["text"]
    assert "李明" not in letter["text"]
    body = {"posted_on": "2026-02-06", "register_hash": answer.json()["register_hash"]}
    assert (await api.call("POST", "/v1/letter-batches/B1/posting", body)).status_code == 200
    told = {"letter": 1, "outcome": "delivered", "on": "2026-02-06", "register_no": "XA00000000133"}
    assert await tell(api, told) == [("done", None)]
    (fact,) = await api.notify.published()
    assert (fact["type"], fact["account_no"]) == ("notify.notice_delivered.v1", "a0001")
    now = {"party_no": "c1", "point_no": "1", "service_point_no": "p0001", "how": "called", "day": "2026-02-06"}
    assert (await api.call("POST", "/v1/verifications", {"items": [now]})).status_code == 200
    await api.notify.handle(issued(1, bill_id="bill-0002"))
    (second,) = [each for each in await api.notify.notices() if each.cause_id == "bill-0002"]
    assert (second.party_no, second.channel) == ("c1", "email")


async def test_without_a_checked_door_the_cause_stays_listed_and_is_given_up_with_a_word(api: Api) -> None:
    await of_another_flat(api)
    api.notify.clock.move(days=40)
    assert await tell_doors(api, "2026-03-13") == {"told_at_doors": 0}
    assert await api.notify.unaddressed() == [("bill-0001", "waits_for_contact")]
    await api.call("POST", "/v1/jobs/give-up-waiting/runs", {"business_date": "2026-03-13"})
    assert await api.notify.unaddressed() == [("bill-0001", "no_contact")]
    assert [fact["reason"] for fact in await api.notify.published()] == ["no_contact"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"org_unit": "zj/ningbo"},  # another bureau's word opens no door
        {"service_point_no": "p0002"},
    ],
)
async def test_a_door_that_is_not_that_of_the_cause_is_told_nothing(api: Api, wrong: dict[str, str]) -> None:
    await of_another_flat(api)
    api.notify.clock.move(days=4)
    assert await put_doors(api, DOOR_1 | wrong) == [("done", None)]
    assert await tell_doors(api) == {"told_at_doors": 0}


async def test_who_has_left_is_not_told_at_a_door_where_somebody_else_lives(api: Api) -> None:
    await of_another_flat(api)
    api.notify.clock.move(days=4)
    await put_doors(api, DOOR_1)
    await api.notify.handle(account(1, version=2, point="p0007"))
    assert await tell_doors(api) == {"told_at_doors": 0}


async def test_a_letter_that_came_back_from_a_door_unchecks_it_until_it_is_put_anew(api: Api) -> None:
    await of_another_flat(api)
    await put_doors(api, DOOR_1)
    api.notify.clock.move(days=4)
    await tell_doors(api)
    await handed_over(api)
    answer = await api.call("POST", "/v1/letter-batches", {"batch_no": "B1", "org_unit": "zj"})
    body = {"posted_on": "2026-02-06", "register_hash": answer.json()["register_hash"]}
    await api.call("POST", "/v1/letter-batches/B1/posting", body)
    told = {"letter": 1, "outcome": "returned", "on": "2026-02-06", "reason": "unknown_here"}
    assert await tell(api, told) == [("done", None)]
    assert await api.notify.states() == [("failed", "letter.unknown_here")]
    assert (await api.call("GET", "/v1/doors/p0001")).json()["checked_on"] is None
    await api.notify.handle(issued(1, bill_id="bill-0002"))
    api.notify.clock.move(days=4)
    assert await tell_doors(api, "2026-02-10") == {"told_at_doors": 0}
    assert await put_doors(api, DOOR_1 | {"checked_on": "2026-02-10"}) == [("done", None)]
    assert await tell_doors(api, "2026-02-11") == {"told_at_doors": 1}


async def test_doors_are_put_in_batches_each_answered_by_itself_and_a_dry_run_stores_nothing(api: Api) -> None:
    items = [
        DOOR_1,
        DOOR_1 | {"service_point_no": "p0002", "checked_on": "2026-02-03"},
        DOOR_1 | {"service_point_no": "p0003"},
    ]
    expected = [("done", None), ("refused", "door.checked_in_the_future"), ("done", None)]
    assert await put_doors(api, *items, query="?dry_run=true") == expected
    assert await api.refused("GET", "/v1/doors/p0001") == (404, "door.unknown")
    assert await put_doors(api, *items) == expected
    assert await put_doors(api, DOOR_1) == [("already_done", None)]
    foreign = {"org_units": ("js",)}
    assert await put_doors(api, DOOR_1, **foreign) == [("refused", "auth.other_org_unit")]
    assert await api.refused("GET", "/v1/doors/p0001", **foreign) == (404, "door.unknown")
    shown = (await api.call("GET", "/v1/doors/p0001")).json()
    assert (shown["address"], shown["checked_by"], shown["version"]) == (ADDRESS, "clerk-1", 1)
    looks = (await api.call("GET", "/v1/audit-entries?entity_kind=door_read&entity_id=p0001")).json()["items"]
    assert [entry["action"] for entry in looks] == ["door.read"]


async def test_no_address_of_a_door_stands_in_the_database_as_it_is_and_a_new_key_seals_it_anew(api: Api) -> None:
    await of_another_flat(api)
    await put_doors(api, DOOR_1)
    api.notify.clock.move(days=4)
    await tell_doors(api)
    await handed_over(api)
    await api.call("POST", "/v1/letter-batches", {"batch_no": "B1", "org_unit": "zj"})
    async with api.notify.database.view() as view:
        tables = Base.metadata.sorted_tables
        stored = [str(tuple(row)) for table in tables for row in await view.all(select(text("*")).select_from(table))]
    assert not [row for row in stored if "文三路" in row]
    assert DOOR in tables
    other = Vault(b"w" * 40, b"v" * 40)
    async with api.notify.database.begin() as tx:
        assert await doors.sealed_otherwise(tx, other, 10) == 1
        assert await doors.sealed_otherwise(tx, other, 10) == 0
        (door, _) = (await doors.doors(tx, other, ["p0001"]))["p0001"]
    assert door.address == ADDRESS


async def test_causes_of_many_doors_take_as_many_statements_as_those_of_few(api: Api) -> None:
    counts = []
    for first, count in ((1, 2), (11, 20)):
        numbers = range(first, first + count)
        await api.notify.handle(*(account(number) for number in numbers))
        await put_doors(api, *(DOOR_1 | {"service_point_no": f"p{number:04}"} for number in numbers))
        await api.notify.handle(*(issued(number) for number in numbers))
        if first == 1:
            api.notify.clock.move(days=4)
        with api.notify.statements() as seen:
            assert await tell_doors(api, "2026-02-06" if first == 1 else "2026-02-07") == {"told_at_doors": count}
        counts.append(len(seen))
    assert counts[0] == counts[1]
