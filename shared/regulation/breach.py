"""Breach of contract (违约用电) and theft (窃电): back-billing and penalty."""

import calendar
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction

from shared.forms import AMOUNT, DAY, FLAG, RATIO, TEXT, Names, Schema, choice, record, rows
from shared.regulation.codes import Refused
from shared.regulation.policy import Inputs, Item, Policy, plain, product, total

_SPAN: Names = {"days": AMOUNT, "from": DAY, "to": DAY}
_MONTHS: Names = {"months": AMOUNT, "from": DAY, "to": DAY}


def _loads(*prices: str) -> Schema:
    """Make the form of loads, each of which may have prices and days of its own."""
    own = dict.fromkeys(prices, AMOUNT)
    return rows(record({"kw": AMOUNT, "use": choice("power", "lighting")}, {"name": TEXT, **own, **_SPAN}))


def _priced(loads: Schema, prices: Sequence[str], inputs: Names) -> Schema:
    """Make the form of inputs whose prices must be given, unless each load has its own."""
    own = {"type": "object", "required": list(prices)}
    of_each = {"type": "object", "required": ["loads"], "properties": {"loads": {**rows(own)}}}
    form = record({}, {**dict.fromkeys(prices, AMOUNT), "loads": loads, **inputs})
    return {**form, "if": of_each, "then": {}, "else": {"required": list(prices)}}


THEFT = _priced(_loads("price"), ("price",), {"kwh": AMOUNT, **_SPAN})
CLASS_CHANGE = _priced(
    _loads("price_paid", "price_due"),
    ("price_paid", "price_due"),
    {"months_kwh": rows(AMOUNT), "start_known": FLAG, **_SPAN},
)
CAPACITY = record(
    {"case": choice("private", "suspended"), "tariff": choice("two_part", "other")},
    {
        "kva": AMOUNT,
        "price": AMOUNT,
        **_MONTHS,
        "loads": rows(record({"kva": AMOUNT}, {"name": TEXT, "price": AMOUNT, **_MONTHS})),
    },
)
UNTRACEABLE = record(
    {"kwh": RATIO, "tier_prices": rows(AMOUNT), "used_kwh": rows(AMOUNT)}, {"loss_share": AMOUNT, "levies": AMOUNT}
)
Days = Callable[[Policy, Inputs], Fraction]


def theft(policy: Policy, inputs: Inputs) -> list[Item]:
    """Compute back-billing and penalty for theft from the load.

    Inputs: price, loads [{kw, use: power | lighting}], and days or from, to (known; `to` is the first day without it), else the
    policy's days for an unknown start; or kwh where the energy is known. A load may have name, price, days or from, to of its
    own. Source: 供电营业规则 (1996) art. 103.
    """
    if inputs.has("kwh"):
        inputs.refuse_beside("kwh", "loads days from to")
        energies = [Item("kwh", inputs.number("kwh"), "kWh", "as established")]
    else:
        energies = _energies(policy, "theft", inputs, _days_of_theft)
    prices = [place.number("price") for place in _places(inputs, "price")]
    items, back = _money("back_bill", energies, prices)
    return [*items, product("penalty", "yuan", (back.value, "yuan"), (policy.number("theft", "times"), ""))]


def _days_of_theft(policy: Policy, place: Inputs) -> Fraction:
    if place.has("to"):
        place.get("from")
    return policy.number("theft", "unknown_start_days")


def _places(inputs: Inputs, key: str) -> list[Inputs]:
    """Return where an input stands for each load: in the load, else in the inputs; the inputs alone where there are no loads."""
    if not inputs.has("loads"):
        return [inputs]
    return [load if load.has(key) else inputs for load in inputs.each("loads")]


def _energies(policy: Policy, rule: str, inputs: Inputs, unknown: Days) -> list[Item]:
    """Return the kWh of each load: kW by days by the policy's hours a day."""
    items = []
    for load in inputs.each("loads"):
        use = load.get("use")
        hours = policy.number(rule, "hours_a_day", use)
        name = load.get("name") if load.has("name") else use
        days = _days(policy, load, inputs, unknown)
        items.append(product(name, "kWh", (load.number("kw"), "kW"), (days, "days"), (hours, "hours")))
    return items


def _days(policy: Policy, load: Inputs, inputs: Inputs, unknown: Days) -> Fraction:
    for place in (load, inputs):
        if place.has("days"):
            place.refuse_beside("days", "from to")
            return place.number("days")
        if place.has("from"):
            return place.days()
        if place.has("to"):
            return unknown(policy, place)
    return unknown(policy, inputs)


def _money(name: str, energies: list[Item], prices: list[Fraction]) -> tuple[list[Item], Item]:
    """Return the items of all loads (one of each at one price, load by load at prices of their own), and their money."""
    energy = energies[0] if len(energies) == 1 else total("kwh", energies)
    energy = Item("kwh", energy.value, energy.unit, energy.formula)
    if len(set(prices)) == 1:
        money = product(name, "yuan", (energy.value, "kWh"), (prices[0], "yuan"))
        return [energy, money], money
    amounts = [product(e.name, "yuan", (e.value, "kWh"), (p, "yuan")) for e, p in zip(energies, prices, strict=True)]
    money = total(name, amounts)
    return [*(Item(f"{e.name} kWh", e.value, e.unit, e.formula) for e in energies), energy, *amounts, money], money


def class_change(policy: Policy, inputs: Inputs) -> list[Item]:
    """Re-price unauthorised use of a dearer class (高价低接): price difference and penalty.

    Inputs: price_paid, price_due, and months_kwh (oldest first) with start_known; unknown start: the last months that the policy
    names; or loads and no kWh: hours a day of the policy for days, or from, to; with `to` alone (the day on which it was found)
    the start is unknown: the policy's months before it, counted in days. A load may have name, prices and days of its own.
    Source: 供电营业规则 (1996).
    """
    paid = [place.number("price_paid") for place in _places(inputs, "price_paid")]
    due = [place.number("price_due") for place in _places(inputs, "price_due")]
    if any(d < p for p, d in zip(paid, due, strict=True)):
        raise Refused("input_wrong", "/input/price_due", "below the price that was paid: not a dearer class")
    if inputs.has("months_kwh"):
        inputs.refuse_beside("months_kwh", "loads days from to")
        months = inputs.numbers("months_kwh")
        if not inputs.values.get("start_known", False):
            months = months[-int(policy.number("class_change", "unknown_start_months")) :]
        energies = [total("kwh", [Item("", m, "kWh", "") for m in months])]
    else:
        inputs.refuse_beside("loads", "start_known")
        energies = _energies(policy, "class_change", inputs, _months_before)
    items, difference = _money("difference", energies, [d - p for p, d in zip(paid, due, strict=True)])
    times = policy.number("class_change", "times")
    return [*items, product("penalty", "yuan", (difference.value, "yuan"), (times, ""))]


def _months_before(policy: Policy, place: Inputs) -> Fraction:
    """Return the days of the policy's months of an unknown start, before the day on which it was found."""
    found = place.day("to")
    month = found.year * 12 + found.month - 1 - int(policy.number("class_change", "unknown_start_months"))
    year, month = divmod(month, 12)
    start = date(year, month + 1, min(found.day, calendar.monthrange(year, month + 1)[1]))
    return Fraction((found - start).days)


def capacity_without_contract(policy: Policy, inputs: Inputs) -> list[Item]:
    """Compute what private capacity (私增容量), or use of suspended or sealed equipment, costs.

    Inputs: case (private, suspended), tariff (two_part, other), kva; two_part also price (basic charge) and months, or from, to:
    a calendar month counts as one, a part of one by the policy's `part_month` (thirtieths, calendar_days). Or loads
    [{kva, name, price, months | from, to}], each with what differs from the inputs. Source: 供电营业规则 (1996).
    """
    rule = f"{inputs.get('case')}_capacity"
    if inputs.has("loads"):
        inputs.refuse_beside("loads", "kva")
    loads = inputs.each("loads") if inputs.has("loads") else [inputs]
    if inputs.get("tariff") == "other":
        for place in (inputs, *loads):
            place.refuse_beside("tariff: other", "price months from to")
        kva = sum((load.number("kva") for load in loads), Fraction(0))
        return [product("penalty", "yuan", (kva, "kVA"), (policy.number(rule, "yuan_per_kva"), "yuan"))]
    items: list[Item] = []
    charges: list[Item] = []
    for index, load in enumerate(loads):
        name = load.get("name") if load.has("name") else f"load {index + 1}"
        price = (load if load.has("price") else inputs).number("price")
        months, counted = _months(policy, rule, load, inputs)
        label, of = (name, f"{name} months") if len(loads) > 1 else ("basic_charge", "months")
        charges.append(product(label, "yuan", (load.number("kva"), "kVA"), (price, "yuan"), (months, "months")))
        if counted:
            items.append(Item(of, months, "months", counted))
    basic = charges[0] if len(charges) == 1 else total("basic_charge", charges)
    items += charges if len(charges) == 1 else [*charges, basic]
    return [*items, product("penalty", "yuan", (basic.value, "yuan"), (policy.number(rule, "times"), ""))]


def _months(policy: Policy, rule: str, load: Inputs, inputs: Inputs) -> tuple[Fraction, str]:
    """Return the months of a load, and how they were counted ("" where they were given)."""
    place = next((p for p in (load, inputs) if p.has("months") or p.has("from") or p.has("to")), inputs)
    if place.has("months"):
        place.refuse_beside("months", "from to")
        return place.number("months"), ""
    start, end = place.span()
    by = policy.get(rule, "part_month")
    if by not in ("thirtieths", "calendar_days"):
        raise Refused("policy_wrong", f"/policy/{rule}/part_month", "thirtieths or calendar_days was expected")
    return _count_months(start, end, by)


def _count_months(start: date, end: date, by: str) -> tuple[Fraction, str]:
    """Count the months of [start, end): a calendar month is one, of another its days ÷ 30, or ÷ the days that it has."""
    months, parts = Fraction(0), []
    first = start.replace(day=1)
    while first < end:
        length = calendar.monthrange(first.year, first.month)[1]
        after = first + timedelta(days=length)
        days = (min(end, after) - max(start, first)).days
        divisor = 30 if by == "thirtieths" else length
        months += 1 if days == length else Fraction(days, divisor)
        parts.append("1" if days == length else f"{days}/{divisor}")
        first = after
    return months, f"{' + '.join(parts)} = {plain(months)}"


def untraceable(policy: Policy, inputs: Inputs) -> list[Item]:
    """Settle a correction that cannot be traced to its cycle (退高补低).

    Recovered kWh are charged at the tier-1 price, refunded ones at the price of the highest tier that the customer had
    reached, whatever is left in it. Inputs: kwh (above 0 = to recover), tier_prices, used_kwh (per tier). Where the policy says
    that the kWh count in losses, `loss_share` of them comes on top; in levies, each pays `levies` (yuan per kWh) too; in the
    ladder, the new used_kwh of its tier is given; in the power factor, the active kWh to add.
    """
    kwh, prices, used = inputs.number("kwh"), inputs.numbers("tier_prices"), inputs.numbers("used_kwh")
    if len(prices) != len(used):
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
