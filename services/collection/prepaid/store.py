"""Estimates and standings of prepaid accounts, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, and_, exists, func, literal_column, or_, select, true

from services.collection.ledger.store import accounts as ledger_accounts
from services.collection.prepaid import domain, tables
from services.collection.prepaid.domain import Estimate, Standing
from shared.db import bulk, columns, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.prepaid import DailyChargeEstimated

CONTRACT, PREPAID = tables.CONTRACT, tables.PREPAID
_P = PREPAID.c
Account = dict[str, Any]
"""A row of `prepaid_account`, by its columns."""


async def put_estimates(tx: Tx, facts: Sequence[DailyChargeEstimated]) -> set[str]:
    """Keep the newest estimate of each contract, and return the accounts of those that were not known in it."""
    count = len(facts)
    same = [*("contract_no", "account_no", "service_point_no", "version", "mode", "period_from", "through")]
    same += ["amount_fen", "usual_fen", "whole"]
    given: dict[str, Sequence[Any]] = {name: [getattr(fact, name) for fact in facts] for name in same}
    rows = await bulk.upsert_newer(tx, CONTRACT, given | {"dropped": [False] * count}, key=("contract_no",))
    applied = {row.contract_no for row in rows}
    return {fact.account_no for fact in facts if fact.contract_no in applied}


async def ensure(tx: Tx, org_units: Mapping[str, str]) -> None:
    """Have a row for each of accounts, to be judged where it is new."""
    numbers, count = sorted(org_units), len(org_units)
    plain: dict[str, Any] = {
        **dict.fromkeys(
            ("prepaid_fen", "owed_fen", "estimate_fen", "available_fen", "below_fen", "warned", "notices"), 0
        ),
        **dict.fromkeys(("mode", "announcement_id", "code", "doubt", "doubt_why"), ""),
        **dict.fromkeys(("through", "overdrawn_on", "told_at", "propose_at", "doubt_by", "judged_at")),
        "due": 1,
        "episode": 1,
        "state": "enough",
    }
    given = {name: [value] * count for name, value in plain.items()}
    own = {"account_no": numbers, "org_unit": [org_units[number] for number in numbers]}
    await bulk.insert_ignore(tx, PREPAID, own | given, key=("account_no",))


async def mark(tx: Tx, account_nos: Sequence[str]) -> None:
    """Have those of accounts that are prepaid judged."""
    if account_nos:
        given = travel.relation(tx, "given", {"account_no": (columns.No, sorted(set(account_nos)))})
        await tx.execute(PREPAID.update().where(_P.account_no == given.c.account_no).values(due=1))


async def leave(tx: Tx, account_nos: Sequence[str]) -> None:
    """Judge those of accounts that are not known no more until they are: their account marks them."""
    if account_nos:
        given = travel.relation(tx, "given", {"account_no": (columns.No, list(account_nos))})
        unknown = ~ledger_accounts.is_known(_P.account_no)
        await tx.execute(PREPAID.update().where(_P.account_no == given.c.account_no, unknown).values(due=0))


async def mark_all(tx: Tx) -> None:
    """Have all prepaid accounts judged."""
    await tx.execute(PREPAID.update().values(due=1))


async def drop(tx: Tx, billed: Sequence[tuple[str, date]]) -> None:
    """Drop the estimates of contracts of which a bill has come for days up to one, from their first day on."""
    given = travel.relation(
        tx,
        "billed",
        {"contract_no": (columns.No, [no for no, _ in billed]), "period_to": (Date(), [to for _, to in billed])},
    )
    covered = and_(CONTRACT.c.contract_no == given.c.contract_no, CONTRACT.c.period_from < given.c.period_to)
    await tx.execute(CONTRACT.update().where(covered).values(dropped=True))


async def estimates(view: View, account_nos: Sequence[str]) -> dict[str, list[Estimate]]:
    """Return the estimates of accounts."""
    rows = await bulk.select_in(
        view, CONTRACT, {"account_no": account_nos}, order_by=(CONTRACT.c.account_no, CONTRACT.c.contract_no)
    )
    found: dict[str, list[Estimate]] = {}
    for row in rows:
        found.setdefault(row.account_no, []).append(
            Estimate(
                contract_no=row.contract_no,
                service_point_no=row.service_point_no,
                mode=row.mode,
                amount_fen=row.amount_fen,
                usual_fen=row.usual_fen,
                whole=row.whole,
                through=row.through,
                dropped=row.dropped,
            )
        )
    return found


async def accounts(view: View, account_nos: Sequence[str]) -> list[Account]:
    """Return those of accounts that are prepaid, or were, in order."""
    rows = await bulk.select_in(view, PREPAID, {"account_no": account_nos}, order_by=(_P.account_no,))
    return [dict(row._mapping) for row in rows]


async def of_announcements(view: View, announcement_ids: Sequence[str]) -> list[Account]:
    """Return the accounts whose last announcements these are."""
    rows = await bulk.select_in(view, PREPAID, {"announcement_id": announcement_ids}, order_by=(_P.account_no,))
    return [dict(row._mapping) for row in rows]


async def due(view: View, limit: int) -> list[str]:
    """Return the next accounts that are to be judged."""
    chosen = select(_P.account_no).where(_P.due == literal_column("1")).order_by(_P.account_no).limit(limit)
    return [row.account_no for row in await view.all(chosen)]


async def to_propose(view: View, now: datetime, limit: int) -> list[str]:
    """Return the accounts of which a cut is to be proposed by now."""
    chosen = select(_P.account_no).where(_P.propose_at.is_not(None), _P.propose_at <= now).order_by(_P.propose_at)
    return [row.account_no for row in await view.all(chosen.limit(limit))]


async def write(tx: Tx, rows: Sequence[Account]) -> None:
    """Write accounts as they stand now."""
    if rows:
        given = {name: [row[name] for row in rows] for name in PREPAID.columns.keys()}  # noqa: SIM118
        await bulk.update_from(tx, PREPAID, given, key=("account_no",))


def standing(row: Account) -> Standing:
    """Return how an account stood when it was judged last."""
    names = ("warned", "notices", "episode", "overdrawn_on", "told_at", "propose_at", "doubt")
    return Standing(**{name: row[name] for name in names})


def is_prepaid(account_no: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that an account is prepaid by now."""
    return exists().where(CONTRACT.c.account_no == account_no, CONTRACT.c.mode == domain.PREPAID)


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, state: str | None, doubt: str | None
) -> Sequence[Row[Any]]:
    """Return a page of accounts, in order."""
    where = [visible(_P.org_unit), after(_P.account_no)]
    where += [] if state is None else [_P.state == state]
    where += [] if doubt is None else [_P.doubt == doubt]
    return await view.all(select(PREPAID).where(*where).order_by(_P.account_no).limit(limit))


async def gauges(view: View) -> dict[str, float]:
    """Return how many accounts wait for a person to look at their estimate, and how many are to be judged."""
    doubted, open_ = (_P.doubt == domain.WANTED), (_P.due == literal_column("1"))
    row = await view.first(
        select(func.count().filter(doubted).label("doubted"), func.count().filter(open_).label("open"))
        .select_from(PREPAID)
        .where(or_(doubted, open_), true())
    )
    assert row is not None
    return {"prepaid_rechecks_waiting": float(row.doubted), "prepaid_accounts_due": float(row.open)}
