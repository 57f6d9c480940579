"""Who had a hand in bills that need a decision, whose they are, the decisions, and what they said of findings."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
    union_all,
    update,
)

from services.billing.review.domain.beside import Basis, Compared, Key
from services.billing.review.domain.precision import KNOWN, RIGHT, WRONG, By, Tally
from services.billing.review.domain.subject import Peers
from services.billing.review.tables import (
    BILL_PARTY,
    CASE_VERDICT,
    COMPARED_RUN,
    FINDING_VERDICT,
    REVIEW_ASSIGNMENT,
    REVIEW_DECISION,
)
from shared.db import bulk, locks
from shared.db.columns import Condition
from shared.db.engine import Tx, View

READER = "reader"
REVIEWER = "reviewer"
CANCEL = "cancel"
"""The decision that takes a bill out, or rejects what is proposed."""
UNSAID: Final = ""
_OPENING: Final = 0x6F70656E  # a number of our own
_BY: Final = {"class": "customer_class", "org_unit": "org_unit"}


async def add_readers(tx: Tx, bills_with_actors: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Record who had a hand in the usages of bills: none of them may decide on the bill."""
    parties = sorted({(bill_id, actor) for bill_id, actors in bills_with_actors for actor in actors})
    if parties:
        await bulk.insert_ignore(
            tx,
            BILL_PARTY,
            {
                "bill_id": [bill_id for bill_id, _ in parties],
                "subject": [subject for _, subject in parties],
                "role": [READER] * len(parties),
            },
            key=("bill_id", "subject"),
        )


async def add_reviewer(tx: Tx, bill_ids: Sequence[str], subject: str) -> None:
    """Record who decides on bills; where they had a hand in a usage, that stays their role."""
    count = len(bill_ids)
    party = {"bill_id": bill_ids, "subject": [subject] * count, "role": [REVIEWER] * count}
    await bulk.insert_ignore(tx, BILL_PARTY, party, key=("bill_id", "subject"))


async def add_decisions(tx: Tx, decisions: Sequence[Mapping[str, Any]]) -> None:
    """Store decisions; the database refuses one whose maker is no reviewer of the bill."""
    rows = [{**decision, "role": REVIEWER, "decided_at": tx.now} for decision in decisions]
    await bulk.insert_rows(tx, REVIEW_DECISION, {name: [row[name] for row in rows] for name in rows[0]})


async def decisions(view: View, bill_id: str) -> Sequence[Row[Any]]:
    """Return the decisions on a bill in order."""
    r = REVIEW_DECISION
    return await view.all(select(r).where(r.c.bill_id == bill_id).order_by(r.c.decided_at, r.c.decision_id).limit(500))


async def last_decided(view: View, bills: Select[Any]) -> dict[str, Row[Any]]:
    """Return by route who decided last on bills, given as `bill_id` and `route_no`, and on which business date (`day`)."""
    mine, r = bills.subquery("mine"), REVIEW_DECISION.c
    route, last_first = mine.c.route_no, (r.business_date.desc(), r.decided_at.desc(), r.decision_id.desc())
    place = func.row_number().over(partition_by=route, order_by=last_first).label("place")
    of_bills = mine.join(REVIEW_DECISION, r.bill_id == mine.c.bill_id)
    named = select(route, r.business_date.label("day"), r.decided_by, place).select_from(of_bills).subquery()
    return {row.route_no: row for row in await view.all(select(named).where(named.c.place == 1))}


async def readers(view: View, bill_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return who had a hand in the reads of bills in review."""
    p = BILL_PARTY.c
    rows = await bulk.select_in(
        view, BILL_PARTY, {"bill_id": bill_ids}, where=p.role == READER, order_by=(p.bill_id, p.subject)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.bill_id, []).append(row.subject)
    return found


def has_read(bill_id: ColumnElement[str], subject: str) -> ColumnElement[bool]:
    """Return the condition that somebody had a hand in the reads of a bill in review."""
    p = BILL_PARTY.c
    return exists().where(p.bill_id == bill_id, p.subject == subject, p.role == READER)


def assignments() -> FromClause:
    """Return whose bills are, to be joined by their ids: who is to decide, assigned by whom and when."""
    return REVIEW_ASSIGNMENT


async def assignees(view: View, bill_ids: Sequence[str]) -> dict[str, str]:
    """Return whose bills are, of those that are somebody's."""
    rows = await bulk.select_in(view, REVIEW_ASSIGNMENT, {"bill_id": bill_ids})
    return {row.bill_id: row.assignee for row in rows}


async def assign(tx: Tx, given: Mapping[str, str], actor: str) -> None:
    """Make bills in review those of persons, whose bills they were before; the database refuses who read."""
    if not given:
        return
    await end_assignments(tx, list(given))
    roles = [REVIEWER] * len(given)
    party = {"bill_id": list(given), "subject": list(given.values()), "role": roles}
    await bulk.insert_ignore(tx, BILL_PARTY, party, key=("bill_id", "subject"))
    rows: dict[str, Sequence[Any]] = {"bill_id": list(given), "assignee": list(given.values()), "role": roles}
    rows |= {"assigned_by": [actor] * len(given), "assigned_at": [tx.now] * len(given)}
    await bulk.insert_rows(tx, REVIEW_ASSIGNMENT, rows)


async def carry_assignments(tx: Tx, successors: Mapping[str, str | None], readers: Mapping[str, Sequence[str]]) -> None:
    """Let bills that were calculated again go on as those of whose they were, by the ids of the versions before.

    One that is in review no more, or rests on reads (`readers`) of that person, is nobody's.
    """
    rows = await bulk.select_in(tx, REVIEW_ASSIGNMENT, {"bill_id": list(successors)})
    if not rows:
        return
    await end_assignments(tx, [row.bill_id for row in rows])
    kept = [(row, new) for row in rows if (new := successors[row.bill_id]) and row.assignee not in readers[new]]
    if kept:
        same = {"subject": [row.assignee for row, _ in kept], "role": [REVIEWER] * len(kept)}
        ids = [new for _, new in kept]
        await bulk.insert_ignore(tx, BILL_PARTY, {"bill_id": ids, **same}, key=("bill_id", "subject"))
        names = ("assignee", "role", "assigned_by", "assigned_at")
        values = {name: [row._mapping[name] for row, _ in kept] for name in names}
        await bulk.insert_rows(tx, REVIEW_ASSIGNMENT, {"bill_id": ids, **values})


async def end_assignments(tx: Tx, bill_ids: Sequence[str]) -> None:
    """Make bills nobody's: their review has ended, or they are given back."""
    await bulk.delete_in(tx, REVIEW_ASSIGNMENT, {"bill_id": bill_ids})


async def assignments_of(view: View, bill_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return whose bills are since when, of those that are somebody's."""
    return {row.bill_id: row for row in await bulk.select_in(view, REVIEW_ASSIGNMENT, {"bill_id": bill_ids})}


async def decisions_on(view: View, bill_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the decisions on bills in order."""
    r = REVIEW_DECISION.c
    return await bulk.select_in(view, REVIEW_DECISION, {"bill_id": bill_ids}, order_by=(r.decided_at, r.decision_id))


async def verdicts_on(view: View, bill_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what was said of the findings of bills, by decision and code."""
    v = FINDING_VERDICT.c
    found: dict[str, dict[str, str]] = {}
    for row in await bulk.select_in(
        view, FINDING_VERDICT, {"bill_id": bill_ids}, where=v.verdict != UNSAID, order_by=(v.decision_id, v.code)
    ):
        found.setdefault(row.decision_id, {})[row.code] = row.verdict
    return found


async def add_verdicts(tx: Tx, verdicts: Sequence[Mapping[str, Any]]) -> None:
    """Store what decisions said of the findings of their bills."""
    rows = [{**verdict, "decided_at": tx.now} for verdict in verdicts]
    if rows:
        await bulk.insert_rows(tx, FINDING_VERDICT, {name: [row[name] for row in rows] for name in rows[0]})


async def verdicts(view: View, bill_id: str) -> dict[str, dict[str, str]]:
    """Return what was said of the findings of a bill, by decision and code."""
    v = FINDING_VERDICT.c
    found: dict[str, dict[str, str]] = {}
    wanted = select(v.decision_id, v.code, v.verdict).where(v.bill_id == bill_id, v.verdict != UNSAID)
    for row in await view.all(wanted.order_by(v.decision_id, v.code)):
        found.setdefault(row.decision_id, {})[row.code] = row.verdict
    return found


async def verdicts_of(view: View, bill_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the verdicts that count on the findings of bills, by bill and code."""
    v = FINDING_VERDICT.c
    names = (v.bill_id, v.code, v.verdict)
    rows = await bulk.select_in(
        view,
        FINDING_VERDICT,
        {"bill_id": bill_ids},
        columns=names,
        where=v.verdict != UNSAID,
        order_by=(v.bill_id, v.decided_at, v.decision_id),
    )
    found: dict[str, dict[str, str]] = {}
    for row in rows:  # the last one on a finding counts
        found.setdefault(row.bill_id, {})[row.code] = row.verdict
    return found


async def say_by_case(tx: Tx, said: Sequence[Mapping[str, Any]]) -> None:
    """Store what the end of a case says of its signals, in place of what an end before said."""
    if said:
        await bulk.delete_in(tx, CASE_VERDICT, {"signal_id": [one["signal_id"] for one in said]})
        rows = [{**one, "decided_at": tx.now} for one in said]
        await bulk.insert_rows(tx, CASE_VERDICT, {name: [row[name] for row in rows] for name in rows[0]})


async def unsay_by_case(tx: Tx, case_no: str) -> None:
    """Take back what the end of a case said: it is looked into again."""
    await tx.execute(update(CASE_VERDICT).where(CASE_VERDICT.c.case_no == case_no).values(verdict=UNSAID))


def of_cases() -> FromClause:
    """Return what the ends of cases said of their signals, to be joined by `subject_id`."""
    return CASE_VERDICT


_SHOWN: Final = (
    *("code", "bill_id", "severity", "verdict", "customer_class", "org_unit", "route_no", "cycle", "total_fen"),
    *("decided_by", "business_date", "decided_at"),
)


def _all_that_count(visible: Condition, bills: FromClause, until: datetime | None = None) -> FromClause:
    """Return what counts of each finding of a bill: what persons said of it, and else what the end of its case says.

    `bills`: all versions of bills, with contract and period: who judged one of them judged the finding.
    """
    said, c = _that_count(visible, until).subquery("said"), CASE_VERDICT.c
    version, verdict = bills.alias("version").c, FINDING_VERDICT.alias("judged").c
    of_version = version.bill_id == verdict.bill_id, verdict.code == c.code, verdict.verdict != UNSAID
    of_period = version.contract_no == c.contract_no, version.period_from == c.period_from
    by_person = exists().where(*of_period, version.period_to == c.period_to, *of_version, _known(verdict, until))
    by_case = select(CASE_VERDICT).where(visible(c.org_unit), c.verdict != UNSAID, c.cycle != "")
    by_case = by_case.where(_known(c, until), ~by_person)
    own, ended = bills.alias("own").c, by_case.subquery("ended").c
    by_end = exists().where(
        own.bill_id == said.c.bill_id,
        ended.contract_no == own.contract_no,
        ended.period_from == own.period_from,
        ended.period_to == own.period_to,
        ended.code == said.c.code,
    )
    persons = select(*(said.c[name] for name in _SHOWN), said.c.decision_id).where(
        or_(said.c.verdict != UNSAID, ~by_end)
    )
    names = [c.subject_id.label(name) if name == "bill_id" else c[name] for name in _SHOWN]
    cases = by_case.with_only_columns(*names, c.signal_id.label("decision_id"))
    return union_all(persons, cases).subquery("counted")


def _that_count(visible: Condition, until: datetime | None = None) -> Select[Any]:
    """Return, for each finding of a bill that was decided on, the verdict that counts: the last one that says something."""
    one, other = FINDING_VERDICT.c, FINDING_VERDICT.alias("other").c
    later = tuple_(other.decided_at, other.decision_id) > tuple_(one.decided_at, one.decision_id)
    says_more = and_(one.verdict == UNSAID, other.verdict != UNSAID)
    says_as_much = (one.verdict == UNSAID) == (other.verdict == UNSAID)
    counts_instead = and_(
        other.bill_id == one.bill_id,
        other.code == one.code,
        or_(says_more, and_(says_as_much, later)),
        _known(other, until),
    )
    return select(FINDING_VERDICT).where(visible(one.org_unit), _known(one, until), ~exists().where(counts_instead))


def _known(verdict: Any, until: datetime | None) -> ColumnElement[bool]:
    return true() if until is None else verdict.decided_at <= until


async def tallies(
    view: View, visible: Condition, *, bills: FromClause, until: datetime | None = None
) -> dict[tuple[str, str, str], Tally]:
    """Count by rule, class and org unit of the bills what was said of findings until an instant.

    By persons, and by the ends of cases where no person did; of the bills (`bills`: their versions) that the caller sees.
    """
    v = _all_that_count(visible, bills, until).c
    keys = (v.code, v.customer_class, v.org_unit)
    said = [func.sum(case((v.verdict == each, 1), else_=0)).label(each) for each in (RIGHT, WRONG, KNOWN)]
    rows = await view.all(select(*keys, func.count().label("found"), *said).group_by(*keys))
    return {
        (row.code, row.customer_class, row.org_unit): Tally(row.found, int(row.right), int(row.wrong), int(row.known))
        for row in rows
    }


async def judged_wrong(
    view: View, visible: Condition, keys: Collection[tuple[str, str]], *, bills: FromClause, by: By | None, limit: int
) -> dict[tuple[str, str], list[Row[Any]]]:
    """Return the last bills in which rules were judged wrong, the newest first, by code and class or org unit."""
    if not keys:
        return {}
    counted = _all_that_count(visible, bills)
    v = counted.c
    newest_first = (v.decided_at.desc(), v.decision_id.desc())
    key = [v.code, *([v[_BY[by]]] if by else [])]
    number = func.row_number().over(partition_by=key, order_by=newest_first).label("number")
    codes = sorted({code for code, _ in keys})
    numbered = select(counted, number).where(v.verdict == WRONG, v.code.in_(codes)).subquery("numbered")
    rows = await view.all(
        select(numbered).where(numbered.c.number <= limit).order_by(numbered.c.code, numbered.c.number)
    )
    found: dict[tuple[str, str], list[Row[Any]]] = {one: [] for one in keys}
    for row in rows:
        one = (row.code, row._mapping[_BY[by]] if by else "")
        if one in found:
            found[one].append(row)
    return found


async def compared(view: View, keys: Collection[Key]) -> dict[Key, Compared]:
    """Return those of some runs (route, cycle) whose totals agree."""
    rows = await bulk.select_in(
        view, COMPARED_RUN, {"route_no": [route for route, _ in keys], "cycle": [cycle for _, cycle in keys]}
    )
    return {(row.route_no, row.cycle): _compared(row) for row in rows}


async def first_cycle(view: View) -> str:
    """Return the first cycle of all runs whose totals agree, empty where there is none."""
    return str(await view.scalar(select(func.min(COMPARED_RUN.c.cycle))) or "")


async def one_at_a_time(tx: Tx) -> None:
    """Wait until nobody else looks at what the first cycle of the books is, and let nobody before the unit of work ends."""
    await locks.advisory(tx, _OPENING)


async def not_examined(view: View, cycle: str) -> dict[Key, Compared]:
    """Return the runs of later cycles that agree while none before them does."""
    c = COMPARED_RUN.c
    rows = await view.all(select(COMPARED_RUN).where(c.cycle > cycle, ~c.examined).order_by(c.route_no, c.cycle))
    return {(row.route_no, row.cycle): _compared(row) for row in rows}


async def add_compared(tx: Tx, runs: Sequence[Compared]) -> None:
    """Keep runs whose totals agree."""
    await bulk.insert_ignore(tx, COMPARED_RUN, _columns(runs), key=("route_no", "cycle"))


async def set_examined(tx: Tx, runs: Sequence[Compared]) -> None:
    """Keep what the bills of runs are looked at beside."""
    await bulk.update_from(tx, COMPARED_RUN, _columns(runs), key=("route_no", "cycle"))


def _columns(runs: Sequence[Compared]) -> dict[str, list[Any]]:
    return {
        "route_no": [run.key[0] for run in runs],
        "cycle": [run.key[1] for run in runs],
        "months": [run.months for run in runs],
        "basis": [_basis_text(run.basis) for run in runs],
        "examined": [run.examined for run in runs],
        "peers": [_text({name: (p.points, p.median, p.deviation) for name, p in run.peers.items()}) for run in runs],
        "changed": [_text(run.changed) for run in runs],
        "seed": [run.seed for run in runs],
        "lots_to": [str(run.lots_to) for run in runs],
    }


def _basis_text(basis: Basis) -> str:
    return _text({"tariffs": sorted(basis.tariffs), "policy": basis.policy, "software": basis.software})


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _compared(row: Row[Any]) -> Compared:
    basis = orjson.loads(row.basis)
    tariffs = frozenset((one[0], one[1], one[2]) for one in basis["tariffs"])
    return Compared(
        key=(row.route_no, row.cycle),
        months=row.months,
        basis=Basis(tariffs=tariffs, policy=basis["policy"], software=basis["software"]),
        examined=row.examined,
        peers={name: Peers(*figures) for name, figures in orjson.loads(row.peers).items()},
        changed=tuple(orjson.loads(row.changed)),
        seed=row.seed,
        lots_to=int(row.lots_to or -1),
    )
