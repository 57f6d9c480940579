"""All review rules (审核规则): one file each, in the order in which their findings are shown. Pure."""

from typing import Final

from services.billing.review.domain.rule import AnyRule
from services.billing.review.domain.rules import (
    abnormal_amount,
    account_changed,
    basic_charge,
    changed_supply,
    corrected,
    drawn_sample,
    energy_unpriced,
    estimated_usage,
    first_bill,
    implausible_home,
    losses,
    negative_usage,
    part_of_cycle,
    power_factor,
    reactive_missing,
    settles_estimate,
    sub_meters,
    sub_meters_exceed_main,
    sudden_fall,
    sudden_rise,
    unlike_neighbours,
    unusual_cycle,
    usage_without_amount,
    yearly_fall,
    yearly_rise,
    zero_usage,
)

RULES: Final[tuple[AnyRule, ...]] = (
    implausible_home.RULE,
    sudden_rise.RULE,
    sudden_fall.RULE,
    yearly_rise.RULE,
    yearly_fall.RULE,
    zero_usage.RULE,
    negative_usage.RULE,
    usage_without_amount.RULE,
    energy_unpriced.RULE,
    abnormal_amount.RULE,
    power_factor.RULE,
    reactive_missing.RULE,
    losses.RULE,
    basic_charge.RULE,
    first_bill.RULE,
    changed_supply.RULE,
    account_changed.RULE,
    corrected.RULE,
    estimated_usage.RULE,
    settles_estimate.RULE,
    part_of_cycle.RULE,
    unusual_cycle.RULE,
    sub_meters.RULE,
    sub_meters_exceed_main.RULE,
    unlike_neighbours.RULE,
    drawn_sample.RULE,
)
OF_RUN: Final = frozenset(rule.code for rule in RULES if rule.of_run)
"""The codes of the rules that look at the run too."""
