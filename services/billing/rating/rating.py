"""Rating: the calculation of electricity bills as pure functions over versioned tariff documents.

    book = rating.load_book(documents)            # tariffs, series, calendars, power factor tables
    bills = rating.rate(requests, book)           # one answer per request, in their order, never an exception for the batch
    bills[0].total_fen, bills[0].lines, bills[0].state, bills[0].findings, bills[0].refusal

See docs/rating-reference.md.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.billing.rating.rating_types import (
    AccountSpan,
    Curve,
    Equipment,
    Finding,
    Line,
    RatedBill,
    Request,
    UsagePart,
)
from services.billing.rating.reference.engine import rate, rate_one
from services.billing.rating.reference.explain import formula
from services.billing.rating.tariff.book import TariffBook, check_replacement, load_book, load_calendar, load_series
from services.billing.rating.tariff.codes import TariffError
from services.billing.rating.tariff.load import load_tariff, supply
from services.billing.rating.tariff.model import Tariff

__all__ = [
    "AccountSpan",
    "Curve",
    "Equipment",
    "Finding",
    "Line",
    "RatedBill",
    "Request",
    "Tariff",
    "TariffBook",
    "TariffError",
    "UsagePart",
    "check_replacement",
    "formula",
    "load_book",
    "load_calendar",
    "load_series",
    "load_tariff",
    "opening_state",
    "rate",
    "rate_one",
    "request",
    "supply",
]


def request(
    *,
    contract: str,
    tariff: str,
    period: tuple[date, date],
    bill_months: Sequence[date],
    usage_wh: Mapping[str, int],
    facts: Sequence[AccountSpan],
    read_day: date | None = None,
    curves: Sequence[Curve] = (),
    state: Mapping[str, Any] | None = None,
) -> Request:
    """Make the request of the usual case: one part of usage; the read day is the end of the period."""
    from_, to = period
    part = UsagePart(from_, to, usage_wh, tuple(curves))
    return Request(contract, tariff, from_, to, read_day or to, tuple(bill_months), tuple(facts), (part,), state)


def opening_state(tariff: Tariff, year: int) -> dict[str, Any]:
    """Return the state of an account that has used nothing in a ladder year.

    To be used when an account opens, never because a state is missing: a yearly ladder without its state is refused.
    """
    ladders: dict[str, Any] = {}
    free: dict[str, Any] = {}
    for name, ladder in tariff.ladders.items():
        if ladder.span == "year":
            zeros = [0] * ladder.tiers
            per_period = {p.name: list(zeros) for p in tariff.periods}
            ladders[name] = {"year": year, "used_wh": per_period if ladder.limits_by_period else zeros}
        if ladder.free is not None and ladder.free.rest == "carried_in_year":
            free[name] = {"year": year, "used_wh": 0}
    return {"ladders": ladders, **({"free": free} if free else {})}
