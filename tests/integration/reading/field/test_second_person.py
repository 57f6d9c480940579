"""Whatever people do, in any order: no entry becomes a read without a second person, and nothing that was entered is lost."""

import random
from typing import Any

from sqlalchemy import select

from services.reading.field import tables
from services.reading.reads import tables as read_tables
from tests.integration.reading.field.test_entries import enter, take_back
from tests.kits.effort import walks
from tests.kits.reading import Kit, january

POINTS = 6
PEOPLE = ("p-1", "p-2", "p-3")
STEPS = 60


class Day:
    """People who all may enter, upload and correct, and who do so in an order that is drawn."""

    def __init__(self, kit: Kit, seed: int) -> None:
        self.kit, self.draw = kit, random.Random(seed)
        scopes = ("reading:field", "reading:upload", "reading:read", "reading:write")
        self.people = {name: kit.client(name, *scopes) for name in PEOPLE}
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.released: set[tuple[str, str]] = set()
        self.refused = 0

    def one(self) -> tuple[str, Any]:
        name = self.draw.choice(PEOPLE)
        return name, self.people[name]

    async def enters(self) -> None:
        name, client = self.one()
        point = self.draw.randrange(1, POINTS + 1)
        seen = {
            "entry_no": f"{len(self.sent)}",
            "meter_no": f"M{point:04}",
            "seen_at": f"2026-03-01T{self.draw.randrange(24):02}:00:00+08:00",
        }
        value = f"{self.draw.randrange(150, 400)}.00"
        what = self.draw.choice(
            [{"unit": "kWh", "registers": {"import": value}}] * 3 + [{"unread_reason": "no_access"}]
        )
        assert await enter(client, seen | what) == ["accepted"]
        self.sent.append((name, seen | what))

    async def sends_again(self) -> None:
        """Send what was sent before, some of it twice."""
        if self.sent:
            name, _ = self.draw.choice(self.sent)
            mine = [entry for by, entry in self.sent if by == name]
            self.draw.shuffle(mine)
            assert set(await enter(self.people[name], *mine, mine[0])) == {"already_accepted"}

    async def takes_back(self) -> None:
        if self.sent:
            name, entry = self.draw.choice(self.sent)
            found = await take_back(self.people[name], entry["entry_no"])
            assert found[0] in ("done", "already_done", "reading.entry_decided")

    async def releases(self) -> None:
        name, client = self.one()
        open_ = (await client.get("/v1/field-batches?open=true")).json()["items"]
        if not open_:
            return
        shown = (await client.get(f"/v1/field-batches/{self.draw.choice(open_)['batch_id']}")).json()
        waiting = [each["entry_no"] for each in shown["entries"] if each["state"] == "entered"]
        refused = [{"entry_no": no, "reason": "doubtful"} for no in waiting if self.draw.random() < 0.2]
        stale = self.draw.random() < 0.2
        body = {"content_hash": "0" * 64 if stale else shown["content_hash"], "refused": refused}
        answer = await client.post(f"/v1/field-batches/{shown['batch_id']}/release", json=body)
        if name == shown["reader"]:
            self.refused += 1
            assert answer.json()["code"] == "reading.reader_is_uploader"
        elif stale:
            assert answer.status_code == 412
        else:
            assert answer.status_code == 200, answer.text
            self.released |= {
                (shown["reader"], no) for no in waiting if no not in {each["entry_no"] for each in refused}
            }

    async def corrects(self) -> None:
        name, client = self.one()
        rows = [row for row in await self.reads() if row.source == "site"]
        if not rows:
            return
        row = self.draw.choice(rows)
        read_id = f"{row.meter_no}~{row.read_at:%Y%m%dT%H%M%SZ}~site"
        body = {"unit": "kWh", "registers": {"import": "250.00"}, "reason": "misread", "confirm": True}
        saw = self.draw.choice([None, *PEOPLE])
        path = f"/v1/reads/{read_id}/{self.draw.choice(['correction', 'annulment'])}"
        body = body | {"reader": saw} if path.endswith("correction") else {"reason": "misread"}
        answer = await client.post(path, json=body)
        if name in (row.reader, body.get("reader")):
            self.refused += 1
            assert answer.json()["code"] == "reading.reader_is_uploader"

    async def reads(self) -> Any:
        async with self.kit.database.view() as view:
            return await view.all(select(read_tables.READ))


@walks(1, 2, 3)
async def test_no_order_of_what_people_do_makes_a_read_of_an_entry_without_a_second_person(kit: Kit, seed: int) -> None:
    await january(kit, POINTS)
    await kit.plan("2026-03-01")
    day = Day(kit, seed)
    for _ in range(STEPS):
        step = day.draw.choice(
            [day.enters] * 3 + [day.sends_again, day.takes_back, day.releases, day.releases, day.corrects]
        )
        await step()
    async with kit.database.view() as view:
        entries = await view.all(select(tables.ENTRY))
        corrections = await view.all(select(read_tables.CORRECTION))
    reads = [row for row in await day.reads() if row.source == "site"]

    assert {(row.reader, row.entry_no) for row in entries} == {(name, entry["entry_no"]) for name, entry in day.sent}
    assert {(row.reader, row.entry_no) for row in entries if row.state == "released"} == day.released
    assert min(len(day.released), day.refused, len(reads)) > 0
    assert all(row.decided_by != row.reader for row in entries)
    assert all(row.reader and row.uploader and row.reader != row.uploader for row in reads)
    assert all(row.reader != row.actor for row in corrections)
    seen = {(row.reader, row.meter_no, row.seen_at) for row in entries if row.state == "released"}
    assert {(row.reader, row.meter_no, row.read_at) for row in reads} <= seen
