"""Replays (重算核对): a bill and each document that came of it, calculated again from what is stored, to the fen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

EQUAL: Final = "equal"
DIFFERS: Final = "differs"
FAILED: Final = "failed"
"""It has what a replay needs, and cannot be calculated from it: something stored is missing, or is another than it was."""
NOT_REPLAYABLE: Final = "not_replayable"
"""It never had it: `made_before` what a replay needs was kept, or `adopted` as collection had posted it, without lines."""
RESULTS: Final = (EQUAL, NOT_REPLAYABLE, DIFFERS, FAILED)
MADE_BEFORE: Final = "made_before"
ADOPTED: Final = "adopted"
BASIS_MISSING: Final = "basis_missing"
DOCUMENT_MISSING: Final = "rating_document_missing"
DOCUMENT_CHANGED: Final = "rating_document_changed"
BOOK_WRONG: Final = "rating_documents_not_usable"
TERMS_MISSING: Final = "account_missing"
USAGE_MISSING: Final = "usage_missing"
BILL_MISSING: Final = "bill_missing"
TEST_MISSING: Final = "test_missing"
RULES_MISSING: Final = "rules_missing"
CALCULATION_MISSING: Final = "calculation_missing"
CALCULATION_REFUSED: Final = "calculation_refused"
ADJUSTMENT_MISSING: Final = "adjustment_missing"


@dataclass(frozen=True, slots=True)
class Item:
    """One figure, as it is stored and as it comes out now; texts, empty where there is none."""

    name: str
    stored: str
    computed: str

    @property
    def is_equal(self) -> bool:
        return self.stored == self.computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A document that was calculated again, or `reason`, why not. `by_other_software`: another one made it than runs now."""

    kind: str
    document_id: str
    result: str
    reason: str = ""
    items: Sequence[Item] = ()
    by_other_software: bool = False


def compared(kind: str, document_id: str, items: Sequence[Item], *, by_other_software: bool = False) -> Replayed:
    """Return a document that could be calculated again, with all of its figures."""
    result = EQUAL if all(item.is_equal for item in items) else DIFFERS
    return Replayed(kind=kind, document_id=document_id, result=result, items=items, by_other_software=by_other_software)


def worst(replayed: Iterable[Replayed]) -> str:
    """Return the worst result of documents; what was made before replays is not worse than one that is equal, and told."""
    return max((one.result for one in replayed), key=RESULTS.index, default=EQUAL)


def listed(name: str, stored: Sequence[Any], computed: Sequence[Any], show: Any = str) -> list[Item]:
    """Compare two lists place by place."""
    return [
        Item(f"{name} {number}", "" if mine is None else show(mine), "" if other is None else show(other))
        for number, (mine, other) in enumerate(zip_longest(stored, computed), 1)
    ]
