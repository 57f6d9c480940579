"""Two-part tariffs and charges on charges: the bulk implementation beside the reference over all combinations of their rules."""

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from services.billing.rating import rating, second_opinion
from services.billing.rating.bulk import rate as bulk
from shared.exact import Exact
from tests.unit.billing.rating.beside import both, document
from tests.unit.billing.rating.documents import PLAIN, TABLE

FIRST, LAST = date(2026, 7, 1), date(2026, 8, 1)
FACT = rating.AccountSpan(
    date(2020, 1, 1), class_="industrial", capacity_va=800_000, contract_demand_w=300_001, people=3
)


def request(facts: tuple[rating.AccountSpan, ...] = (FACT,), **wh: int) -> rating.Request:
    usage = {"import": 200_000_000, "reactive.import": 90_000_000, "demand": 400_003}
    usage |= {name.replace("_", "."): value for name, value in wh.items()}
    return rating.request(
        contract="c", tariff="t", period=(FIRST, LAST), bill_months=[FIRST], usage_wh=usage, facts=facts,
        state={"ladders": {}, "demand_w": {"demand": {"2026-05": 450_000, "2026-06": 500_001}}},
    )  # fmt: skip


def book(*charges: dict[str, Any], **changes: Any) -> rating.TariffBook:
    document = {**PLAIN, "id": "t", "charges": list(charges), **changes}
    rewards = {
        **TABLE["reward"],
        "0.85": [{"to_points": 5, "percent_per_point": "0.1"}, {"to_points": 9, "percent_per_point": "0.15"}],
    }
    return rating.load_book([{**TABLE, "reward": rewards}, document])


DEMANDS = list(
    product(
        ["contract", "actual"],
        [{}, {"floor_share": "0.40"}],
        [{}, {"over": {"from": "1.05", "times": "2"}}, {"over": {"from": "1.05", "times": "1.5"}}],
        [{}, {"ratchet": {"share": "0.8", "months": 2}}],
        [{}, {"discount": {"kwh_per_kva": "250", "pays": "0.90"}}],
    )
)


@pytest.mark.parametrize(("basis", "floor", "over", "ratchet", "discount"), DEMANDS)
def test_demand_is_billed_alike_under_every_combination_of_rules(
    basis: str, floor: Any, over: Any, ratchet: Any, discount: Any
) -> None:
    charge = {"name": "demand", "kind": "demand", "price": "38.7", "basis": basis, "month": "calendar_days"}
    own = book(charge | floor | over | ratchet | discount)
    edges = [0, 300_001, 315_001, 315_002, 320_000, 900_000]
    bills = both([request(demand=w, **{"import": e}) for w in edges for e in (199_999_999, 200_000_000)], own)
    assert len({bill.total_fen for bill in bills}) > 1 or basis == "contract"
    if ratchet:
        assert bills[-1].state is not None
        assert bills[-1].state["demand_w"] == {"demand": {"2026-06": 500_001, "2026-07": 900_000}}


@pytest.mark.parametrize("missing", ["capacity_va", "contract_demand_w"])
def test_demand_without_a_fact_that_it_needs_is_refused(missing: str) -> None:
    charge = {"name": "demand", "kind": "demand", "price": "38", "basis": "contract", "floor_share": "0.4",
              "month": "calendar_days"}  # fmt: skip
    (bill,) = both([request((replace(FACT, **{missing: None}),))], book(charge))
    assert bill.refusal is not None


def units(*states: str) -> tuple[rating.Equipment, ...]:
    return tuple(rating.Equipment(f"T{i}", 315_000 + i, state) for i, state in enumerate(states))


CUTS = [
    (FACT,),
    (replace(FACT, to=date(2026, 7, 11)), replace(FACT, from_=date(2026, 7, 11), capacity_va=1_000_000)),
    (replace(FACT, to=date(2026, 7, 11)), replace(FACT, from_=date(2026, 7, 11), people=9)),
    (
        replace(FACT, to=date(2026, 7, 5), equipment=units("running", "running")),
        replace(FACT, from_=date(2026, 7, 5), to=date(2026, 7, 19), equipment=units("running", "suspended")),
        replace(FACT, from_=date(2026, 7, 19), equipment=units("hot_standby", "running")),
    ),
    (
        replace(FACT, to=date(2026, 7, 5), equipment=units("suspended", "suspended")),
        replace(FACT, from_=date(2026, 7, 5), to=date(2026, 7, 20), equipment=units("running", "suspended")),
        replace(FACT, from_=date(2026, 7, 20), equipment=units("suspended", "running")),
    ),
    (replace(FACT, equipment=units("suspended", "running")),),
    (  # suspended until further notice, told in two facts
        replace(FACT, to=date(2026, 7, 20), equipment=units("running", "running")),
        replace(FACT, from_=date(2026, 7, 20), to=date(2026, 7, 25), equipment=units("running", "suspended")),
        replace(FACT, from_=date(2026, 7, 25), equipment=units("hot_standby", "suspended")),
    ),
    (  # too short a suspension, told in three facts, and two facts after it
        replace(FACT, to=date(2026, 7, 5), equipment=units("running", "running")),
        replace(FACT, from_=date(2026, 7, 5), to=date(2026, 7, 9), equipment=units("running", "suspended")),
        replace(FACT, from_=date(2026, 7, 9), to=date(2026, 7, 12), equipment=units("suspended", "suspended")),
        replace(FACT, from_=date(2026, 7, 12), to=date(2026, 7, 19), equipment=units("running", "suspended")),
        replace(FACT, from_=date(2026, 7, 19), to=date(2026, 7, 26), equipment=units("running", "running")),
        replace(FACT, from_=date(2026, 7, 26), equipment=units("running", "hot_standby")),
    ),
]


@pytest.mark.parametrize("facts", CUTS, ids=range(len(CUTS)))
@pytest.mark.parametrize(
    "month",
    [
        {"month": "calendar_days"},
        {"month": "thirtieths", "last_part": "rest_of_month"},
        {"month": "thirtieths", "last_part": "own_days"},
    ],
)
@pytest.mark.parametrize("whole", [None, (date(2026, 6, 20), LAST), (FIRST, date(2026, 8, 9))])
def test_parts_of_a_month_are_weighed_alike(facts: Any, month: dict[str, str], whole: Any) -> None:
    shares = {"running": "1", "hot_standby": "0.5", "suspended": "0"}
    capacity = {"name": "capacity", "kind": "capacity", "price": "26", "state_share": shares,
                "suspension_counts_from_days": 15}  # fmt: skip
    demand = {"name": "demand", "kind": "demand", "price": "38", "basis": "contract"}
    own = book(capacity | month, demand | month)
    asked = replace(request(facts), month=whole)
    (bill,) = both([asked], own)
    assert bill.refusal is None
    assert bill.total_fen > 0


@pytest.mark.parametrize("of", ["exact", "amount"])
@pytest.mark.parametrize("standard", ["0.90", "0.85"])
def test_the_power_factor_of_every_hundredth_is_alike(of: str, standard: str) -> None:
    energy = {"name": "energy", "kind": "energy", "price": "0.4321"}
    factor = {"name": "factor", "kind": "power_factor", "table": TABLE["table"], "standard": standard, "active": "import",
              "reactive": "reactive.import", "on": ["energy"], "of": of}  # fmt: skip
    sizes = [10_000 * 3**n for n in range(14)]
    both([request(reactive_import=r, **{"import": 7_654_321}) for r in sizes], book(energy, factor))
    (idle,) = both([request(**{"import": 0})], book(energy, factor))
    assert [f.code for f in idle.findings] == ["no_active_energy"]


@pytest.mark.parametrize("price", ["0.43219", "0.123456789013", "0.000000000001"])
def test_the_power_factor_of_fine_prices_is_alike(price: str) -> None:
    energy = {"name": "energy", "kind": "energy", "price": price}
    factor = {"name": "factor", "kind": "power_factor", "table": TABLE["table"], "standard": "0.90", "active": "import",
              "reactive": "reactive.import", "on": ["energy"], "of": "exact"}  # fmt: skip
    asked = [request(**{"import": wh, "reactive_import": wh}) for wh in (0, 1, 10**6, 10**12)]
    own = book(energy, factor)
    for mine, other in zip(bulk.rate(asked, own), rating.rate(asked, own), strict=True):
        assert mine is None or second_opinion.difference(mine, other) is None
    both(asked[:2], own)


TAXES = [None, *({"included": i, "rate": "0.13", "shown": s} for i, s in ((True, True), (False, True), (True, False)))]


@pytest.mark.parametrize("tax", TAXES, ids=["none", "included", "added", "not shown"])
@pytest.mark.parametrize("line", ["half_up", "down", "half_even", "none"])
@pytest.mark.parametrize("step", [None, "0.1", "1"])
def test_totals_taxes_and_roundings_are_alike(tax: Any, line: str, step: str | None) -> None:
    rounding: dict[str, Any] = {"line": {"step": "0.01", "mode": line}}
    if step is not None or line == "none":
        rounding["total"] = {"step": step or "0.01", "mode": "half_up"}
    charges = [
        {"name": "energy", "kind": "energy", "price": "0.43219"},
        {"name": "levy", "kind": "energy", "price": "0.00196875", "tax": False},
        {"name": "back", "kind": "credit", "price": "3.335"},
        {"name": "fee", "kind": "fixed", "price": "1.555", "per": "day"},
        {"name": "share", "kind": "percent", "percent": "1.5", "on": ["energy", "fee"], "of": "amount"},
        {"name": "least", "kind": "minimum", "price": "70", "on": ["energy", "back"]},
        {"name": "given", "kind": "given"},
    ]
    own = book(*charges, rounding=rounding, **({"tax": tax} if tax else {}))
    asked = [replace(request(**{"import": wh}), amounts={"given": Exact(a, 1000)})
             for wh, a in ((0, -5), (1, 0), (123_456, 333), (-50_000, 7), (200_000_000, 1))]  # fmt: skip
    for bill in both(asked, own):
        assert sum(x.amount_fen for x in bill.lines) == bill.total_fen
    (refused,) = both([request()], own)
    assert refused.refusal is not None
    assert refused.refusal.code == "amount_missing"


@pytest.mark.parametrize(("step", "fen"), [("0.01", [43, 300]), ("0.1", [40, 300]), ("1", [0, 300])])
def test_lines_are_rounded_to_coarser_steps_alike(step: str, fen: list[int]) -> None:
    charges = [
        {"name": "e", "kind": "energy", "price": "0.43219"},
        {"name": "fee", "kind": "fixed", "price": "3", "per": "month"},
    ]
    (bill,) = both([request(**{"import": 1000})], book(*charges, rounding={"line": {"step": step, "mode": "half_up"}}))
    assert [line.amount_fen for line in bill.lines] == fen


@pytest.mark.parametrize("known_before", [True, False])
@pytest.mark.parametrize("days", [14, 15])
def test_a_suspension_is_as_long_as_all_its_facts_together(days: int, known_before: bool) -> None:
    def fact(from_: date, to: date | None, state: str, va: int) -> rating.AccountSpan:
        return rating.AccountSpan(from_, to, equipment=(rating.Equipment("T1", va, state),))

    start, middle = date(2026, 7, 3), date(2026, 7, 9)
    end = date(2026, 7, 3 + days)
    facts = [fact(start, middle, "suspended", 100_000), fact(middle, end, "suspended", 200_000)]
    facts += [fact(end, None, "running", 100_000)]
    first = date(2026, 7, 1)
    if known_before:
        facts.insert(0, fact(date(2020, 1, 1), start, "running", 100_000))
        from_ = first
    else:
        from_ = start
    charge = {"name": "capacity", "kind": "capacity", "price": "31", "month": "calendar_days",
              "state_share": {"running": "1", "suspended": "0"}, "suspension_counts_from_days": 15}  # fmt: skip
    asked = rating.request(
        contract="c", tariff="t", period=(from_, date(2026, 8, 1)), bill_months=[first], usage_wh={}, facts=facts
    )
    (bill,) = both([asked], document(PLAIN, charges=[charge]))
    assert [line.from_ for line in bill.lines if start <= line.from_ < end] == ([start, middle] if days < 15 else [])


def test_accounts_of_one_batch_have_each_their_own_standard_free_kwh_and_exemptions() -> None:
    free = {"kwh_per_month": {"fact": "free", "or": "1"}, "how": "before_ladder", "rest": "lost"}
    ladder = {"counts": "import", "span": "month", "proration": "per_month", "limits_kwh": ["1000000"], "free": free}
    own = book(
        {"name": "energy", "kind": "ladder_price", "ladder": "month", "price": ["0.5", "1"]},
        {"name": "fund", "kind": "energy", "price": "0.02", "exempt": ["fund"]},
        {"name": "factor", "kind": "power_factor", "table": TABLE["table"], "standard": {"fact": "standard", "or": "0.90"},
         "active": "import", "reactive": "reactive.import", "on": ["energy"], "of": "exact"},
        ladders={"month": ladder},
    )  # fmt: skip
    them = list(product((85, 90), (1, 2), ((), ("fund",), ("other",))))
    asked = [
        request((replace(FACT, values={"standard": Exact(standard, 100), "free": Exact(kwh, 1)}, exempt=exempt),))
        for standard, kwh, exempt in them
    ]
    bills = both(asked, own)
    energy, fund = {1: 9_999_950, 2: 9_999_900}, {(): 400_000, ("fund",): 0, ("other",): 400_000}
    assert [[line.amount_fen for line in bill.lines if line.charge != "factor"] for bill in bills] == [
        [fen for fen in (energy[kwh], fund[exempt]) if fen] for _, kwh, exempt in them
    ]
    factors = [line.price for bill in bills for line in bill.lines if line.charge == "factor"]
    assert factors == [Exact({85: -13, 90: -3}[standard], 2000) for standard, _, _ in them]  # cos φ is 0.91
