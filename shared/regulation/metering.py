"""Metering faults: energy to recover or refund, and its money where prices are given."""

from fractions import Fraction

from shared.forms import AMOUNT, POSITIVE, RATIO, TEXT, record, rows
from shared.regulation.codes import Refused
from shared.regulation.policy import Inputs, Item, Policy, plain, product, total

METER_ERROR = record({"kwh": AMOUNT, "error": RATIO}, {"price": AMOUNT})
WRONG_WIRING = record(
    {"parts": rows(record({"name": TEXT, "kwh": AMOUNT, "price": AMOUNT}))},
    {"rate": RATIO, "transformers": record({"ratio": POSITIVE, "phases": rows(POSITIVE)})},
)
WRONG_MULTIPLIER = record({"kwh": AMOUNT, "used": POSITIVE, "true": POSITIVE}, {"price": AMOUNT})
FUSE_BLOWN = record({"normal_kwh": AMOUNT, "fault_kwh": AMOUNT}, {"price": AMOUNT})
UNREADABLE = record({"actual_kwh": RATIO, "estimated_kwh": rows(RATIO)})


def _money(energy: Item, inputs: Inputs) -> list[Item]:
    return (
        [product("amount", "yuan", (energy.value, "kWh"), (inputs.number("price"), "yuan"))]
        if inputs.has("price")
        else []
    )


def meter_error(policy: Policy, inputs: Inputs) -> list[Item]:
    """Correct for a meter error: true kWh = recorded ÷ (1 + error) over the policy's share of the span.

    Inputs: kwh (recorded in the span since the last check), error (such as `0.05`), price. Above 0 = to recover, below 0 = to
    refund. Source: 供电营业规则 (1996) art. 80.
    """
    kwh, error = inputs.number("kwh"), inputs.number("error")
    if error <= -1:
        raise Refused("input_wrong", "/input/error")
    share = policy.number("meter_error", "share_of_span")
    value = (kwh / (1 + error) - kwh) * share
    formula = f"({plain(kwh)} / {plain(1 + error)} - {plain(kwh)}) x {plain(share)} = {plain(value)}"
    energy = Item("kwh", value, "kWh", formula)
    return [energy, *_money(energy, inputs)]


def wrong_wiring(policy: Policy, inputs: Inputs) -> list[Item]:
    """Recover energy after wrong wiring: recorded kWh × correction rate (更正率), priced part by part.

    Inputs: rate (or transformers {ratio, phases: [ratios]}: the rate follows from what the wrong ones recorded), and
    parts [{name, kwh, price}]. Source: 供电营业规则 (1996).
    """
    if inputs.has("transformers"):
        inputs.refuse_beside("transformers", "rate")
        own = Inputs(inputs.get("transformers"), "/input/transformers")
        ratio, phases = own.number("ratio"), own.numbers("phases")
        recorded = sum((ratio / p for p in phases), Fraction(0)) / len(phases)
        rate = 1 / recorded - 1
    else:
        rate = inputs.number("rate")
    energies, amounts = [], []
    for part in inputs.each("parts"):
        name = str(part.get("name"))
        energies.append(product(f"{name} kWh", "kWh", (part.number("kwh"), "kWh"), (rate, "")))
        amounts.append(product(name, "yuan", (part.number("kwh"), "kWh"), (rate, ""), (part.number("price"), "yuan")))
    return [Item("rate", rate, "", plain(rate)), *energies, *amounts, total("total", amounts)]


def wrong_multiplier(policy: Policy, inputs: Inputs) -> list[Item]:
    """Correct for a wrong multiplier: the true one (倍率) is the basis.

    Inputs: kwh (billed), used, true, price.
    """
    kwh, used, true = inputs.number("kwh"), inputs.number("used"), inputs.number("true")
    value = kwh * true / used - kwh
    energy = Item("kwh", value, "kWh", f"{plain(kwh)} x {plain(true)} / {plain(used)} - {plain(kwh)} = {plain(value)}")
    return [energy, *_money(energy, inputs)]


def fuse_blown(policy: Policy, inputs: Inputs) -> list[Item]:
    """Recover energy lost by a voltage transformer fuse: a normal month less the fault month.

    Inputs: normal_kwh, fault_kwh, price. Source: 供电营业规则 (1996).
    """
    normal, fault = inputs.number("normal_kwh"), inputs.number("fault_kwh")
    energy = Item("kwh", normal - fault, "kWh", f"{plain(normal)} - {plain(fault)} = {plain(normal - fault)}")
    return [energy, *_money(energy, inputs)]


def unreadable_trued_up(policy: Policy, inputs: Inputs) -> list[Item]:
    """Settle estimates at the next read (暂按前次用电量计收，一并结清).

    Inputs: actual_kwh (register difference over all cycles since the last actual read), estimated_kwh (billed meanwhile). Below
    0 nothing is billed by this way: the earlier bills are superseded.
    """
    actual, estimated = inputs.number("actual_kwh"), inputs.numbers("estimated_kwh")
    billed = sum(estimated, Fraction(0))
    value = actual - billed
    left = " - ".join([plain(actual), *(plain(e) for e in estimated)])
    supersede = Item("supersede", Fraction(1 if value < 0 else 0), "flag", "1 = the estimated bills are superseded")
    return [Item("kwh", value, "kWh", f"{left} = {plain(value)}"), supersede]
