"""Findings of use, in and out: every function is one statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final, Literal

import orjson
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    ScalarSelect,
    case,
    cast,
    exists,
    false,
    func,
    select,
    true,
    union_all,
)

from services.billing.review import store as review_store
from services.billing.review.domain.precision import KNOWN, RIGHT, WRONG, Tally
from services.billing.review.store import UNSAID
from services.billing.uses.domain.findings import OPEN, WITHDRAWN, Judgement, Place, UseFinding
from services.billing.uses.tables import USE_FINDING, USE_VERDICT
from shared.db import bulk, columns, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

By = Literal["class", "org_unit"]
_BY: Final = {"class": "customer_class", "org_unit": "org_unit"}
_PLACE: Final = tuple(each.name for each in fields(Place))
_OWN: Final = tuple(each.name for each in fields(UseFinding) if each.name not in ("place", "values", "judged"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which findings a list shows; `score_min` in permille."""

    code: str | None = None
    state: str | None = None
    account_no: str | None = None
    service_point_no: str | None = None
    score_min: int | None = None


async def standing(view: View) -> list[str]:
    """Return the contracts of which something is found, in order."""
    f = USE_FINDING.c
    rows = await view.all(select(f.contract_no).where(f.state != WITHDRAWN).distinct().order_by(f.contract_no))
    return [row.contract_no for row in rows]


async def lock_between(tx: Tx, first: str, last: str) -> list[UseFinding]:
    """Return what was ever found of contracts from one number to another, locked to the end of the unit of work."""
    f = USE_FINDING.c
    mine = select(USE_FINDING).where(f.contract_no >= first, f.contract_no <= last).order_by(f.finding_id)
    return [_finding(row) for row in await tx.all(mine.with_for_update())]


async def lock(tx: Tx, finding_id: str) -> UseFinding | None:
    """Return a finding, locked to the end of the unit of work."""
    row = await tx.first(select(USE_FINDING).where(USE_FINDING.c.finding_id == finding_id).with_for_update())
    return None if row is None else _finding(row)


async def put(tx: Tx, findings: Sequence[UseFinding]) -> None:
    """Insert findings, or replace those with a lower version."""
    if not findings:
        return
    values: dict[str, list[Any]] = {name: [getattr(each, name) for each in findings] for name in _OWN}
    values |= {name: [getattr(each.place, name) for each in findings] for name in _PLACE}
    said = [each.judged for each in findings]
    values |= {
        "judged_as": [each.verdict if each else "" for each in said],
        "judged_on": [each and each.on for each in said],
        "judged_score": [each and each.score for each in said],
        "judged_wh_a_day": [each and each.wh_a_day for each in said],
    }
    values["working"] = [orjson.dumps(dict(each.values)).decode() for each in findings]
    await bulk.upsert_newer(tx, USE_FINDING, values, key=("finding_id",))


async def add_verdict(tx: Tx, finding: UseFinding, *, decided_by: str, day: date) -> None:
    """Store what a person said of a finding, in the version that it has by that."""
    row: dict[str, Any] = {
        "finding_id": finding.finding_id,
        "version": finding.version,
        "code": finding.code,
        "verdict": finding.verdict,
        "customer_class": finding.place.customer_class,
        "org_unit": finding.place.org_unit,
        "decided_by": decided_by,
        "business_date": day,
        "decided_at": tx.now,
    }
    await bulk.insert_rows(tx, USE_VERDICT, {name: [value] for name, value in row.items()})


async def ended_cases(view: View, finding_ids: Sequence[str]) -> dict[str, tuple[str, date]]:
    """Return of findings, as they were found last, what the ends of their cases say, and on which day that was said."""
    if not finding_ids:
        return {}
    said = review_store.of_cases().c
    given = travel.relation(view, "given", {"finding_id": (columns.No, list(finding_ids))})
    f = USE_FINDING.c
    of_it = (
        said.subject_id == given.c.finding_id,
        f.finding_id == given.c.finding_id,
        said.seen_on >= f.found_on,
        said.verdict != UNSAID,
    )
    found = select(said.subject_id, func.max(said.verdict).label("verdict"), func.max(said.business_date).label("day"))
    rows = await view.all(found.where(*of_it).group_by(said.subject_id))
    return {row.subject_id: (row.verdict, row.day) for row in rows}


def _by_case(finding: FromClause = USE_FINDING) -> ScalarSelect[Any]:
    """Return what the end of the case says that a finding, as it was found last, was a signal of; null where nothing."""
    said = review_store.of_cases().c
    of_it = said.subject_id == finding.c.finding_id, said.seen_on >= finding.c.found_on, said.verdict != UNSAID
    return select(func.max(said.verdict)).where(*of_it).correlate(finding).scalar_subquery()


def _wanted(filters: Filters) -> list[ColumnElement[bool]]:
    f = USE_FINDING.c
    names = ("code", "state", "account_no", "service_point_no")
    where = [_equals(f[name], getattr(filters, name)) for name in names]
    where += [f.score >= filters.score_min] if filters.score_min is not None else []
    return where


async def page(view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters) -> Sequence[Row[Any]]:
    """Return a page of findings by the day on which they were found, and id."""
    f = USE_FINDING.c
    return await view.all(
        select(USE_FINDING, _by_case().label("case_verdict"))
        .where(visible(f.org_unit), after(f.found_on, f.finding_id), *_wanted(filters))
        .order_by(f.found_on, f.finding_id)
        .limit(limit)
    )


async def page_by_worth(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    filters: Filters,
    precision: Mapping[str, int],
) -> Sequence[Row[Any]]:
    """Return a page of findings by what they are worth (`rank`, the negative of it), the most first: Wh a day times `precision`.

    `precision`: what is to be reckoned with of each detector, in permille.
    """
    f = USE_FINDING.c
    of_code = case(*((f.code == code, permille) for code, permille in precision.items()), else_=0)
    rank = cast(-f.wh_a_day * of_code, columns.Amount)
    return await view.all(
        select(USE_FINDING, _by_case().label("case_verdict"), rank.label("rank"))
        .where(visible(f.org_unit), after(rank, f.finding_id), *_wanted(filters))
        .order_by(rank, f.finding_id)
        .limit(limit)
    )


def _equals(column: ColumnElement[str], wanted: str | None) -> ColumnElement[bool]:
    return true() if wanted is None else column == wanted


async def row(view: View, finding_id: str) -> Row[Any] | None:
    """Return a finding."""
    shown = select(USE_FINDING, _by_case().label("case_verdict"))
    return await view.first(shown.where(USE_FINDING.c.finding_id == finding_id))


def _all_said(visible: Condition) -> FromClause:
    """Return what persons said of findings, and else what the ends of their cases say."""
    v, said, f = USE_VERDICT.c, review_store.of_cases().c, USE_FINDING.c
    shown = v.finding_id, v.code, v.verdict, v.customer_class, v.org_unit, v.business_date
    persons = select(*shown, false().label("by_case")).where(visible(v.org_unit))
    by_person = exists().where(v.finding_id == said.subject_id, v.business_date >= said.seen_on)
    of_case = f.finding_id, f.code, said.verdict, f.customer_class, f.org_unit, said.business_date
    cases = select(*of_case, true().label("by_case")).where(
        f.finding_id == said.subject_id, said.verdict != UNSAID, visible(f.org_unit), ~by_person
    )
    return union_all(persons, cases).subquery("said")


async def tallies(view: View, visible: Condition, *, by: By | None = None) -> dict[tuple[str, str], Tally]:
    """Count by code, and by class or org unit, what was said of findings that the caller sees; the key as in reviews.

    By persons, and by the ends of cases where no person did.
    """
    all_said = _all_said(visible)
    v = all_said.c
    keys = [v.code, *([v[_BY[by]]] if by else [])]
    said = [func.sum(case((v.verdict == each, 1), else_=0)).label(each) for each in (RIGHT, WRONG, KNOWN)]
    counted = select(*keys, func.count().label("found"), *said).select_from(all_said).group_by(*keys)
    return {
        (row.code, row._mapping[_BY[by]] if by else ""): Tally(
            row.found, int(row.right), int(row.wrong), int(row.known)
        )
        for row in await view.all(counted)
    }


async def found_wrongly(
    view: View, visible: Condition, keys: Collection[tuple[str, str]], *, by: By | None, limit: int
) -> dict[tuple[str, str], list[Row[Any]]]:
    """Return, by keys of `tallies`, the last findings of which it was said that they are wrong, the newest first."""
    if not keys:
        return {}
    v = (all_said := _all_said(visible)).c
    key = [v.code, *([v[_BY[by]]] if by else [])]
    newest_first = (v.business_date.desc(), v.finding_id)
    number = func.row_number().over(partition_by=key, order_by=newest_first).label("number")
    codes = sorted({code for code, _ in keys})
    numbered = select(all_said, number).where(v.verdict == WRONG, v.code.in_(codes)).subquery("numbered")
    last = select(numbered).where(numbered.c.number <= limit).order_by(numbered.c.code, numbered.c.number)
    found: dict[tuple[str, str], list[Row[Any]]] = {one: [] for one in keys}
    for row in await view.all(last):
        one = (row.code, row._mapping[_BY[by]] if by else "")
        if one in found:
            found[one].append(row)
    return found


async def undecided(view: View) -> int:
    """Count the findings of which nobody has said anything, nor the end of a case."""
    open_ = select(func.count()).select_from(USE_FINDING).where(USE_FINDING.c.state == OPEN, _by_case().is_(None))
    return int(await view.scalar(open_) or 0)


def _finding(row: Row[Any]) -> UseFinding:
    return UseFinding(
        place=Place(**{name: getattr(row, name) for name in _PLACE}),
        values=orjson.loads(row.working),
        judged=Judgement(verdict=row.judged_as, on=row.judged_on, score=row.judged_score, wh_a_day=row.judged_wh_a_day)
        if row.judged_as
        else None,
        **{name: getattr(row, name) for name in _OWN},
    )
