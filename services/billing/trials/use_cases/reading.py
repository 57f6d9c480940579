"""What a chunk of a trial is made of, read from the books in one moment, without a lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, false, or_

from services.billing.bills.store import touched
from services.billing.bills.use_cases import inputs
from services.billing.bills.use_cases.asked import Asked
from services.billing.bills.use_cases.inputs import Inputs
from services.billing.contracts.store import contracts as contracts_store
from services.billing.review.domain import findings
from services.billing.review.domain.beside import Runs
from services.billing.tariffs.store.documents import TARIFF
from services.billing.trials.domain.trial import Scope
from services.billing.trials.use_cases.chunk import Chunk, Head
from services.billing.trials.use_cases.setting import Loaded, Proposed
from shared.db.engine import View

_NOTHING: Final = Inputs(stored={}, known={}, old_lines={}, last_year={}, runs=Runs(), measured={}, proposed=())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bills are of the scope, and which of all bills the trial rates again; None: those of the scope."""

    in_scope: ColumnElement[bool]
    again: ColumnElement[bool] | None


async def wanted(view: View, scope: Scope, loaded: Loaded) -> Wanted:
    """Return the conditions of a trial's bills.

    Where rating documents alone are tried, what an activation of them would calculate again is: the bills that they touch, of
    whatever cycle, and those that could not be rated. A policy and another software touch all bills of the scope.
    """
    in_scope = touched.of_scope(scope.org_unit, scope.route_no, (scope.cycle_from, scope.cycle_to))
    if not loaded.proposed:
        return Wanted(in_scope, None)
    conditions = [await _touched_by(view, one, loaded) for one in loaded.proposed]
    again = touched.in_force_or_never_rated(or_(false(), *conditions))
    return Wanted(in_scope, or_(again, in_scope) if loaded.of_policy else again)


async def begin_later(view: View, scope: Scope, loaded: Loaded) -> list[str]:
    """Return the names of what is proposed and begins after all days of the bills of the scope, where there are any bills."""
    first: dict[str, date] = {}
    for one in loaded.proposed:
        first[one.document_id] = min(one.changed[0], first.get(one.document_id, date.max))
    if not first:
        return []
    in_scope = touched.of_scope(scope.org_unit, scope.route_no, (scope.cycle_from, scope.cycle_to))
    end = await touched.end(view, in_scope)
    return [] if end is None else sorted(name for name, day in first.items() if day >= end)


async def applied(view: View, conditions: Wanted, loaded: Loaded) -> list[dict[str, Any]]:
    """Return what is proposed with the days [from, to) on which it is tried, and how many bills of the scope it touches."""
    touches = [await _touched_by(view, one, loaded) for one in loaded.proposed]
    bills = await touched.count_each(view, conditions.in_scope, touches) if touches else []
    return [
        {"kind": one.kind, "document_id": one.document_id, "version": one.version, **_days(one, loaded), "bills": count}
        for one, count in zip(loaded.proposed, bills, strict=True)
    ]


def _days(one: Proposed, loaded: Loaded) -> dict[str, str | None]:
    from_, to = one.changed
    for version in loaded.book.versions.get(one.document_id, ()) if one.kind == TARIFF else ():
        if version.version == one.version:
            from_, to = version.from_ or date.min, version.to or date.max
    return {
        "from": None if from_ == date.min else from_.isoformat(),
        "to": None if to == date.max else to.isoformat(),
    }


async def count(view: View, conditions: Wanted) -> int:
    """Count the contracts with bills of the scope."""
    return (await touched.count(view, conditions.in_scope))["contracts"]


async def chunk(view: View, conditions: Wanted, *, after: str, limit: int) -> Chunk | None:
    """Return the next contracts behind a number with what they are tried from; None where there are no more."""
    first = await touched.contracts(view, conditions.in_scope, after=after, limit=limit)
    if not first:
        return None
    numbers = list(first)
    again: Mapping[str, date] = first
    if conditions.again is not None:
        again = await touched.first_days(view, conditions.again, numbers)
    terms = await contracts_store.terms_by_number(view, numbers, lock=False)
    heads = await touched.heads(view, conditions.in_scope, numbers)
    asked = {no: Asked(terms=terms[no], again=day, cause=findings.TARIFF_CHANGED) for no, day in again.items()}
    read = await inputs.read(view, asked, lock=False) if asked else _NOTHING
    return Chunk(
        last=max(numbers),
        heads=_heads(heads),
        terms=terms,
        asked=asked,
        inputs=replace(read, proposed=()),
    )


def _heads(rows: Sequence[Row[Any]]) -> list[Head]:
    return [
        Head(
            bill_id=row.bill_id,
            account_no=row.account_no,
            contract_no=row.contract_no,
            org_unit=row.org_unit,
            cycle=row.cycle,
            period_to=row.period_to,
            total_fen=row.total_fen,
            findings=row.findings,
        )
        for row in rows
    ]


async def _touched_by(view: View, one: Proposed, loaded: Loaded) -> ColumnElement[bool]:
    if one.kind == TARIFF:
        versions = loaded.book.versions.get(one.document_id, ())
        return or_(false(), *(touched.by_version(t) for t in versions if t.version == one.version))
    return await touched.by_document(view, one.kind, one.document_id, *one.changed)
