"""All calculations by dated policy, by name, each with the form of its inputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.document import listed
from shared.forms import Form, Schema
from shared.regulation import breach, late_fee, metering, supply
from shared.regulation.codes import Refused
from shared.regulation.policy import Inputs, Item, Policy


@dataclass(frozen=True, slots=True)
class Calculation:
    """A calculation and what its inputs may say."""

    run: Callable[[Policy, Inputs], list[Item]]
    form: Form


def _with(run: Callable[[Policy, Inputs], list[Item]], inputs: Schema) -> Calculation:
    return Calculation(run, Form(inputs))


CALCULATIONS: Mapping[str, Calculation] = {
    "late_fee": _with(late_fee.late_fee, late_fee.LATE_FEE),
    "theft": _with(breach.theft, breach.THEFT),
    "class_change": _with(breach.class_change, breach.CLASS_CHANGE),
    "capacity_without_contract": _with(breach.capacity_without_contract, breach.CAPACITY),
    "untraceable": _with(breach.untraceable, breach.UNTRACEABLE),
    "meter_error": _with(metering.meter_error, metering.METER_ERROR),
    "wrong_wiring": _with(metering.wrong_wiring, metering.WRONG_WIRING),
    "wrong_multiplier": _with(metering.wrong_multiplier, metering.WRONG_MULTIPLIER),
    "fuse_blown": _with(metering.fuse_blown, metering.FUSE_BLOWN),
    "unreadable_trued_up": _with(metering.unreadable_trued_up, metering.UNREADABLE),
    "outage_compensation": _with(supply.outage_compensation, supply.OUTAGE),
    "temporary_supply": _with(supply.temporary_supply, supply.TEMPORARY),
}


def calculate(policy: Policy, calculation: str, values: Mapping[str, Any]) -> list[Item]:
    """Run one calculation; raises Refused with a code and a pointer."""
    found = CALCULATIONS.get(calculation)
    if found is None:
        raise Refused("policy_unknown", "/calculation", f"no such calculation; there are: {listed(CALCULATIONS)}")
    if faults := found.form.faults(values, "/input"):
        code, pointer, detail = faults[0]
        raise Refused("input_missing" if code == "field_missing" else "input_wrong", pointer, detail, faults)
    return found.run(policy, Inputs(values))
