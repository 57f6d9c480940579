"""Reads of a manual route in a file."""

import pytest

from tests.kits.reading import Kit


async def test_a_csv_of_a_manual_route_is_answered_row_by_row(kit: Kit) -> None:
    await kit.district(2)
    await kit.put("routes", [{"route_no": "R2", "org_unit": "zj", "read_day": 1}])
    await kit.plan("2026-02-01")
    rows = [
        "meter_no,read_at,reader,import",
        "M0001,2026-02-01T09:30:00+08:00,reader-7,150.00",
        "M0002,2026-02-01T09:40:00+08:00,reader-7,",
        "M0002,2026-02-01T09:40:00+08:00,reader-7,abc",
        "M0002",
    ]
    headers = {"Content-Type": "text/csv"}
    answer = await kit.clerk.post("/v1/reads/csv?route_no=R1", content="\r\n".join(rows).encode(), headers=headers)
    outcomes = answer.json()["outcomes"]
    assert [o["status"] for o in outcomes] == ["accepted", "refused", "refused", "refused"]
    assert [o.get("code") for o in outcomes[1:]] == [
        "reading.malformed_item",
        "reading.malformed_value",
        "reading.malformed_item",
    ]
    assert (await kit.usages())[0]["actors"] == ["reader-7", "clerk"]
    other = await kit.clerk.post("/v1/reads/csv?route_no=R2", content="\n".join(rows[:2]).encode(), headers=headers)
    assert other.json()["outcomes"][0]["code"] == "reading.other_route"


@pytest.mark.parametrize(
    "body", [b"", b"meter,read_at\n", b"meter_no,read_at,import,import\n", b"\xff\xfe", b'meter_no,read_at\n"a,b']
)
async def test_a_file_that_is_no_csv_of_reads_is_refused_as_a_whole(kit: Kit, body: bytes) -> None:
    answer = await kit.clerk.post("/v1/reads/csv?route_no=R1", content=body, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
