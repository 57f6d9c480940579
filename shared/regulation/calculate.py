"""All calculations by dated policy, by name."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.regulation import breach, late_fee, metering, supply
from shared.regulation.codes import Refused
from shared.regulation.policy import Inputs, Item, Policy

CALCULATIONS: Mapping[str, Callable[[Policy, Inputs], list[Item]]] = {
    "late_fee": late_fee.late_fee,
    "theft": breach.theft,
    "class_change": breach.class_change,
    "capacity_without_contract": breach.capacity_without_contract,
    "untraceable": breach.untraceable,
    "meter_error": metering.meter_error,
    "wrong_wiring": metering.wrong_wiring,
    "wrong_multiplier": metering.wrong_multiplier,
    "fuse_blown": metering.fuse_blown,
    "unreadable_trued_up": metering.unreadable_trued_up,
    "outage_compensation": supply.outage_compensation,
    "temporary_supply": supply.temporary_supply,
}


def calculate(policy: Policy, calculation: str, values: Mapping[str, Any]) -> list[Item]:
    """Run one calculation; raises Refused with a code and a pointer."""
    function = CALCULATIONS.get(calculation)
    if function is None:
        raise Refused("policy_unknown", "/calculation", calculation)
    return function(policy, Inputs(values))
