"""Who needs a second person by policy: by kind, amount and role; what is silent always does."""

from typing import Any

import pytest

from shared import second_person
from shared.document import DocumentError, Node

KINDS = {"bill": "review", "month": "close"}


def rules(document: Any) -> second_person.SecondPerson:
    return second_person.read(Node(document) if document is not None else None, KINDS)


def test_the_amount_decides_whether_two_are_needed_and_which_scope_the_second_has() -> None:
    found = rules({"bill": [{"from_fen": 100, "second": "review"}, {"from_fen": 1000, "second": "manage"}]})
    amounts = (0, 99, 100, 999, 1000, -1000, -5)
    assert [found.scope("bill", fen) for fen in amounts] == [None, None, "review", "review", "manage", "manage", None]


@pytest.mark.parametrize("document", [None, {}])
def test_a_kind_of_which_the_policy_is_silent_always_needs_two(document: Any) -> None:
    assert [rules(document).scope(kind) for kind in KINDS] == ["review", "close"]


def test_a_kind_with_no_amount_never_needs_two() -> None:
    assert rules({"bill": []}).scope("bill", 10**12) is None


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"bil": []}, "/bil"),
        ([], ""),
        ({"bill": {}}, "/bill"),
        ({"bill": [{"from_fen": -1, "second": "x"}]}, "/bill/0/from_fen"),
        ({"bill": [{"from_fen": 1}]}, "/bill/0/second"),
        ({"bill": [{"from_fen": 1, "second": "x", "role": "x"}]}, "/bill/0/role"),
        ({"bill": [{"from_fen": 9, "second": "x"}, {"from_fen": 9, "second": "y"}]}, "/bill/1/from_fen"),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(document: Any, pointer: str) -> None:
    with pytest.raises(DocumentError) as refused:
        rules(document)
    assert refused.value.pointer == pointer
