"""The bill review (审核): each rule is a named pure function of one bill and the policy of its day.

A rule answers with a finding or with None. Limits are policy data (`services/billing/policies`), never constants here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.billing.review.domain.findings import HOLD, WARN, Finding
from services.billing.review.domain.limits import ANY, OFF, Change, Limits


@dataclass(slots=True, kw_only=True)
class Subject:
    """What the rules look at: one calculated bill beside the effective bill before it.

    Energies in Wh, amounts in fen; `previous_wh` is None for the first bill of a contract.
    """

    customer_class: str
    energy_wh: int
    days: int
    months: int
    total_fen: int
    previous_wh: int | None = None
    previous_days: int = 0
    estimated: bool = False
    estimates_in_a_row: int = 0
    settles_estimate: bool = False
    unpriced_wh: int = 0


Rule = Callable[[Subject, Limits], Finding | None]


def implausible_home(bill: Subject, limits: Limits) -> Finding | None:
    """Hold a home's bill above the plausible monthly usage (居民几千度)."""
    limit = limits.implausible_home_wh_a_month * bill.months
    if bill.customer_class not in limits.home_classes or bill.energy_wh <= limit:
        return None
    return Finding("billing.implausible_home", HOLD, {"energy_wh": bill.energy_wh, "limit_wh": limit})


def sudden_rise(bill: Subject, limits: Limits) -> Finding | None:
    """Find usage far above the previous bill's, days-normalised (电量突增)."""
    return _sudden("billing.sudden_rise", bill, limits, 1)


def sudden_fall(bill: Subject, limits: Limits) -> Finding | None:
    """Find usage far below the previous bill's, days-normalised (电量突减)."""
    return _sudden("billing.sudden_fall", bill, limits, -1)


def zero_usage(bill: Subject, limits: Limits) -> Finding | None:
    """Find a bill without usage (零电量)."""
    if bill.energy_wh != 0 or limits.zero_usage == OFF:
        return None
    return Finding("billing.zero_usage", limits.zero_usage)


def negative_usage(bill: Subject, limits: Limits) -> Finding | None:
    """Find a bill whose usage runs backwards."""
    if bill.energy_wh >= 0 or limits.negative_usage == OFF:
        return None
    return Finding("billing.negative_usage", limits.negative_usage, {"energy_wh": bill.energy_wh})


def usage_without_amount(bill: Subject, limits: Limits) -> Finding | None:
    """Find usage that costs nothing: no charge of the tariff was for this class or option, or all of it was free."""
    if bill.energy_wh <= 0 or bill.total_fen != 0 or limits.usage_without_amount == OFF:
        return None
    return Finding("billing.usage_without_amount", limits.usage_without_amount, {"energy_wh": bill.energy_wh})


def energy_unpriced(bill: Subject, limits: Limits) -> Finding | None:
    """Hold a bill with energy that no price met, or that the total register did not measure, beyond the tolerance."""
    if bill.unpriced_wh <= limits.unpriced.wh or 100 * bill.unpriced_wh <= limits.unpriced.percent * abs(
        bill.energy_wh
    ):
        return None
    return Finding("billing.energy_unpriced", HOLD, {"energy_wh": bill.energy_wh, "unpriced_wh": bill.unpriced_wh})


def abnormal_amount(bill: Subject, limits: Limits) -> Finding | None:
    """Hold a bill above the amount that its customer class can have (异常电费)."""
    limit = limits.amount_fen_max.get(bill.customer_class, limits.amount_fen_max.get(ANY))
    if limit is None or abs(bill.total_fen) <= limit:
        return None
    return Finding("billing.abnormal_amount", HOLD, {"total_fen": bill.total_fen, "limit_fen": limit})


def first_bill(bill: Subject, limits: Limits) -> Finding | None:
    """Find the first bill of a contract, which many utilities check one by one (新装首次)."""
    if bill.previous_wh is not None or limits.first_bill == OFF:
        return None
    return Finding("billing.first_bill", limits.first_bill)


def estimated_usage(bill: Subject, limits: Limits) -> Finding | None:
    """Find a bill on an estimate, and hold it after too many in a row (估抄)."""
    if not bill.estimated or limits.estimated_usage == OFF:
        return None
    severity = HOLD if bill.estimates_in_a_row > limits.estimates_in_a_row_max else limits.estimated_usage
    return Finding("billing.estimated_usage", severity, {"in_a_row": bill.estimates_in_a_row})


def settles_estimate(bill: Subject, limits: Limits) -> Finding | None:
    """Find a bill on an actual read that settles the estimate billed before (暂按前次用电量计收，一并结清)."""
    if not bill.settles_estimate or limits.settles_estimate == OFF:
        return None
    return Finding("billing.settles_estimate", limits.settles_estimate)


RULES: tuple[Rule, ...] = (
    implausible_home,
    sudden_rise,
    sudden_fall,
    zero_usage,
    negative_usage,
    usage_without_amount,
    energy_unpriced,
    abnormal_amount,
    first_bill,
    estimated_usage,
    settles_estimate,
)


def review(bill: Subject, limits: Limits) -> list[Finding]:
    """Return what all rules find on a bill, in their order."""
    return [found for rule in RULES if (found := rule(bill, limits)) is not None]


def carried(prefix: str, code: str, severities: Mapping[str, str]) -> Finding | None:
    """Carry a finding of the reads or of the rating along, at the severity that the policy gives."""
    severity = severities.get(code, severities[ANY])
    return None if severity == OFF else Finding(f"{prefix}.{code}" if prefix else code, severity)


def _sudden(code: str, bill: Subject, limits: Limits, sign: int) -> Finding | None:
    if bill.previous_wh is None or bill.previous_days <= 0:
        return None
    expected_wh = bill.previous_wh * bill.days // bill.previous_days
    change_wh = (bill.energy_wh - expected_wh) * sign
    if change_wh <= 0:
        return None
    for limit, severity in ((limits.change_hold, HOLD), (limits.change_warn, WARN)):
        if _reaches(change_wh, expected_wh, limit):
            return Finding(code, severity, {"energy_wh": bill.energy_wh, "expected_wh": expected_wh})
    return None


def _reaches(change_wh: int, expected_wh: int, limit: Change) -> bool:
    # against nothing, or less, every change is beyond any percentage: the Wh decide
    return change_wh >= limit.wh and 100 * change_wh >= limit.percent * max(expected_wh, 0)
