"""After a restore reading keeps what it told since the dump as billing heard it, and tells what is known now above it."""

from operator import itemgetter
from typing import Any

import pytest

from services.billing.usages.store import codec as of_billing
from services.billing.usages.tables import USAGE
from shared.events.reading import UsageMeasured
from tests.kits.reading import UNIT, Kit, estimated_february, january


async def told(kit: Kit) -> list[dict[str, Any]]:
    """What billing heard of the point, as its route tells it."""
    names = [name for name in UsageMeasured.model_fields if name not in ("fact_id", "correlation_id", "causation_id")]
    return [{name: fact[name] for name in names} for fact in await kit.published(UsageMeasured.type)]


async def heard(kit: Kit, *items: dict[str, Any]) -> list[str]:
    answer = await kit.admin.post("/v1/heard-usages", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    return [outcome["status"] for outcome in answer.json()["outcomes"]]


def by_version(usages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(usages, key=itemgetter("version"))


async def test_what_was_told_and_is_known_stays_as_it_is(kit: Kit) -> None:
    await estimated_february(kit)
    before = await kit.usages()
    items = await told(kit)
    assert await heard(kit, *items) == ["already_done"] * len(items)
    assert await kit.usages() == before


async def test_a_version_that_is_not_known_is_kept_and_what_is_known_is_told_above_it(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    lost = first | {"version": 2, "usage_id": "019c-lost", "late": True, "replaces_reason": "contract_changed"}
    assert await heard(kit, lost) == ["done"]
    assert await heard(kit, lost) == ["already_done"]
    assert [(u["version"], u["energy_wh"], u["replaces_reason"]) for u in by_version(await kit.usages())] == [
        (1, {"import": 100_000}, None),
        (2, {"import": 100_000}, "contract_changed"),
        (3, {"import": 100_000}, "restored"),
    ]
    assert [(fact["version"], fact["usage_id"] == "019c-lost") for fact in await told(kit)] == [(1, False), (3, False)]


async def test_another_content_under_the_same_number_stands_as_it_was_heard(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    other = first | {"quality": "estimated", "energy_wh": {"import": 90_000}, "estimate_reason": "no_read"}
    assert await heard(kit, other) == ["done"]
    assert await kit.energies() == [("2026-02-01", 1, "estimated", 90_000), ("2026-02-01", 2, "actual", 100_000)]
    again = [fact for fact in await told(kit) if fact["version"] == 2]
    assert [(fact["quality"], fact["energy_wh"]) for fact in again] == [("actual", {"import": 100_000})]
    await kit.plan("2026-03-01")
    assert (await kit.push_one("M0001", "2026-03-01", "250.00"))["status"] == "accepted"
    assert (await kit.energies())[-1] == ("2026-03-01", 1, "actual", 50_000)


async def test_a_period_that_is_none_is_withdrawn_again(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    cut = first | {"period_to": "2026-01-15", "usage_id": "019c-cut", "version": 2, "energy_wh": {"import": 45_000}}
    assert await heard(kit, cut) == ["done"]
    versions = [(u["period_to"], u["version"], u["withdrawn"]) for u in await kit.usages()]
    assert sorted(versions) == [
        ("2026-01-15", 2, False),
        ("2026-01-15", 3, True),
        ("2026-02-01", 1, False),
        ("2026-02-01", 4, False),
    ]


async def test_a_usage_of_days_of_another_one_is_named_whichever_is_the_higher_version(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    cut = {"period_from": "2026-01-15", "period_to": "2026-02-15", "usage_id": "019c-cut", "version": 5}
    below = {"period_from": "2026-01-20", "period_to": "2026-01-25", "usage_id": "019c-below", "version": 3}
    gone = {"period_from": "2026-01-26", "usage_id": "019c-gone", "version": 9, "withdrawn": True, "energy_wh": {}}
    items = [first | item for item in (cut, below, gone)]
    answer = await kit.admin.post("/v1/heard-usages", json={"items": items})
    outcomes = [(each["status"], each.get("code"), each.get("message")) for each in answer.json()["outcomes"]]
    said = "Of some of its days version {} was told too"
    assert outcomes == [
        ("done", "reading.usage_shares_days", said.format("1 of 2026-01-01 to 2026-02-01")),
        ("done", "reading.usage_shares_days", said.format("1 of 2026-01-01 to 2026-02-01")),
        ("done", None, None),
    ]


async def test_a_usage_that_was_cut_in_its_time_is_named_by_nothing(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    gone = first | {"version": 2, "usage_id": "019c-gone", "withdrawn": True, "energy_wh": {}}
    halves = [
        first | {"period_to": "2026-01-15", "version": 3, "usage_id": "019c-one"},
        first | {"period_from": "2026-01-15", "version": 3, "usage_id": "019c-two"},
    ]
    answer = await kit.admin.post("/v1/heard-usages", json={"items": [first, gone, *halves]})
    assert [each.get("code") for each in answer.json()["outcomes"]] == [None] * 4


NEVER_TOLD = {
    "no day": {"period_to": "2026-01-01"},
    "energy below zero": {"energy_wh": {"import": -1}},
    "demand below zero": {"demand_w": {"demand": -1}},
    "a version beyond counting": {"version": 2**40},
    "a name with a space": {"actors": ["reader 1"]},
    "a face that shows no number": {"registers": [{"shown": {"import": ["x", "1"]}}]},
    "a load curve that is not packed": {"curves": [{"quantity": "import", "minutes": 30, "values": "zz"}]},
}


async def refused(kit: Kit, *items: dict[str, Any]) -> list[str | None]:
    """Have items refused; nothing of the others is written either where all are."""
    answer = await kit.admin.post("/v1/heard-usages", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    return [outcome.get("code") for outcome in answer.json()["outcomes"]]


@pytest.mark.parametrize("odd", NEVER_TOLD.values(), ids=NEVER_TOLD)
async def test_a_usage_that_was_never_told_is_refused(kit: Kit, odd: dict[str, Any]) -> None:
    await january(kit)
    (first,) = await told(kit)
    part = {"meter_no": "M0001", "installed_on": "2026-01-01", "from_on": "2026-01-01", "to_on": "2026-02-01"}
    start = {"start": "2026-01-01T00:00:00+08:00"}
    more = {"registers": part, "curves": start}
    whole = {name: [more[name] | one for one in value] if name in more else value for name, value in odd.items()}
    before = await kit.counts()
    assert await refused(kit, first | {"version": 2, "usage_id": "019c-odd"} | whole) == ["reading.usage_impossible"]
    assert await kit.counts() == before


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"route_no": "R9"}, "reading.unknown_route"),
        ({"org_unit": "zj/ningbo"}, "auth.other_org_unit"),
        ({"org_unit": ""}, "auth.other_org_unit"),
        ({"org_unit": f"{UNIT}/east"}, None),
    ],
)
async def test_a_usage_is_of_a_route_that_is_there_and_of_an_org_unit_of_its_point_or_route(
    kit: Kit, item: dict[str, str], code: str | None
) -> None:
    await january(kit)
    (first,) = await told(kit)
    before = await kit.counts()
    assert await refused(kit, first | {"version": 2, "usage_id": "019c-odd"} | item) == [code]
    assert (await kit.counts() == before) is (code is not None)


async def test_a_usage_of_a_point_that_has_come_to_another_route_since_is_kept(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    await kit.put("routes", [{"route_no": "R2", "org_unit": "zj/ningbo", "read_day": 1}])
    await kit.put("service-points", [{"service_point_no": "S0001", "route_no": "R2"}])
    assert await heard(kit, first | {"version": 2, "usage_id": "019c-lost"}) == ["done"]


async def test_a_usage_of_an_unknown_point_is_refused(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    before = await kit.counts()
    item = first | {"version": 2, "usage_id": "019c-other", "service_point_no": "S9"}
    assert await refused(kit, item) == ["reading.point_unknown"]
    assert await kit.counts() == before


async def test_a_usage_under_the_id_of_another_is_refused(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    before = await kit.counts()
    assert await refused(kit, first | {"version": 7}) == ["reading.usage_id_taken"]
    assert await kit.counts() == before


async def test_what_stands_twice_in_a_batch_is_taken_once(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    second = first | {"version": 2, "usage_id": "019c-lost"}
    same_id, same_key = second | {"version": 3}, second | {"usage_id": "019c-twin"}
    assert await refused(kit, second, same_id, same_key) == [None, *["request.repeated_in_batch"] * 2]


async def test_a_version_that_was_heard_under_another_id_takes_the_place_of_its_own(kit: Kit) -> None:
    await january(kit)
    (first,) = await told(kit)
    assert await heard(kit, first | {"usage_id": "019c-lost"}) == ["done"]
    kept = by_version(await kit.usages())
    assert [(u["version"], u["usage_id"] == "019c-lost") for u in kept] == [(1, True), (2, False)]


def test_billing_tells_all_that_it_heard_but_how_it_was_estimated() -> None:
    said = UsageMeasured.model_json_schema()["properties"]
    not_kept = {"estimate_method", "correlation_id", "causation_id", "fact_id"}
    kept = {*of_billing.COLUMNS, "energy_wh", "demand_w", "curves", "registers", "quality", "estimate_reason"}
    kept |= {"estimates_in_a_row", "settles_estimate", "replaces_reason", "cycle_from", "told_on"}
    kept |= {"meter_nos", "read_ids", "actors", "findings"}
    assert kept | not_kept == set(said)
    assert set(of_billing.COLUMNS) <= set(USAGE.c.keys())
