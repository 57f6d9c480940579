"""Outage compensation and unmetered temporary supply."""

from shared.forms import AMOUNT, DAY, record
from shared.regulation.policy import Inputs, Item, Policy, product

OUTAGE = record({"hours": AMOUNT, "month_kwh": AMOUNT, "price": AMOUNT})
TEMPORARY = record(
    {"kw": AMOUNT, "hours": AMOUNT, "price": AMOUNT, "prepaid": AMOUNT},
    {"days": AMOUNT, "used_days": AMOUNT, "from": DAY, "to": DAY, "used_to": DAY},
)


def outage_compensation(policy: Policy, inputs: Inputs) -> list[Item]:
    """Compute what an outage is compensated with: a multiple of the likely energy charge.

    Inputs: hours, month_kwh, price. The likely kWh are the hours' share of an average month. Source: 供电营业规则 (1996).
    """
    month = policy.number("outage", "days_of_month") * 24
    energy = product(
        "kwh", "kWh", (inputs.number("month_kwh"), "kWh"), (inputs.number("hours"), "hours"), (1 / month, "")
    )
    charge = product("energy_charge", "yuan", (energy.value, "kWh"), (inputs.number("price"), "yuan"))
    return [
        energy,
        charge,
        product("compensation", "yuan", (charge.value, "yuan"), (policy.number("outage", "times"), "")),
    ]


def temporary_supply(policy: Policy, inputs: Inputs) -> list[Item]:
    """Settle prepaid temporary supply without a meter (临时用电).

    Inputs: kw, hours (a day), price, prepaid, and days (agreed) with used_days, or from, to (agreed) and used_to: the first day
    on which it is not used. Used for less than the policy's part of the term, only its share of the charge is kept.
    """
    agreed = inputs.days()
    used = inputs.days("used_days", "used_to")
    charge = product(
        "charge", "yuan", (inputs.number("kw"), "kW"), (inputs.number("hours"), "hours"), (agreed, "days"),
        (inputs.number("price"), "yuan"),
    )  # fmt: skip
    short = used < agreed * policy.number("temporary_supply", "short_below")
    if short:
        share = policy.number("temporary_supply", "short_pays")
        charge = product("charge", "yuan", (charge.value, "yuan"), (share, ""))
    refund = inputs.number("prepaid") - charge.value
    return [charge, Item("refund", refund, "yuan", f"{inputs.get('prepaid')} - {charge.formula.split(' = ')[-1]}")]
