"""The dated policy: what is refused with its place, and what holds on a day."""

import copy
import json
from datetime import date
from functools import partial
from typing import Any

import pytest

from services.collection import main
from services.collection.ledger.domain import policy
from services.collection.settings import SHIPPED_POLICY
from shared.document import DocumentError, Node

SHIPPED = json.loads(SHIPPED_POLICY.read_text())


def load(document: Any) -> policy.Policy:
    return Node.read(document, partial(policy.read, also=main.also(policy)))


def changed(**changes: Any) -> dict[str, Any]:
    document = copy.deepcopy(SHIPPED)
    document["versions"][0] |= changes
    return document


def followed(document: dict[str, Any]) -> dict[str, Any]:
    """Let the only version of a document end, and return the copy of it that follows."""
    (first,) = document["versions"]
    later: dict[str, Any] = copy.deepcopy(first) | {"version": "2", "effective": {"from": "2026-07-01", "to": None}}
    first["effective"]["to"] = "2026-07-01"
    document["versions"].append(later)
    return later


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, "/versions"),
        ({"versions": [{}]}, "/versions/0"),
        (changed(effective={"from": "soon", "to": None}), "/versions/0/effective/from"),
        (changed(components={"energy": "9999"}), "/versions/0/components/energy"),
        (changed(channels={"counter": "9999"}), "/versions/0/channels/counter"),
        (changed(roles={"receivable": "1122"}), "/versions/0/roles"),
        (changed(roles=SHIPPED["versions"][0]["roles"] | {"suspense": "1122"}), "/versions/0/roles"),
        (changed(channels={"counter": "1122"}), "receivable"),
        (changed(chart={"1": {"name": "Cash", "kind": "gold"}}), "/versions/0/chart/1/kind"),
        (changed(effective={"from": "2000-01-01", "to": "2026-01-01"}), "/versions"),
        (changed(surprise=1), "/versions/0/surprise"),
        ({"versions": SHIPPED["versions"] * 2}, "/versions"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(document: dict[str, Any], place: str) -> None:
    with pytest.raises(DocumentError, match=place):
        load(document)


def test_the_version_of_a_day_is_the_last_that_has_begun() -> None:
    document = copy.deepcopy(SHIPPED)
    later = followed(document)
    later["chart"]["1123"] = {"name": "Receivables", "kind": "asset"}
    later["roles"]["receivable"] = "1123"
    rules = load(document)

    days = (date(1999, 1, 1), date(2026, 6, 30), date(2026, 7, 1))
    assert [rules.at(day).receivable for day in days] == ["1122", "1122", "1123"]
    assert rules.codes("receivable") == ["1122", "1123"]


def test_money_of_a_channel_that_has_ended_still_has_an_account() -> None:
    document = copy.deepcopy(SHIPPED)
    followed(document)["channels"] = {"counter": "1001"}

    assert load(document).cash_code("app", date(2026, 8, 1)) == "1012.01"
