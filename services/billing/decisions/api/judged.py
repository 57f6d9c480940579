"""How the precision of a rule is shown, alone and beside a finding."""

from collections.abc import Mapping
from typing import Any

from services.billing.review.domain.precision import Narrowed, Tally
from services.billing.review.schemas import JudgedFindingOut, OfOut


def finding(found: Mapping[str, Any], said: Narrowed) -> JudgedFindingOut:
    """Return a finding with the precision of its rule, and of whose bills it is."""
    of = OfOut(customer_class=said.customer_class, org_unit=said.org_unit)
    return JudgedFindingOut(**found, **precision_of(said.tally), verdicts=said.tally.judged, of=of)


def precision_of(tally: Tally) -> dict[str, int | None]:
    """Return how often a rule was right, with its interval."""
    low, high = tally.interval() or (None, None)
    return {"precision_permille": tally.permille, "low_permille": low, "high_permille": high}
