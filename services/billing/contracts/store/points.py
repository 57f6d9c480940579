"""Service points as reading tells them, and the contracts that name one before it is known, or named another bureau's."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, select

from services.billing.contracts.tables import ACCOUNT, CONTRACT, IS_ASKING, IS_UNDECIDED, SERVICE_POINT, SUB_METER
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.reading import ServicePointChanged

Asked = Mapping[str, Sequence[str]]
"""Points that are not known yet, each with the org units of who named it."""


async def anchor(tx: Tx, service_points: Sequence[str]) -> dict[str, str]:
    """Lock service points, known to billing or not, so that their contracts change one by one; return whose they are."""
    ordered = sorted(set(service_points))
    await bulk.insert_ignore(tx, SERVICE_POINT, {"service_point_no": ordered}, key=("service_point_no",))
    return await owners(tx, ordered, for_update=True)


async def owners(view: View, service_points: Collection[str], *, for_update: bool = False) -> dict[str, str]:
    """Return whose service points are, of those that reading has told."""
    c = SERVICE_POINT.c
    rows = await bulk.select_in(
        view,
        SERVICE_POINT,
        {"service_point_no": sorted(service_points)},
        columns=(c.service_point_no, c.org_unit),
        order_by=(c.service_point_no,),
        for_update=for_update,
    )
    return {row.service_point_no: row.org_unit for row in rows if row.org_unit is not None}


async def put(tx: Tx, points: Sequence[ServicePointChanged]) -> list[str]:
    """Insert service points, in the order of their numbers, or replace what is older; return the numbers of those applied."""
    columns = {name: [getattr(point, name) for point in points] for name in ("service_point_no", "org_unit", "version")}
    rows = await bulk.upsert_newer(tx, SERVICE_POINT, columns, key=("service_point_no",))
    return [row.service_point_no for row in rows]


async def accounts_that_ask(view: View, service_points: Sequence[str]) -> set[str]:
    """Return the accounts with a contract that waits for one of these points, as its own or as a sub-meter."""
    names = CONTRACT.c.contract_no, CONTRACT.c.account_no
    asks = CONTRACT.c.asked != ""
    own = await bulk.select_in(view, CONTRACT, {"service_point_no": service_points}, columns=names, where=asks)
    behind = await bulk.select_in(
        view, SUB_METER, {"service_point_no": service_points}, columns=(SUB_METER.c.contract_no,)
    )
    numbers = sorted({row.contract_no for row in behind})
    mains = await bulk.select_in(view, CONTRACT, {"contract_no": numbers}, columns=names, where=asks)
    return {row.account_no for row in (*own, *mains)}


async def asked_by(view: View, account_nos: Sequence[str]) -> dict[str, Asked]:
    """Return, by contract, what the contracts of accounts wait for."""
    names = CONTRACT.c.contract_no, CONTRACT.c.asked
    rows = await bulk.select_in(
        view, CONTRACT, {"account_no": account_nos}, columns=names, where=CONTRACT.c.asked != ""
    )
    return {row.contract_no: asked_of(row.asked) for row in rows}


def asked_of(text: str) -> Asked:
    """Return from its text what a contract waits for."""
    return dict(orjson.loads(text)) if text else {}


async def note(tx: Tx, contracts: Mapping[str, tuple[Asked, Collection[str]]]) -> None:
    """Note what contracts wait for, since when, and which of their points were refused."""
    rows = await bulk.select_in(
        tx, CONTRACT, {"contract_no": sorted(contracts)}, columns=(CONTRACT.c.contract_no, CONTRACT.c.asked_at)
    )
    since = {row.contract_no: row.asked_at or tx.now for row in rows}
    await bulk.update_from(
        tx,
        CONTRACT,
        {
            "contract_no": list(contracts),
            "asked": [_text(asked) for asked, _ in contracts.values()],
            "asked_at": [since[no] if asked else None for no, (asked, _) in contracts.items()],
            "refused": [_text(sorted(refused)) for _, refused in contracts.values()],
        },
        key=("contract_no",),
    )


async def asking_oldest(view: View) -> datetime | None:
    """Return since when the oldest contract waits for a point to be known; one that was annulled waits for none."""
    since = CONTRACT.c.asked_at
    oldest: datetime | None = await view.scalar(
        select(since).where(IS_ASKING, ~CONTRACT.c.annulled, since.is_not(None)).order_by(since).limit(1)
    )
    return oldest


def _text(value: Any) -> str:
    return orjson.dumps(value).decode() if value else ""


async def page(view: View, *, visible: Condition, after: Condition, limit: int, refused: bool) -> Sequence[Row[Any]]:
    """List by number the contracts that wait for a point to be known, or those with a point that was refused."""
    c = CONTRACT.c
    text = (c.refused if refused else c.asked).label("points")
    return await view.all(
        select(c.contract_no, c.account_no, ACCOUNT.c.org_unit, text)
        .join(ACCOUNT, ACCOUNT.c.account_no == c.account_no)
        .where(IS_UNDECIDED, text != "", visible(ACCOUNT.c.org_unit), after(c.contract_no))
        .order_by(c.contract_no)
        .limit(limit)
    )
