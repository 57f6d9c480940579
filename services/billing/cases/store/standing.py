"""What stands of cases, read as one value: as many statements for many cases and documents as for few."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, and_, select

from services.billing.adjustments import store as adjustments_store
from services.billing.bills.store import corrections as corrections_store
from services.billing.cases import tables
from services.billing.cases.domain import standing as domain
from services.billing.cases.domain.standing import ADJUSTMENT, CLASS_CHANGE, PRICE, Document, Standing
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import supplied
from shared.dated import Period
from shared.db import bulk, travel
from shared.db.columns import No
from shared.db.engine import Tx, View

CASE, POINT, RECLASS = tables.CASE_FILE, tables.CASE_POINT, tables.CASE_RECLASS
CALCULATION, CHARGE = tables.CASE_CALCULATION, tables.CASE_CHARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChange:
    """A change of class of a case, with the corrections that came from it and how many of its bills wait for a reviewer.

    `holds`: the account is of that class still. `difference_fen`: None while that is open, or where it is not known.
    """

    row: Row[Any]
    holds: bool
    corrections: Sequence[Row[Any]]
    waiting: int
    difference_fen: int | None


async def lock(tx: Tx, points: Sequence[str]) -> None:
    """Lock the cases of all kinds at points, in the order of who opens them."""
    order = (POINT.c.service_point_no, POINT.c.kind)
    await bulk.select_in(tx, POINT, {"service_point_no": sorted(set(points))}, order_by=order, for_update=True)


async def around(view: View, account_no: str, points: Sequence[str]) -> Standing:
    """Return what stands of all cases at points, and of tested meters of an account there."""
    cases = await bulk.select_in(view, CASE, {"service_point_no": points}, columns=(CASE.c.case_no,))
    of_cases = await of(view, [row.case_no for row in cases])
    tested = [
        row
        for row in adjustments_store.not_taken_back(await adjustments_store.of_account(view, account_no))
        if row.case_no is None and row.service_point_no in set(points)
    ]
    documents = [each for one in of_cases.values() for each in one.documents]
    return Standing((*documents, *(_adjustment(row) for row in tested)))


async def of(
    view: View, case_nos: Sequence[str], changed: Mapping[str, Sequence[ClassChange]] | None = None
) -> dict[str, Standing]:
    """Return by case what stands of it; `changed`: their changes of class, where these are read already."""
    found: dict[str, list[Document]] = {number: [] for number in case_nos}
    if not case_nos:
        return {}
    changed = await class_changes(view, case_nos) if changed is None else changed
    for number, changes in changed.items():
        found[number] += [_class_change(each) for each in changes if each.row.done_on is not None]
    for row in await _charges(view, case_nos):
        found[row.case_no].append(_charge(row))
    for number, rows in (await adjustments_store.issued(view, case_nos)).items():
        found[number] += [_adjustment(row) for row in adjustments_store.not_taken_back(rows)]
    return {number: Standing(tuple(documents)) for number, documents in found.items()}


async def _charges(view: View, case_nos: Sequence[str]) -> Sequence[Row[Any]]:
    given = travel.relation(view, "given", {"case_no": (No, list(case_nos))})
    c, w = CHARGE.c, CALCULATION.c
    worked = and_(w.case_no == c.case_no, w.number == c.calculation_number)
    return await view.all(
        select(CHARGE, w.from_day, w.to_day, w.calculated_on)
        .select_from(given.join(CHARGE, c.case_no == given.c.case_no).outerjoin(CALCULATION, worked))
        .where(c.withdrawn_on.is_(None))
        .order_by(c.case_no, c.calculation_number, c.component)
    )


async def class_changes(view: View, case_nos: Sequence[str]) -> dict[str, list[ClassChange]]:
    """Return by case its changes of class, first to last, done or asked for."""
    given = travel.relation(view, "given", {"case_no": (No, list(case_nos))})
    rows = await view.all(
        select(RECLASS, CASE.c.service_point_no)
        .select_from(given.join(RECLASS, RECLASS.c.case_no == given.c.case_no))
        .join(CASE, CASE.c.case_no == RECLASS.c.case_no)
        .order_by(RECLASS.c.case_no, RECLASS.c.row_version)
    )
    if not rows:
        return {}
    accounts = await contracts_store.rows(view, sorted({row.account_no for row in rows}))
    facts = {row.account_no: row.facts for row in accounts}
    touched = {(row.case_no, row.row_version): _touched(row) for row in rows}
    contracts = sorted({no for by_contract in touched.values() for no in by_contract})
    corrected = await corrections_store.of_contracts(view, contracts) if contracts else []
    waiting = await corrections_store.proposed_for(view, contracts) if contracts else []
    found: dict[str, list[ClassChange]] = {}
    for row in rows:
        bills = {bill for listed in touched[row.case_no, row.row_version].values() for bill in listed}
        found.setdefault(row.case_no, []).append(_made(row, facts[row.account_no], bills, corrected, waiting))
    return found


def _touched(row: Row[Any]) -> Mapping[str, Sequence[str]]:
    found: Mapping[str, Sequence[str]] = orjson.loads(row.touched) if row.touched else {}
    return found


def _made(
    row: Row[Any], facts: str, bills: set[str], corrected: Sequence[Row[Any]], waiting: Sequence[str]
) -> ClassChange:
    mine = [each for each in corrected if bills & set(orjson.loads(each.reversals))]
    left = len(bills & set(waiting))
    known = row.touched is not None and not left
    holds = row.done_on is not None and supplied.terms_on(facts, row.from_day).customer_class == row.customer_class
    return ClassChange(
        row=row,
        holds=holds,
        corrections=mine,
        waiting=left,
        difference_fen=sum(each.replaced_fen - each.reversed_fen for each in mine) if known else None,
    )


def _class_change(made: ClassChange) -> Document:
    row = made.row
    return Document(
        kind=CLASS_CHANGE,
        number=f"{row.case_no}:{row.row_version}",
        case_no=row.case_no,
        account_no=row.account_no,
        service_point_no=row.service_point_no,
        claim=PRICE if made.holds else None,
        days=Period(row.from_day),
        fen=made.difference_fen,
    )


def _charge(row: Row[Any]) -> Document:
    return Document(
        kind=row.component,
        number=row.charge_no,
        case_no=row.case_no,
        account_no=row.account_no,
        service_point_no=row.service_point_no,
        claim=domain.claim_of(row.rule, row.component),
        # one that was adopted after a restore has lost its calculation
        days=domain.days(row.from_day, row.to_day, known_by=row.calculated_on or row.issued_on),
        fen=row.amount_fen,
    )


def _adjustment(row: Row[Any]) -> Document:
    return Document(
        kind=ADJUSTMENT,
        number=row.adjustment_id,
        case_no=row.case_no,
        account_no=row.account_no,
        service_point_no=row.service_point_no,
        claim=domain.claim_of("", ADJUSTMENT),
        days=domain.days(row.from_day, row.to_day, known_by=row.issued_on),
        fen=row.total_fen,
    )
