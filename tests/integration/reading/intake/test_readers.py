"""Who read on site is named, and is another person than who enters it: in reads, in files and in corrections."""

from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.reading.reads import tables
from tests.kits.reading import READER, Kit, read

SITE = "M0001~20260131T160000Z~site"
REMOTE = "M0001~20260131T160000Z~remote"


async def corrected(kit: Kit, read_id: str = SITE, who: str = "clerk", **more: Any) -> str:
    body = {"unit": "kWh", "registers": {"import": "151.00"}, "reason": "misread"} | more
    answer = await kit.client(who, "reading:write").post(f"/v1/reads/{read_id}/correction", json=body)
    return str(answer.json().get("code") or answer.json()["status"])


async def test_a_correction_of_a_read_on_site_names_who_saw_it_and_is_entered_by_neither_reader(kit: Kit) -> None:
    await kit.district()
    await kit.push_one("M0001", "2026-02-01", "150.00", "site")

    assert await corrected(kit) == "reading.reader_missing"
    assert await corrected(kit, reader="clerk") == "reading.reader_is_uploader"
    assert await corrected(kit, who=READER, reader="inspector-1") == "reading.reader_is_uploader"
    assert (await kit.counts())["read_correction"] == 0
    assert await corrected(kit, reader=READER) == "done"

    (shown,) = (await kit.clerk.get(f"/v1/reads/{SITE}")).json()["corrections"]
    assert (shown["reader"], shown["actor"]) == (READER, "clerk")


async def test_its_reader_does_not_take_a_read_out_of_the_count(kit: Kit) -> None:
    await kit.district()
    await kit.push_one("M0001", "2026-02-01", "150.00", "site")
    answer = await kit.client(READER, "reading:write").post(f"/v1/reads/{SITE}/annulment", json={"reason": "mistaken"})
    assert (answer.status_code, answer.json()["code"]) == (403, "reading.reader_is_uploader")


async def test_other_sources_need_no_reader(kit: Kit) -> None:
    await kit.district()
    for source in ("remote", "self", "estimated"):
        assert (await kit.push_one("M0001", "2026-02-01", "150.00", source))["status"] == "accepted"
    assert await corrected(kit, REMOTE) == "done"


@pytest.mark.parametrize("uploader", [None, "r-1"])
async def test_the_database_itself_refuses_a_read_that_its_reader_uploads(kit: Kit, uploader: str | None) -> None:
    row = {"meter_no": "M1", "read_at": kit.clock.at, "source": "site", "quantity": "import", "count": 1}
    with pytest.raises(IntegrityError):
        async with kit.database.begin() as tx:
            await tx.execute(
                insert(tables.READ).values(row | {"upload_id": "U", "reader": "r-1", "uploader": uploader})
            )


async def test_the_database_itself_refuses_a_correction_that_its_reader_enters(kit: Kit) -> None:
    row = {"read_id": SITE, "number": 1, "counts": "1", "reason": "misread", "created_at": kit.clock.at}
    with pytest.raises(IntegrityError):
        async with kit.database.begin() as tx:
            await tx.execute(insert(tables.CORRECTION).values(row | {"reader": "r-1", "actor": "r-1"}))


async def test_a_read_keeps_its_uploader_beside_its_reader(kit: Kit) -> None:
    await kit.district()
    await kit.push(read("M0001", "2026-02-01", "150.00", "site"), read("M0001", "2026-02-01", "150.00"))
    async with kit.database.view() as view:
        rows = await view.all(tables.READ.select().order_by(tables.READ.c.source))
    assert [(row.source, row.reader, row.uploader) for row in rows] == [
        ("remote", None, None),
        ("site", READER, "clerk"),
    ]
