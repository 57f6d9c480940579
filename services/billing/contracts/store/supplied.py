"""Who is supplied on a day, range by range of accounts, with what the account is on it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Label, Row, and_, or_, select

from services.billing.contracts.domain import AccountTerms
from services.billing.contracts.store.contracts import account_terms_of
from services.billing.contracts.tables import ACCOUNT, CONTRACT
from shared.db.engine import View


async def on(view: View, first: str, last: str, day: date) -> Sequence[Row[Any]]:
    """Return the contracts in force on a day of the accounts from the first to the last number, with org unit and facts."""
    c, a = CONTRACT.c, ACCOUNT.c
    wanted = (c.contract_no, c.account_no, c.service_point_no, c.from_date, c.to_date, a.org_unit, a.facts)
    in_force = and_(~c.annulled, c.from_date <= day, or_(c.to_date.is_(None), c.to_date > day))
    return await view.all(
        select(*wanted)
        .select_from(CONTRACT.join(ACCOUNT, a.account_no == c.account_no))
        .where(a.account_no >= first, a.account_no <= last, in_force)
        .order_by(c.contract_no)
    )


def at(point: ColumnElement[str], day: ColumnElement[date]) -> tuple[Label[str | None], Label[str | None]]:
    """Return the account and the contract that supply a point on a day, each as a column of a statement over points and days.

    NULL where nobody is supplied there then.
    """
    account, contract = (
        select(name)
        .where(_in_force_at(point, day))
        .order_by(CONTRACT.c.contract_no)
        .limit(1)
        .scalar_subquery()
        .label(name.name)
        for name in (CONTRACT.c.account_no, CONTRACT.c.contract_no)
    )
    return account, contract


def by(account_no: str, point: ColumnElement[str], day: ColumnElement[date]) -> ColumnElement[bool]:
    """Return the condition that an account is supplied at a point on a day."""
    mine = and_(CONTRACT.c.account_no == account_no, _in_force_at(point, day))
    return select(CONTRACT.c.contract_no).where(mine).exists()


def _in_force_at(point: ColumnElement[str], day: ColumnElement[date]) -> ColumnElement[bool]:
    c = CONTRACT.c
    return and_(c.service_point_no == point, ~c.annulled, c.from_date <= day, or_(c.to_date.is_(None), c.to_date > day))


def terms_on(facts: str, day: date) -> AccountTerms:
    """Return what an account is on a day."""
    terms = account_terms_of(facts)
    return max((one for one in terms if one.from_ <= day), key=lambda one: one.from_, default=terms[0])
