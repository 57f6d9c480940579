"""What the use cases share beside the unit of work: rules, calendar, tariffs, how to rate, and the bell of the issuer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends

from services.billing.bills.domain.policy import Policies
from services.billing.rating import rating_types
from services.billing.rating.tariff.book import TariffBook
from services.billing.tariffs.store.books import Books
from shared.business_calendar import Calendar
from shared.wake import Wake
from shared.web import state

Rater = Callable[[Sequence[rating_types.Request], TariffBook], Sequence[rating_types.RatedBill]]


@dataclass(frozen=True)
class Context:
    policies: Policies
    rater: Rater
    calendar: Calendar
    books: Books = field(default_factory=Books)
    wake: Wake = field(default_factory=Wake)


Own = Annotated[Context, Depends(state.context)]
