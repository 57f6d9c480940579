"""`wattline reconcile`: do the control totals of all services agree for a cycle?"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from services.command import explain, remote
from shared.settings import SERVICES

Totals = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Rule:
    """The sum of the left totals must be the sum of the right ones; a total is `service.name`, no total is 0."""

    title: str
    left: tuple[str, ...]
    right: tuple[str, ...]


RULES = (
    Rule(
        "reads received = accepted + waiting + refused + duplicates",
        ("reading.reads_received",),
        ("reading.reads_accepted", "reading.reads_waiting", "reading.reads_refused", "reading.reads_duplicate"),
    ),
    Rule("usages published = received", ("reading.usages_published",), ("billing.usages",)),
    Rule(
        "Wh published = Wh received, first versions in time", ("reading.usage_first_wh",), ("billing.sum_wh_version_1",)
    ),
    Rule("usages received = rated", ("billing.usages",), ("billing.usages_rated",)),
    Rule(
        "usages in force = issued + held + ready + waiting + closed + left out by reviewers",
        ("billing.usages_in_force",),
        (
            *("billing.bills_issued", "billing.bills_held", "billing.bills_ready"),
            *("billing.usages_waiting", "billing.usages_closed", "billing.usages_left_out"),
        ),
    ),
    Rule("Wh in force, published = received", ("reading.usage_in_force_wh",), ("billing.usage_in_force_wh",)),
    Rule(
        "Wh in force = billed + waiting + closed + left out by reviewers",
        ("reading.usage_in_force_wh",),
        ("billing.billed_wh", "billing.waiting_wh", "billing.closed_wh", "billing.left_out_wh"),
    ),
    Rule(
        "bills, differences, adjustments and charges issued = posted + waiting",
        ("billing.documents_issued", "billing.adjustments_issued", "billing.charges_issued"),
        ("collection.documents_posted", "collection.documents_waiting"),
    ),
    Rule("fen of bills in force = fen of their documents", ("billing.issued_fen",), ("billing.documents_fen",)),
    Rule(
        "fen issued = posted + waiting",
        ("billing.documents_fen", "billing.adjustments_fen", "billing.charges_fen"),
        ("collection.posted_fen", "collection.waiting_fen"),
    ),
    Rule(
        "fen reversed in billing = in collection",
        ("billing.reversed_fen", "billing.charges_withdrawn_fen"),
        ("collection.reversed_fen", "collection.reversed_waiting_fen"),
    ),
    Rule("bills issued by runs = causes of notices", ("billing.bills_issued_first",), ("notify.causes_bill_issued",)),
    Rule("supply orders carried out = heard", ("reading.supplies_switched",), ("billing.supplies_switched",)),
    Rule("estimates made = causes of notices", ("reading.estimates_made",), ("notify.causes_estimate_made",)),
    Rule("supply orders asked for = known to reading", ("collection.supply_orders",), ("reading.supply_orders",)),
    Rule("ledger sums to 0 fen", ("collection.ledger_imbalance_fen",), ()),
)


@dataclass(frozen=True)
class Result:
    """One rule with its two numbers; None where a service does not give a total."""

    title: str
    left: int | None
    right: int | None

    @property
    def agrees(self) -> bool:
        return self.left is not None and self.left == self.right


def compare(totals: Totals) -> list[Result]:
    """Return each rule with its two numbers."""
    return [Result(rule.title, _sum(totals, rule.left), _sum(totals, rule.right)) for rule in RULES]


def _sum(totals: Totals, names: tuple[str, ...]) -> int | None:
    total = 0
    for service, _, name in (full.partition(".") for full in names):
        value = totals.get(service, {}).get(name)
        if value is None:
            return None
        total += value
    return total


async def fetch(cycle: str) -> dict[str, dict[str, int]]:
    """Return the control totals of all services for a cycle."""

    async def of(service: str) -> dict[str, int]:
        async with remote.client(service) as opened:
            totals: dict[str, int] = await remote.call(opened, "GET", "/v1/control-totals", params={"cycle": cycle})
            return totals

    return dict(zip(SERVICES, await asyncio.gather(*map(of, SERVICES)), strict=True))


async def run(cycle: str, *, explained: bool = False) -> int:
    """Print each rule with its two numbers, and if so wanted what differs and what mends it; 1 where a rule does not hold."""
    results = compare(await fetch(cycle))
    for result in results:
        verdict = "ok  " if result.agrees else "DIFF"
        left, right = ("not given" if n is None else f"{n:,}" for n in (result.left, result.right))
        print(f"{verdict} {result.title}: {left} | {right}")
    if explained:
        await explain.run(cycle)
    return 0 if all(result.agrees for result in results) else 1
