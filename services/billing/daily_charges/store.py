"""Daily registers and what they cost, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, func, select

from services.billing.daily_charges import tables
from services.billing.daily_charges.domain import PREPAID, Charge, Rated, Register
from services.billing.usages.domain import PackedCurve
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.prepaid import DailyRegister

REGISTER, CHARGE, ESTIMATE = tables.REGISTER, tables.CHARGE, tables.ESTIMATE


async def hear(tx: Tx, facts: Sequence[DailyRegister]) -> list[str]:
    """Keep the newest registers, each point once, and return the points of which one was not known in it."""
    rows = await bulk.upsert_newer(
        tx,
        REGISTER,
        {
            "service_point_no": [fact.service_point_no for fact in facts],
            "version": [fact.version for fact in facts],
            "org_unit": [fact.org_unit for fact in facts],
            "period_from": [fact.period_from for fact in facts],
            "through": [fact.through for fact in facts],
            "said": [_said(fact) for fact in facts],
            "heard_at": [tx.now] * len(facts),
        },
        key=("service_point_no",),
    )
    return [row.service_point_no for row in rows]


def _said(fact: DailyRegister) -> str:
    curves = [(c.quantity, c.start, c.minutes, c.values) for c in fact.curves]
    rest = {"route_no": fact.route_no, "cycle": fact.cycle, "read_date": fact.read_date, "cycle_from": fact.cycle_from}
    rest |= {"months": fact.months, "energy": fact.energy_wh, "demand": fact.demand_w, "curves": curves}
    return orjson.dumps(rest).decode()


async def registers(view: View, service_points: Sequence[str]) -> dict[str, Register]:
    """Return the newest registers, by point."""
    rows = await bulk.select_in(view, REGISTER, {"service_point_no": service_points})
    return {row.service_point_no: _register(row) for row in rows}


def _register(row: Row[Any]) -> Register:
    said = orjson.loads(row.said)
    return Register(
        service_point_no=row.service_point_no,
        version=row.version,
        org_unit=row.org_unit,
        route_no=said["route_no"],
        period_from=row.period_from,
        through=row.through,
        cycle=said["cycle"],
        read_date=date.fromisoformat(said["read_date"]),
        cycle_from=date.fromisoformat(said["cycle_from"]) if said["cycle_from"] else None,
        months=said["months"],
        energy_wh=said["energy"],
        demand_w=said["demand"],
        curves=[
            PackedCurve(q, datetime.fromisoformat(at), minutes, values) for q, at, minutes, values in said["curves"]
        ],
    )


async def told(view: View, contract_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return what was told last, by contract."""
    rows = await bulk.select_in(view, CHARGE, {"contract_no": contract_nos})
    return {row.contract_no: row for row in rows}


async def put(tx: Tx, charges: Mapping[str, tuple[Mapping[str, str], int, Charge]]) -> None:
    """Keep what is told of contracts: its account, point and org unit, its version, and what it says."""
    values = [asdict(charge) for _, _, charge in charges.values()]
    await bulk.upsert_newer(
        tx,
        CHARGE,
        {
            "contract_no": list(charges),
            **{
                name: [of[name] for of, _, _ in charges.values()]
                for name in ("account_no", "service_point_no", "org_unit")
            },
            "version": [version for _, version, _ in charges.values()],
            **{name: [each[name] for each in values] for name in Charge.__dataclass_fields__},
            "whole": [charge.whole for _, _, charge in charges.values()],
            "told_at": [tx.now] * len(charges),
        },
        key=("contract_no",),
    )


async def keep(tx: Tx, given: Mapping[str, tuple[int, Rated]]) -> None:
    """Keep what registers came to, by contract with the version that was told, in place of what one of the same first day did."""
    rated = {no: each for no, (_, each) in given.items()}
    await bulk.upsert_newer(
        tx,
        ESTIMATE,
        {
            "contract_no": list(rated),
            "period_from": [each.period_from for each in rated.values()],
            "version": [version for version, _ in given.values()],
            "through": [each.through for each in rated.values()],
            "amount_fen": [each.amount_fen for each in rated.values()],
            "energy_wh": [each.energy_wh for each in rated.values()],
            "lines": [each.lines for each in rated.values()],
            "rated_at": [tx.now] * len(rated),
        },
        key=("contract_no", "period_from"),
    )


async def estimate(view: View, contract_no: str, period_from: date) -> Row[Any] | None:
    """Return what the register of a contract that begins on a day came to last."""
    c = ESTIMATE.c
    return await view.first(select(ESTIMATE).where(c.contract_no == contract_no, c.period_from == period_from))


async def turning(view: View, today: date, limit: int) -> list[str]:
    """Return the next contracts that are paid in another way since they were told."""
    c = CHARGE.c
    chosen = select(c.contract_no).where(c.turns_on <= today).order_by(c.turns_on, c.contract_no).limit(limit)
    return [row.contract_no for row in await view.all(chosen)]


def unrated() -> ColumnElement[bool]:
    """Return the condition that a part of what a prepaid contract uses could not be rated."""
    return and_(~CHARGE.c.whole, CHARGE.c.mode == PREPAID)


async def count_unrated(view: View) -> int:
    """Return how many contracts have a part that could not be rated."""
    return int(await view.scalar(select(func.count()).select_from(CHARGE).where(unrated())))


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, where: Sequence[ColumnElement[bool]]
) -> Sequence[Row[Any]]:
    """Return a page of what was told last, in order of contracts."""
    c = CHARGE.c
    chosen = select(CHARGE).where(visible(c.org_unit), after(c.contract_no), *where)
    return await view.all(chosen.order_by(c.contract_no).limit(limit))


async def of_account(view: View, account_no: str) -> Sequence[Row[Any]]:
    """Return what was told last of the contracts of an account, with the lines of the register."""
    c, e = CHARGE.c, ESTIMATE.c
    last = and_(e.contract_no == c.contract_no, e.version == c.version)  # of the register that is in it, if one is
    lines = func.coalesce(e.lines, "[]").label("lines")
    chosen = select(CHARGE, lines).select_from(CHARGE.outerjoin(ESTIMATE, last))
    return await view.all(chosen.where(c.account_no == account_no).order_by(c.contract_no, e.period_from).limit(500))
