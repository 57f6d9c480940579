"""Breach of contract (违约用电) and theft (窃电): back-billing and penalty."""

from fractions import Fraction

from shared.regulation.codes import Refused
from shared.regulation.policy import Inputs, Item, Policy, plain, product, total


def theft(policy: Policy, inputs: Inputs) -> list[Item]:
    """Compute back-billing and penalty for theft from the load.

    Inputs: price, loads [{kw, use: power | lighting}], and days (known), else the policy's days for an unknown start; or kwh
    where the energy is known. Source: 供电营业规则 (1996) art. 103.
    """
    price = inputs.number("price")
    if inputs.has("kwh"):
        energy = Item("kwh", inputs.number("kwh"), "kWh", "as established")
    else:
        known = inputs.has("days")
        days = inputs.number("days") if known else policy.number("theft", "unknown_start_days")
        energy = _energy(policy, "theft", inputs, days)
    back = product("back_bill", "yuan", (energy.value, "kWh"), (price, "yuan"))
    return [energy, back, product("penalty", "yuan", (back.value, "yuan"), (policy.number("theft", "times"), ""))]


def _energy(policy: Policy, rule: str, inputs: Inputs, days: Fraction) -> Item:
    parts = []
    for load in inputs.each("loads"):
        use = load.choice("use", "power", "lighting")
        hours = policy.number(rule, "hours_a_day", use)
        parts.append(product(use, "kWh", (load.number("kw"), "kW"), (days, "days"), (hours, "hours")))
    return total("kwh", parts) if len(parts) != 1 else Item("kwh", parts[0].value, "kWh", parts[0].formula)


def class_change(policy: Policy, inputs: Inputs) -> list[Item]:
    """Re-price unauthorised use of a dearer class (高价低接): price difference and penalty.

    Inputs: price_paid, price_due, and months_kwh (oldest first) with start_known; unknown start: the last months that the policy
    names; or loads and no kWh: hours a day of the policy for `days`. Source: 供电营业规则 (1996).
    """
    difference = inputs.number("price_due") - inputs.number("price_paid")
    if inputs.has("months_kwh"):
        months = inputs.numbers("months_kwh")
        if not inputs.values.get("start_known", False):
            months = months[-int(policy.number("class_change", "unknown_start_months")) :]
        energy = total("kwh", [Item("", m, "kWh", "") for m in months])
    else:
        energy = _energy(policy, "class_change", inputs, inputs.number("days"))
    diff = product("difference", "yuan", (energy.value, "kWh"), (difference, "yuan"))
    times = policy.number("class_change", "times")
    return [energy, diff, product("penalty", "yuan", (diff.value, "yuan"), (times, ""))]


def capacity_without_contract(policy: Policy, inputs: Inputs) -> list[Item]:
    """Compute what private capacity (私增容量), or use of suspended or sealed equipment, costs.

    Inputs: case (private, suspended), tariff (two_part, other), kva; two_part also price and months (basic charge).
    Source: 供电营业规则 (1996).
    """
    case = inputs.choice("case", "private", "suspended")
    rule = f"{case}_capacity"
    kva = inputs.number("kva")
    if inputs.choice("tariff", "two_part", "other") == "other":
        return [product("penalty", "yuan", (kva, "kVA"), (policy.number(rule, "yuan_per_kva"), "yuan"))]
    basic = product(
        "basic_charge", "yuan", (kva, "kVA"), (inputs.number("price"), "yuan"), (inputs.number("months"), "months")
    )
    return [basic, product("penalty", "yuan", (basic.value, "yuan"), (policy.number(rule, "times"), ""))]


def untraceable(policy: Policy, inputs: Inputs) -> list[Item]:
    """Settle a correction that cannot be traced to its cycle (退高补低).

    Recovered kWh are charged at the tier-1 price, refunded ones at the price of the highest tier that the customer had
    reached, whatever is left in it. Inputs: kwh (above 0 = to recover), tier_prices, used_kwh (per tier). Where the policy says
    that the kWh count in losses, `loss_share` of them comes on top; in levies, each pays `levies` (yuan per kWh) too; in the
    ladder, the new used_kwh of its tier is given; in the power factor, the active kWh to add.
    """
    kwh, prices, used = inputs.number("kwh"), inputs.numbers("tier_prices"), inputs.numbers("used_kwh")
    if not prices or len(prices) != len(used):
        raise Refused("input_wrong", "/input/used_kwh")
    if (
        policy.get("untraceable", "recover_at") != "tier_1"
        or policy.get("untraceable", "refund_at") != "highest_tier_reached"
    ):
        raise Refused("policy_wrong", "/policy/untraceable")
    counts = {what: _counts(policy, what) for what in ("ladder", "power_factor", "levies", "losses")}
    reached = max((i for i, u in enumerate(used) if u > 0), default=0)
    tier = 0 if kwh >= 0 else reached
    if counts["losses"]:
        kwh = kwh * (1 + inputs.number("loss_share"))
    items = [product("amount", "yuan", (kwh, "kWh"), (prices[tier], "yuan"))]
    if counts["levies"]:
        levies = product("levies", "yuan", (kwh, "kWh"), (inputs.number("levies"), "yuan"))
        items += [levies, total("total", [*items, levies])]
    if counts["ladder"]:
        name = f"used_kwh_tier_{tier + 1}"
        items.append(total(name, [Item("", used[tier], "kWh", ""), Item("", kwh, "kWh", "")]))
    if counts["power_factor"]:
        items.append(Item("active_kwh", kwh, "kWh", plain(kwh)))
    said = {what: "yes" if yes else "no" for what, yes in counts.items()}
    return [
        *items,
        *(Item(f"counts_in_{what}", Fraction(yes), "flag", f"{what}: {said[what]}") for what, yes in counts.items()),
    ]


def _counts(policy: Policy, what: str) -> bool:
    said = policy.get("untraceable", "counts_in", what)
    if said not in ("yes", "no"):
        raise Refused("policy_wrong", f"/policy/untraceable/counts_in/{what}", "yes or no was expected")
    return bool(said == "yes")
