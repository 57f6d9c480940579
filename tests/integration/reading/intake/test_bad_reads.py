"""Bad reads: each with its code, and nothing changed."""

from typing import Any

import pytest

from tests.kits.reading import ONE, Kit, midnight, read

GOOD = read("M0001", "2026-02-01", "150.00")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"meter_no": "M9999"}, "reading.unknown_meter"),
        ({"registers": {"import": "1.00", "export": "1.00"}}, "reading.unknown_register"),
        ({"registers": {"export": "1.00"}}, "reading.unknown_register"),
        ({"registers": {}}, "reading.malformed_item"),
        ({"read_at": midnight("2026-11-17")}, "reading.in_the_future"),
        ({"read_at": "2026-02-01T00:00:00"}, "reading.bad_time"),
        ({"read_at": "2026-02-01T00:00:00.5+08:00"}, "reading.bad_time"),
        ({"read_at": "yesterday"}, "reading.bad_time"),
        ({"read_at": midnight("1999-02-01")}, "reading.bad_time"),
        ({"read_at": "0001-01-01T00:00:00+14:00"}, "reading.bad_time"),
        ({"registers": {"import": "1000000.00"}}, "reading.too_many_digits"),
        ({"registers": {"import": "1.001"}}, "reading.too_many_digits"),
        ({"registers": {"import": "-1.00"}}, "reading.negative"),
        ({"registers": {"import": "1e3"}}, "reading.malformed_value"),
        ({"registers": {"import": 150.0}}, "reading.malformed_item"),
        ({"source": "site", "reader": "clerk"}, "reading.reader_is_uploader"),
        ({"unit": "Wh"}, "reading.wrong_unit"),
        ({"source": "estimated"}, "reading.unknown_source"),
        ({"colour": "red"}, "reading.malformed_item"),
        ({"meter_no": 7}, "reading.malformed_item"),
    ],
)
async def test_a_bad_item_is_refused_with_its_code_and_its_neighbours_are_taken(
    kit: Kit, change: dict[str, Any], code: str
) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    before = await kit.counts()
    (outcome,) = await kit.push(GOOD | change)
    assert (outcome["status"], outcome["code"]) == ("refused", code)
    assert await kit.counts() == before
    outcomes = await kit.push(GOOD | change, GOOD)
    assert [each["status"] for each in outcomes] == ["refused", "accepted"]


async def test_a_read_without_all_registers_of_its_meter_is_refused(kit: Kit) -> None:
    await kit.district(registers=[*ONE, {"quantity": "export", "digits": 8, "scale": 2}])
    outcome = await kit.push_one("M0001", "2026-02-01", "150.00")
    assert outcome["code"] == "reading.missing_register"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "request.malformed_json"),
        (b"[]", 422, "request.invalid"),
        (b'{"items": 1}', 422, "request.invalid"),
        (b'{"items": [], "more": 1}', 422, "request.invalid"),
        (b'{"items": [' + b"{}," * 1000 + b"{}]}", 422, "request.invalid"),
        (b" " * (4 * 1024 * 1024 + 1), 413, "request.body_too_large"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused_as_a_whole(kit: Kit, body: bytes, status: int, code: str) -> None:
    answer = await kit.clerk.post("/v1/reads", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
