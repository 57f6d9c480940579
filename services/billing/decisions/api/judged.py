"""How the precision of a rule is shown, alone and beside a finding."""

from collections.abc import Mapping
from typing import Any

from services.billing.review.domain import precision
from services.billing.review.domain.findings import OF_NO_RULE
from services.billing.review.domain.precision import Tally
from services.billing.review.schemas import JudgedFindingOut


def finding(found: Mapping[str, Any], tallies: Mapping[str, Tally]) -> JudgedFindingOut:
    """Return a finding with the precision of its rule."""
    tally = precision.of("" if found["code"] in OF_NO_RULE else found["code"], tallies)
    return JudgedFindingOut(**found, **precision_of(tally), verdicts=tally.judged)


def precision_of(tally: Tally) -> dict[str, int | None]:
    """Return how often a rule was right, with its interval."""
    low, high = tally.interval() or (None, None)
    return {"precision_permille": tally.permille, "low_permille": low, "high_permille": high}
