"""Bad reads: each with its code, and nothing changed."""

from typing import Any

import pytest

from tests.kits.effort import in_turn
from tests.kits.reading import ONE, Kit, midnight, read

GOOD = read("M0001", "2026-02-01", "150.00")


@in_turn(
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
        ({"source": "site"}, "reading.reader_missing"),
        ({"unit": "Wh"}, "reading.wrong_unit"),
        ({"source": "edited"}, "reading.unknown_source"),
        ({"colour": "red"}, "reading.malformed_item"),
        ({"registers": {"import": "1.0010"}}, "reading.too_many_digits"),
        ({"registers": {"import": "１５０"}}, "reading.malformed_value"),
        ({"registers": {"import": "150."}}, "reading.malformed_value"),
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


MALFORMED: list[Any] = [
    None,
    1,
    True,
    "read",
    [],
    [GOOD],
    {},
    *(
        GOOD | change
        for change in (
            {"meter_no": "M" * 41},
            {"meter_no": "M 1"},
            {"meter_no": 10**400},
            {"meter_no": float("inf")},
            {"read_at": 1},
            {"read_at": "\ud800"},
            {"source": "\ud800"},
            {"source": None},
            {"source": "x" * 17},
            {"reader": "Zhang San"},
            {"registers": {"import": None}},
            {"registers": {"import": float("nan")}},
            {"registers": {"import": "1" + "0" * 24}},
            {"registers": {"import": {"import": "1.00"}}},
            {"registers": {"Import": "1.00"}},
            {"registers": {f"q{chr(97 + i)}": "1.00" for i in range(17)}},
            {"registers": [1]},
            {"registers": "150.00"},
            {"\ud800": 1},
        )
    ),
]


async def test_whatever_is_malformed_is_refused_by_itself(kit: Kit) -> None:
    await kit.district()
    outcomes = await kit.push(*MALFORMED, GOOD)
    assert [(each["status"], each.get("code")) for each in outcomes] == [
        *[("refused", "reading.malformed_item")] * len(MALFORMED),
        ("accepted", None),
    ]


async def test_a_refusal_names_the_field_that_is_wrong_and_nothing_that_was_sent(kit: Kit) -> None:
    await kit.district()
    outcomes = await kit.push(GOOD | {"reader": "Zhang San"}, GOOD | {"Zhang San": "138"}, "Zhang San")
    assert [each["message"] for each in outcomes] == [
        "malformed: reader",
        "it has an unknown field",
        "malformed: item",
    ]


async def test_zeros_at_the_end_of_a_value_say_nothing(kit: Kit) -> None:
    await kit.district()
    outcomes = await kit.push(GOOD, *(read("M0001", "2026-02-01", value) for value in ("150", "150.0", "0150.00000")))
    assert [each["status"] for each in outcomes] == ["accepted", *["already_accepted"] * 3]


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
        (b'{"items": [], "\\ud800": 1}', 422, "request.invalid"),
        (b'{"items": [], "message_id": "\\ud800"}', 422, "request.invalid"),
        (b'{"items": [], "message_id": NaN}', 422, "request.invalid"),
        (b'{"items": [' + b"[" * 5000 + b"]" * 5000 + b"]}", 400, "request.malformed_json"),
        (b'{"items": ["\xff"]}', 400, "request.malformed_json"),
        (b'{"items": [' + b"{}," * 1000 + b"{}]}", 422, "request.invalid"),
        (b" " * (4 * 1024 * 1024 + 1), 413, "request.body_too_large"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused_as_a_whole(kit: Kit, body: bytes, status: int, code: str) -> None:
    answer = await kit.clerk.post("/v1/reads", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
