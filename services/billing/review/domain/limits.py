"""The limits of the review rules: dated data of a policy, never constants in code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import SEVERITIES
from services.billing.review.domain.precision import Floor
from shared.document import Node

OFF: Final = "off"
ANY: Final = "*"
FIELDS: Final = (
    "unpriced_energy precision "
    "home_classes implausible_home sudden_change abnormal_amount zero_usage negative_usage usage_without_amount"
    " estimated_usage first_bill settles_estimate reading_findings rating_findings"
)
VERDICTS_MAX: Final = 1_000_000  # more than reviewers say in a year
COUNT_MAX: Final = 10**12  # more fen than a year's bills of a province; a guard against a slip of the unit


@dataclass(frozen=True, slots=True)
class Change:
    """A change counts from this percentage of the expected usage on, and from this many Wh on; both must be met."""

    percent: int
    wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of the review rules. A severity of `off` switches a rule off."""

    home_classes: frozenset[str]
    implausible_home_wh_a_month: int
    change_warn: Change
    change_hold: Change
    amount_fen_max: Mapping[str, int]
    zero_usage: str
    negative_usage: str
    usage_without_amount: str
    unpriced: Change
    estimated_usage: str
    estimates_in_a_row_max: int
    first_bill: str
    settles_estimate: str
    reading_findings: Mapping[str, str]
    rating_findings: Mapping[str, str]
    floor: Floor


def read(node: Node) -> Limits:
    """Return the limits of the `review` part of a policy."""
    node.keys(FIELDS)
    home = node.get("implausible_home").keys("over_kwh_a_month")
    change = node.get("sudden_change").keys("warn hold")
    amount = node.get("abnormal_amount").keys("over_fen")
    estimated = node.get("estimated_usage").keys("severity hold_after_in_a_row")
    return Limits(
        home_classes=frozenset(node.get("home_classes").texts()),
        implausible_home_wh_a_month=1000 * count(home, "over_kwh_a_month"),
        change_warn=_change(change.get("warn")),
        change_hold=_change(change.get("hold")),
        amount_fen_max={name: limit.whole(0, COUNT_MAX) for name, limit in amount.get("over_fen").fields()},
        zero_usage=_severity(node.get("zero_usage")),
        negative_usage=_severity(node.get("negative_usage")),
        usage_without_amount=_severity(node.get("usage_without_amount")),
        unpriced=_change(node.get("unpriced_energy")),
        estimated_usage=_severity(estimated.get("severity")),
        estimates_in_a_row_max=count(estimated, "hold_after_in_a_row"),
        first_bill=_severity(node.get("first_bill")),
        settles_estimate=_severity(node.get("settles_estimate")),
        reading_findings=_severities(node.get("reading_findings")),
        rating_findings=_severities(node.get("rating_findings")),
        floor=_floor(node.get("precision")),
    )


def count(node: Node, name: str) -> int:
    """Return a count of 0 or more."""
    return node.get(name).whole(0, COUNT_MAX)


def _floor(node: Node) -> Floor:
    node.keys("floor_permille verdicts_min prior_permille")
    return Floor(
        permille=node.get("floor_permille").whole(0, 1000),
        verdicts_min=node.get("verdicts_min").whole(1, VERDICTS_MAX),
        prior_permille=node.get("prior_permille").whole(0, 1000),
    )


def _change(node: Node) -> Change:
    node.keys("percent kwh")
    return Change(percent=count(node, "percent"), wh=1000 * count(node, "kwh"))


def _severities(node: Node) -> Mapping[str, str]:
    node.get(ANY)
    return {code: _severity(value) for code, value in node.fields()}


def _severity(node: Node) -> str:
    return node.choice(OFF, *SEVERITIES)
