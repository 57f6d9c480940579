"""What the use cases share beside the unit of work: rules, calendar, tariffs, how to rate, and the bell of the issuer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends

from services.billing.bills.domain.bills import Found
from services.billing.bills.domain.policy import Policies
from services.billing.rating import rating_types, second_opinion
from services.billing.rating.tariff.book import TariffBook
from services.billing.tariffs.store.books import Books
from shared.business_calendar import Calendar
from shared.db.engine import Tx
from shared.wake import Wake
from shared.web import state

Rater = Callable[[Sequence[rating_types.Request], TariffBook], Sequence[rating_types.RatedBill]]
OnBills = Callable[[Tx, Sequence[Found], Policies, Calendar], Awaitable[None]]
"""Told of what is found on bills, in its unit of work: that may be a signal of a case."""


async def nobody(_tx: Tx, _found: Sequence[Found], _policies: Policies, _calendar: Calendar) -> None:
    """Hear of findings where no capability wants to."""


@dataclass(frozen=True)
class Context:
    """`uncounted_rater` is `rater` for bills that never are; `software` is the hash of what calculates bills.

    `bases`: the bases of bills that are known to be stored.
    """

    policies: Policies
    rater: Rater
    calendar: Calendar
    zone: ZoneInfo
    on_bills: OnBills = nobody
    books: Books = field(default_factory=Books)
    wake: Wake = field(default_factory=Wake)
    trial_wanted: Wake = field(default_factory=Wake)
    uncounted_rater: second_opinion.Rater = second_opinion.rate
    software: str = ""
    bases: set[str] = field(default_factory=set)


Own = Annotated[Context, Depends(state.context)]
