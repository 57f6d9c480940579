"""The dated policy: what is refused with its place, and what holds on a day."""

import copy
import json
from datetime import date
from typing import Any

import pytest

from services.collection.ledger.domain import policy
from services.collection.settings import SHIPPED_POLICY

SHIPPED = json.loads(SHIPPED_POLICY.read_text())


def changed(**changes: Any) -> dict[str, Any]:
    document = copy.deepcopy(SHIPPED)
    document["versions"][0] |= changes
    return document


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, "/versions"),
        ({"versions": [{}]}, "/versions/0"),
        (changed(effective_from="soon"), "/versions/0"),
        (changed(components={"energy": "9999"}), "/versions/0/components/energy"),
        (changed(channels={"counter": "9999"}), "/versions/0/channels/counter"),
        (changed(roles={"receivable": "1122"}), "/versions/0/roles"),
        (changed(roles=SHIPPED["versions"][0]["roles"] | {"suspense": "1122"}), "/versions/0/roles"),
        (changed(channels={"counter": "1122"}), "receivable"),
        (changed(dunning=[{"stage": 2, "days_after_due": 1}]), "/versions/0/dunning"),
        (changed(dunning=[{"stage": 1, "days_after_due": -1}]), "/versions/0/dunning"),
        ({"versions": SHIPPED["versions"] * 2}, "/versions"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(document: dict[str, Any], place: str) -> None:
    with pytest.raises(policy.PolicyError, match=place):
        policy.parse(document)


def test_the_version_of_a_day_is_the_last_that_has_begun() -> None:
    document = copy.deepcopy(SHIPPED)
    later = copy.deepcopy(document["versions"][0]) | {"effective_from": "2026-07-01"}
    later["chart"]["1123"] = {"name": "Receivables", "kind": "asset"}
    later["roles"]["receivable"] = "1123"
    document["versions"].append(later)
    rules = policy.parse(document)

    days = (date(1999, 1, 1), date(2026, 6, 30), date(2026, 7, 1))
    assert [rules.at(day).receivable for day in days] == ["1122", "1122", "1123"]
    assert rules.codes("receivable") == ["1122", "1123"]


def test_money_of_a_channel_that_has_ended_still_has_an_account() -> None:
    document = copy.deepcopy(SHIPPED)
    later = copy.deepcopy(document["versions"][0]) | {"effective_from": "2026-07-01", "channels": {"counter": "1001"}}
    document["versions"].append(later)

    assert policy.parse(document).cash_code("app", date(2026, 8, 1)) == "1012.01"
