"""What a reviewer says of findings."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.billing.review.domain.findings import HOLD, OF_NO_RULE

ENDING = ("approve", "correct", "cancel")


def on(*bills: Mapping[str, Any], verdict: str = "right") -> dict[str, str]:
    """Return the same verdict on each review rule that holds one of these bills."""
    return {code: verdict for bill in bills for code in holding(bill["findings"])}


def holding(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    return [each["code"] for each in findings if each["severity"] == HOLD and each["code"] not in OF_NO_RULE]
