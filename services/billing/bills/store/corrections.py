"""Corrections of issued bills and their difference documents."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Date, Row, and_, func, select

from services.billing.bills.domain.bills import CANCELLED, ISSUED, PROPOSED
from services.billing.bills.tables import BILL, BILL_DOCUMENT, CORRECTION, DIFFERENCE
from shared.db import bulk, columns, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events import billing as events

OF_CONTRACT_MAX = 1000  # the newest corrections of one contract: more than a life has


async def record(tx: Tx, made: Sequence[tuple[str, events.BillCorrected]], actor: str) -> None:
    """Store corrections, as (style, fact), with their difference documents."""
    facts = [fact for _, fact in made]
    await bulk.insert_rows(
        tx,
        CORRECTION,
        {
            "correction_id": [f.correction_id for f in facts],
            "account_no": [f.account_no for f in facts],
            "contract_no": [(*f.reversals, *f.replacements)[0].contract_no for f in facts],
            "reason": [f.reason for f in facts],
            "style": [style for style, _ in made],
            "corrected_on": [f.corrected_on for f in facts],
            "reversed_fen": [sum(b.total_fen for b in f.reversals) for f in facts],
            "replaced_fen": [sum(b.total_fen for b in f.replacements) for f in facts],
            "reversals": [orjson.dumps([b.bill_id for b in f.reversals]).decode() for f in facts],
            "replacements": [orjson.dumps([b.bill_id for b in f.replacements]).decode() for f in facts],
            "actor": [actor] * len(facts),
        },
    )
    await _record_differences(tx, facts)


async def _record_differences(tx: Tx, facts: Sequence[events.BillCorrected]) -> None:
    documents = [
        (fact, old, d)
        for fact in facts
        if fact.differences
        for old, d in zip(fact.reversals, fact.differences, strict=True)
    ]
    await bulk.insert_rows(
        tx,
        DIFFERENCE,
        {
            "difference_id": [d.difference_id for _, _, d in documents],
            "correction_id": [fact.correction_id for fact, _, _ in documents],
            "account_no": [fact.account_no for fact, _, _ in documents],
            "org_unit": [old.org_unit for _, old, _ in documents],
            "cycle": [d.cycle for _, _, d in documents],
            "bill_id": [d.bill_id for _, _, d in documents],
            "replacement_id": [d.replacement_id for _, _, d in documents],
            "issued_on": [fact.corrected_on for fact, _, _ in documents],
            "due_on": [d.due_on for _, _, d in documents],
            "total_fen": [d.total_fen for _, _, d in documents],
            "components": [_stored(d) for _, _, d in documents],
        },
    )


def _stored(document: events.Difference) -> str:
    return orjson.dumps([[part.component, part.amount_fen] for part in document.components]).decode()


async def corrected_by(view: View, bill_id: str, contract_no: str) -> str | None:
    """Return the correction that took a bill out of force."""
    c = CORRECTION.c
    found: str | None = await view.scalar(
        select(c.correction_id).where(c.contract_no == contract_no, c.reversals.contains(f'"{bill_id}"')).limit(1)
    )
    return found


async def told_by(view: View, bill_id: str) -> str | None:
    """Return the difference document that told of a bill which is none of its own."""
    d = DIFFERENCE.c
    found: str | None = await view.scalar(select(d.difference_id).where(d.replacement_id == bill_id))
    return found


async def differences(view: View, correction_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the difference documents of corrections, oldest cycle first."""
    d = DIFFERENCE.c
    rows = await bulk.select_in(
        view, DIFFERENCE, {"correction_id": correction_ids}, order_by=(d.cycle, d.difference_id)
    )
    found: dict[str, list[Row[Any]]] = {correction_id: [] for correction_id in correction_ids}
    for row in rows:
        found[row.correction_id].append(row)
    return found


async def touched(view: View, changed: Mapping[str, date]) -> dict[str, list[str]]:
    """Return, by contract, the issued bills in force with a day from a given one on."""
    given = travel.relation(
        view, "changed", {"contract_no": (columns.No, list(changed)), "since": (Date(), list(changed.values()))}
    )
    b = BILL.c
    since = and_(b.contract_no == given.c.contract_no, b.period_to > given.c.since, b.status == ISSUED)
    wanted = select(b.contract_no, b.bill_id).select_from(given.join(BILL, since))
    found: dict[str, list[str]] = {}
    for row in await view.all(wanted.order_by(b.contract_no, b.bill_id)):
        found.setdefault(row.contract_no, []).append(row.bill_id)
    return found


async def of_contracts(view: View, contract_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the corrections of contracts, first to last, without those that only take a bill out of force."""
    c = CORRECTION.c
    return await bulk.select_in(
        view,
        CORRECTION,
        {"contract_no": contract_nos},
        where=c.reason != CANCELLED,
        order_by=(c.corrected_on, c.correction_id),
    )


async def proposed_for(view: View, contract_nos: Sequence[str]) -> list[str]:
    """Return the issued bills of contracts whose correction waits for a reviewer."""
    b = BILL.c
    proposed = and_(b.status == PROPOSED, b.replaces.is_not(None))
    rows = await bulk.select_in(view, BILL, {"contract_no": contract_nos}, columns=(b.replaces,), where=proposed)
    return [row.replaces for row in rows]


async def difference(view: View, difference_id: str) -> Row[Any] | None:
    """Return a difference document, with the lines of the bills before and after as they are stored."""
    d, was, now = DIFFERENCE.c, BILL_DOCUMENT.alias("was"), BILL_DOCUMENT.alias("now")
    joined = DIFFERENCE.join(was, was.c.bill_id == d.bill_id).outerjoin(now, now.c.bill_id == d.replacement_id)
    lines = (was.c.lines.label("lines_before"), func.coalesce(now.c.lines, "[]").label("lines_now"))
    return await view.first(select(DIFFERENCE, *lines).select_from(joined).where(d.difference_id == difference_id))


async def correction(view: View, correction_id: str) -> Row[Any] | None:
    """Return a correction."""
    return await view.first(select(CORRECTION).where(CORRECTION.c.correction_id == correction_id))


async def difference_head(view: View, difference_id: str) -> Row[Any] | None:
    """Return a difference document without the lines of its bills."""
    return await view.first(select(DIFFERENCE).where(DIFFERENCE.c.difference_id == difference_id))


async def of_bills(view: View, contract_no: str, bill_ids: Sequence[str]) -> list[Row[Any]]:
    """Return the corrections of a contract that took any of some bills out of force, or made one, in their order."""
    c, known = CORRECTION.c, set(bill_ids)
    own = select(CORRECTION).where(c.contract_no == contract_no).order_by(c.correction_id.desc()).limit(OF_CONTRACT_MAX)
    rows = reversed(await view.all(own))
    return [row for row in rows if known & {*orjson.loads(row.reversals), *orjson.loads(row.replacements)}]


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None
) -> Sequence[Row[Any]]:
    """List corrections in the order of their making."""
    c = CORRECTION.c
    seen = select(BILL.c.bill_id).where(BILL.c.contract_no == c.contract_no, visible(BILL.c.org_unit))
    statement = select(CORRECTION).where(seen.exists(), after(c.correction_id))
    if account_no is not None:
        statement = statement.where(c.account_no == account_no)
    return await view.all(statement.order_by(c.correction_id).limit(limit))
