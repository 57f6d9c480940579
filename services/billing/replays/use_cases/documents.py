"""Bills with every document that came of them: what took their place, what corrects and adjusts them, charges, final bills."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.adjustments import store as adjustments_store
from services.billing.bills.store import corrections as corrections_store
from services.billing.bills.store import recomputed as bills_store
from services.billing.cases.store import recomputed as cases_store
from services.billing.closings.store import recomputed as closings_store
from services.billing.context import Context
from services.billing.replays.domain import Replayed
from services.billing.replays.use_cases import later, recomputing
from services.billing.replays.use_cases.later import Known
from shared.db.engine import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that was calculated again, a correction with its differences. `bill_id`: one that it came of, if any."""

    kind: str
    org_unit: str
    bill_id: str | None
    route_no: str
    cycle: str
    replayed: Sequence[Replayed]


@dataclass(slots=True, kw_only=True)
class _Rows:
    """Documents as they are stored, by kind."""

    bills: list[str] = field(default_factory=list)
    corrections: Sequence[Row[Any]] = ()
    adjustments: Sequence[Row[Any]] = ()
    charges: Sequence[Row[Any]] = ()
    closings: Sequence[Row[Any]] = ()

    def needed(self) -> set[str]:
        """Return the bills that are calculated again for them."""
        found = {*self.bills, *(row.bill_id for row in self.closings)}
        for row in self.corrections:
            found |= _corrected(row)
        for row in self.adjustments:
            found |= later.bills_of(orjson.loads(row.working))
        return found


async def of_bill(view: View, bill_id: str, *, context: Context) -> list[Replayed] | None:
    """Calculate a bill again with every later document of it, the bill first; None where there is no such bill."""
    own = (await bills_store.whole(view, [bill_id])).get(bill_id)
    if own is None:
        return None
    ids = _later(bill_id, [(row.bill_id, row.replaces) for row in await bills_store.of_contract(view, own.contract_no)])
    corrections = [row for row in await bills_store.corrections_of(view, own.contract_no) if {*ids} & _corrected(row)]
    points = [own.service_point_no]
    signalled = await cases_store.bills_of(view, service_point_no=points)
    cases = [case_no for case_no, bills in signalled.items() if {*ids} & bills]
    closings = [row for row in await closings_store.of_points(view, points) if row.bill_id in ids]
    rows = _Rows(
        bills=ids,
        corrections=corrections,
        adjustments=await _adjustments(view, own.account_no, {*ids}, cases),
        charges=await cases_store.charges_of(view, cases),
        closings=closings,
    )
    known = await _known(view, rows, context)
    differing = await corrections_store.differences(view, [row.correction_id for row in corrections])
    return [
        *(known.found.replayed[one] for one in ids),
        *(later.correction(row, known) for row in corrections),
        *(later.difference(row, known) for each in corrections for row in differing[each.correction_id]),
        *(later.adjustment(row, known) for row in rows.adjustments),
        *(later.charge(row, known) for row in rows.charges),
        *(later.final_bill(row, known) for row in closings),
    ]


async def by_id(view: View, ids: Sequence[str], *, context: Context) -> dict[str, Document]:
    """Calculate documents of any kind again; the number of statements does not depend on how many they are.

    A bill alone, a correction with its differences, the final bill of a closing by the number of that.
    """
    if not ids:
        return {}
    rows = _Rows(
        bills=sorted(await bills_store.whole(view, ids)),
        corrections=await bills_store.corrections(view, ids),
        adjustments=await adjustments_store.by_id(view, ids),
        charges=await cases_store.charges(view, ids),
        closings=await closings_store.billed(view, ids),
    )
    known = await _known(view, rows, context)
    differing = await corrections_store.differences(view, [row.correction_id for row in rows.corrections])
    cases = await cases_store.bills_of(
        view, case_no=sorted({r.case_no for r in (*rows.charges, *rows.adjustments) if r.case_no})
    )
    found = {}
    for one in rows.bills:
        found[one] = _document(known.bills[one], one, known.found.replayed[one])
    for row in rows.corrections:
        of = sorted(_corrected(row) & known.bills.keys())
        if of:
            parts = [later.correction(row, known), *(later.difference(d, known) for d in differing[row.correction_id])]
            found[row.correction_id] = _document(known.bills[of[0]], of[0], *parts)
    for row in rows.adjustments:
        bills = later.bills_of(orjson.loads(row.working)) or cases.get(row.case_no, set())
        found[row.adjustment_id] = _document(row, min(bills, default=None), later.adjustment(row, known))
    for row in rows.charges:
        bill_id = min(cases.get(row.case_no, ()), default=None)
        found[row.charge_no] = _document(row, bill_id, later.charge(row, known))
    for row in rows.closings:
        found[row.closing_no] = _document(row, row.bill_id, later.final_bill(row, known))
    return found


async def _known(view: View, rows: _Rows, context: Context) -> Known:
    """Calculate the bills again that documents rest on, and load what else they rest on."""
    bills = await bills_store.whole(view, sorted(rows.needed()))
    found = await recomputing.recompute(view, bills.values(), context=context)
    tests = sorted({row.dispute_no for row in rows.adjustments if row.case_no is None})
    calculations = [(row.case_no, row.calculation_number) for row in rows.charges]
    calculations += [(row.case_no, row.test_version) for row in rows.adjustments if row.case_no]
    taken_back = sorted({row.reverses for row in rows.adjustments if row.reverses})
    return Known(
        bills=bills,
        found=found,
        tests=await adjustments_store.by_number(view, tests),
        calculations=await cases_store.calculations(view, calculations),
        adjustments={row.adjustment_id: row for row in await adjustments_store.by_id(view, taken_back)},
    )


def _later(bill_id: str, of_contract: Sequence[tuple[str, str | None]]) -> list[str]:
    """Return a bill and those that took its place, one after the other."""
    found = [bill_id]
    while more := [one for one, before in of_contract if before in found and one not in found]:
        found += more
    return found


def _corrected(row: Row[Any]) -> set[str]:
    return {*orjson.loads(row.reversals), *orjson.loads(row.replacements)}


async def _adjustments(view: View, account_no: str, of_bills: set[str], cases: Sequence[str]) -> list[Row[Any]]:
    """Return the adjustments of an account that rest on some bills, those of some cases, and those that take them back."""
    rows = await adjustments_store.of_account(view, account_no)
    ids = {row.adjustment_id for row in rows if of_bills & later.bills_of(orjson.loads(row.working))}
    of_cases = [row for each in (await adjustments_store.issued(view, cases)).values() for row in each]
    return [*(row for row in rows if row.adjustment_id in ids or row.reverses in ids), *of_cases]


def _document(row: Row[Any], bill_id: str | None, *replayed: Replayed) -> Document:
    """Return a document with where it belongs: its own row says, or that of its bill."""
    values = dict(row._mapping)
    return Document(
        kind=replayed[0].kind,
        org_unit=row.org_unit,
        bill_id=bill_id,
        route_no=values.get("route_no", ""),
        cycle=values.get("cycle") or f"{values['billed_on']:%Y-%m}",
        replayed=replayed,
    )
