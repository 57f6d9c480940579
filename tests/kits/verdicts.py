"""What a reviewer says of findings."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.billing.review.domain.findings import HOLD, NOT_RATED, OF_NO_RULE

ENDING = ("approve", "correct", "cancel")


def on(*bills: Mapping[str, Any], verdict: str = "right") -> dict[str, str]:
    """Return the same verdict on each review rule that holds one of these bills."""
    return {code: verdict for bill in bills for code in holding(bill["findings"])}


def holding(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the codes of the review rules that hold a bill; none of one that could not be rated."""
    codes = [each["code"] for each in findings if each["severity"] == HOLD]
    return [] if NOT_RATED in codes else [code for code in codes if code not in OF_NO_RULE]
