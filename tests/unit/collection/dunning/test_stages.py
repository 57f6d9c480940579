"""The dated stages of dunning: what is refused with its place, and what is due on a day."""

import copy
import json
from datetime import date
from functools import partial
from typing import Any

import pytest

from services.collection.dunning import domain
from services.collection.ledger.domain import policy
from services.collection.settings import SHIPPED_POLICY
from shared.document import DocumentError, Node


def changed(stages: list[dict[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(json.loads(SHIPPED_POLICY.read_text()))
    document["versions"][0]["dunning"] = stages
    return document


def load(stages: list[dict[str, Any]]) -> domain.Ladders:
    return Node.read(changed(stages), partial(domain.read, also=f"{policy.FIELDS} late_fee standing"))


@pytest.mark.parametrize(
    ("stages", "place"),
    [
        ([{"stage": 2, "days_after_due": 1}], "/versions/0/dunning/0/stage"),
        ([{"stage": 1, "days_after_due": -1}], "/versions/0/dunning/0/days_after_due"),
    ],
)
def test_wrong_stages_are_refused_with_their_place(stages: list[dict[str, Any]], place: str) -> None:
    with pytest.raises(DocumentError, match=place):
        load(stages)


def test_a_debt_is_reminded_of_so_many_days_after_its_due_date() -> None:
    ladders = load([{"stage": 1, "days_after_due": 3}])
    assert domain.due_until(ladders, date(2026, 2, 25)) == date(2026, 2, 22)
    assert domain.due_until(ladders, date(1999, 12, 31)) is None, "no rule holds yet"


def test_without_stages_nobody_is_reminded() -> None:
    assert domain.due_until(load([]), date(2026, 2, 25)) is None
