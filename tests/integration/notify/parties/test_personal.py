"""Names and values are sealed in the database, looked up exactly, sealed anew with a new key, and erased."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from services.notify.base import Base
from services.notify.parties.tables import CONTACT_POINT, PARTY
from shared.testing.smtp import SmtpServer
from tests.kits.notify import BODY, Api, body, contact, started
from tests.kits.told_facts import issued

NAME, ADDRESS = BODY["name"], "person0001@example.org"


async def stored(api: Api) -> str:
    """All that the database holds, as one text."""
    found = []
    async with api.notify.database.view() as view:
        for table in Base.metadata.sorted_tables:
            found += [str(row._mapping) for row in await view.all(select(table))]
    return "\n".join(found)


async def found(api: Api, kind: str, value: str, **who: Any) -> list[str]:
    wanted = {"kind": kind, "value": value, "reason": "a call"}
    answer = await api.call("POST", "/v1/party-lookups", wanted, **who)
    assert answer.status_code == 200, answer.text
    return [item["party_no"] for item in answer.json()["items"]]


async def test_no_name_and_no_value_stands_in_the_database_as_it_is(api: Api) -> None:
    await api.notify.handle(issued(1))
    care = {"reason": "elderly", "source": "planted-source", "since": "2026-01-01"}
    planted = BODY | {"vulnerability": care}
    assert (await api.call("PUT", "/v1/parties/c1", planted)).json()["status"] == "done"
    await api.call("GET", "/v1/parties/c1")
    await found(api, "email", ADDRESS)
    everything = await stored(api)
    assert "a0001" in everything
    assert not [planted for planted in (NAME, ADDRESS, "planted-source", "person0001") if planted in everything]


async def test_a_party_is_found_by_its_exact_name_or_value_and_who_looked_is_audited(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    await api.call("PUT", "/v1/parties/c2", body(point={"address": "other@example.org"}, name="王芳"))
    assert await found(api, "name", NAME) == ["c1"]
    assert await found(api, "email", "OTHER@example.org") == ["c2"]
    assert await found(api, "mobile", ADDRESS) == await found(api, "name", "李") == []
    assert await found(api, "name", NAME, org_units=("bj",)) == []
    async with api.notify.database.view() as view:
        entries = await view.all(
            text("SELECT entity_id, reason FROM audit_entry WHERE action = 'party.looked_up' ORDER BY id")
        )
    assert len(entries) == 5
    assert entries[0].entity_id == entries[4].entity_id, "the same value again and again is seen"
    assert {entry.reason for entry in entries} == {"name: a call", "email: a call", "mobile: a call"}


async def test_a_new_key_seals_all_anew_and_nothing_is_lost(database_url: str, tmp_path: Path) -> None:
    async with started(database_url, tmp_path) as api:
        await api.call("PUT", "/v1/parties/c1", BODY)
    replaced = {"WATTLINE_PERSONAL_KEY": "n" * 40, "WATTLINE_PERSONAL_KEY_PREVIOUS": "v" * 40}
    async with started(database_url, tmp_path, **replaced) as api:
        assert await found(api, "name", NAME) == ["c1"], "found while it is sealed with the key before"
        await sealed(api)
    async with started(database_url, tmp_path, WATTLINE_PERSONAL_KEY="n" * 40) as api:
        assert await found(api, "email", ADDRESS) == await found(api, "name", NAME) == ["c1"]
        shown = (await api.call("GET", "/v1/parties/c1")).json()
        assert (shown["name"], shown["points"][0]["address"], shown["version"]) == (NAME, ADDRESS, 1)


async def sealed(api: Api) -> None:
    """Let the service seal what is sealed otherwise."""
    task = asyncio.create_task(api.service.background[1]())
    vault = api.service.app.state.context.vault
    async with asyncio.timeout(30):
        while True:
            async with api.notify.database.view() as view:
                rows = await view.all(select(PARTY.c.name_sealed.label("text")))
                rows = [*rows, *await view.all(select(CONTACT_POINT.c.address_sealed.label("text")))]
            if all(row.text.startswith(vault.key.number) for row in rows):
                break
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_party_is_erased_once_its_roles_have_ended_and_its_notices_stay(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        given = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **given) as api:
            await erased(api)
        assert server.mails == []


async def erased(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(issued(1))
    reason = {"reason": "asked for"}
    assert await api.refused("POST", "/v1/parties/c0001/erasure", reason) == (409, "party.still_needed")
    await api.call("POST", "/v1/parties/c0001/moves", {"on": "2026-02-02", "leaves": {"account_no": "a0001"}})
    for _ in range(2):
        assert (await api.call("POST", "/v1/parties/c0001/erasure", reason)).status_code == 200
    shown = (await api.call("GET", "/v1/parties/c0001")).json()
    assert (shown["name"], shown["points"], shown["version"]) == ("", [], 3)
    assert await found(api, "email", "person0001@example.org") == []
    assert await api.refused("PUT", "/v1/parties/c0001", BODY) == (409, "party.erased")
    (notice,) = await api.notify.notices()
    await api.send_all()
    (notice,) = await api.notify.notices()
    assert (notice.party_no, notice.state, notice.code) == ("c0001", "failed", "contact_point_gone")


async def test_what_was_not_confirmed_for_long_is_listed_until_it_is(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)  # vouched for on 1 January 2026; the policy says 24 months
    path = "/v1/stale-contact-points?on="
    assert (await api.call("GET", f"{path}2028-01-01")).json()["items"] == []
    (stale,) = (await api.call("GET", f"{path}2028-01-02")).json()["items"]
    assert (stale["party_no"], stale["confirmed_on"]) == ("c1", "2026-01-01")
    csv = (await api.call("GET", f"{path}2028-01-02&format=csv")).text.splitlines()
    assert csv == ["party_no,point_no,kind,org_unit,confirmed_on", "c1,1,email,zj/hangzhou/xihu,2026-01-01"]
    again = {"party_no": "c1", "point_no": "1", "account_no": "a0001", "how": "called", "day": "2026-02-02"}
    await api.call("POST", "/v1/verifications", {"items": [again]})
    assert (await api.call("GET", f"{path}2028-01-02")).json()["items"] == []


async def test_another_value_is_verified_anew(api: Api) -> None:
    await api.notify.handle(issued(1))
    unvouched = body(point={"verified": []})
    await api.call("PUT", "/v1/parties/c1", unvouched)
    assert await api.notify.notices() == [], "nobody has verified it"
    assert (await api.call("PUT", "/v1/parties/c1", BODY)).json()["status"] == "done", "a verification is new"
    assert len(await api.notify.notices()) == 1
    moved = body(point={"address": "new@example.org", "verified": []})
    await api.call("PUT", "/v1/parties/c1", moved)
    await api.notify.handle(issued(1, bill_id="bill-0002"))
    assert len(await api.notify.notices()) == 1, "the new address is not verified"
    assert ("bill-0002", "waits_for_contact") in await api.notify.unaddressed()
