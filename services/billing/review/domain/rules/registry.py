"""All review rules (审核规则): one file each, in the order in which their findings are shown. Pure."""

from typing import Final

from services.billing.review.domain.rule import AnyRule
from services.billing.review.domain.rules import (
    abnormal_amount,
    energy_unpriced,
    estimated_usage,
    first_bill,
    implausible_home,
    negative_usage,
    settles_estimate,
    sudden_fall,
    sudden_rise,
    usage_without_amount,
    zero_usage,
)

RULES: Final[tuple[AnyRule, ...]] = (
    implausible_home.RULE,
    sudden_rise.RULE,
    sudden_fall.RULE,
    zero_usage.RULE,
    negative_usage.RULE,
    usage_without_amount.RULE,
    energy_unpriced.RULE,
    abnormal_amount.RULE,
    first_bill.RULE,
    estimated_usage.RULE,
    settles_estimate.RULE,
)
