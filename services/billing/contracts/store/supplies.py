"""Contracts in ranges of their numbers, for work that goes over all of them piece by piece."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from services.billing.contracts import domain
from services.billing.contracts.store.contracts import account_terms_of
from services.billing.contracts.tables import ACCOUNT, CONTRACT
from shared.db.engine import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Who is supplied at a point in [from_, to), and in which class on the day that was asked for. `annulled`: it never was."""

    contract_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    customer_class: str
    from_: date
    to: date | None
    annulled: bool

    def covers(self, day: date) -> bool:
        """Return whether the point is supplied on a day."""
        return not self.annulled and self.from_ <= day and (self.to is None or day < self.to)


async def ranges(view: View, size: int) -> list[tuple[str, str]]:
    """Return the ranges, first and last number, of so many contracts each; one statement whatever their count."""
    number = func.row_number().over(order_by=CONTRACT.c.contract_no)
    numbered = select(CONTRACT.c.contract_no, ((number - 1) / size).label("part")).subquery("numbered")
    part = func.floor(numbered.c.part)
    rows = await view.all(
        select(func.min(numbered.c.contract_no).label("first"), func.max(numbered.c.contract_no).label("last"))
        .group_by(part)
        .order_by(func.min(numbered.c.contract_no))
    )
    return [(row.first, row.last) for row in rows]


async def between(view: View, first: str, last: str, *, on: date) -> list[Supply]:
    """Return the contracts from one number to another, those that are over too, in the class of a day."""
    c = CONTRACT.c
    statement = (
        select(
            *(c.contract_no, c.account_no, c.service_point_no, c.from_date, c.to_date, c.annulled),
            *(ACCOUNT.c.org_unit, ACCOUNT.c.facts),
        )
        .join(ACCOUNT, ACCOUNT.c.account_no == c.account_no)
        .where(c.contract_no >= first, c.contract_no <= last)
        .order_by(c.contract_no)
    )
    return [
        Supply(
            contract_no=row.contract_no,
            account_no=row.account_no,
            service_point_no=row.service_point_no,
            org_unit=row.org_unit,
            customer_class=domain.class_on(account_terms_of(row.facts), on),
            from_=row.from_date,
            to=row.to_date,
            annulled=row.annulled,
        )
        for row in await view.all(statement)
    ]
