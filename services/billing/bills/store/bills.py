"""The statements over bills: drafts to rows, rows to what the calculation needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, FromClause, Row, Select, and_, case, func, or_, select

from services.billing.bills.domain.bills import EFFECTIVE, HELD, ISSUED, LIFE, PROPOSED, READY, Stored
from services.billing.bills.store import told, written
from services.billing.bills.store.written import Writing
from services.billing.bills.tables import BILL, BILL_DOCUMENT, IS_IN_REVIEW, IS_READY
from services.billing.business_day import store as business_day
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import daily
from services.billing.freezes import store as freezes_store
from services.billing.freezes.domain import Standing
from services.billing.review import store as review_store
from services.billing.review.domain import findings
from services.billing.usages.store import actors
from services.billing.usages.store import usages as usages_store
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View

TAKE_OUT: Final = ("cancel", "reverse", "adjust")  # nothing may take the bill's place: its days are estimated anew
_HEAD = (
    *("bill_id", "contract_no", "period_from", "period_to", "version", "status", "row_version", "usage_id"),
    *("energy_wh", "total_fen", "estimated"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """The row of a ready bill that goes out, and its dates."""

    row: Row[Any]
    issued_on: date
    due_on: date


async def from_periods(view: View, starts: Mapping[str, date]) -> dict[str, list[Stored]]:
    """Return, for each contract, its bills from the effective one before a day on, of any status.

    Their state is the restated one where a correction moved the ladder without changing what the bill says.
    """
    given = travel.relation(
        view, "starts", {"contract_no": (columns.No, list(starts)), "period_from": (Date(), list(starts.values()))}
    )
    before = BILL.alias("before")
    last = (
        select(func.max(before.c.period_from))
        .where(
            before.c.contract_no == given.c.contract_no,
            before.c.period_from < given.c.period_from,
            before.c.status.in_(EFFECTIVE),
        )
        .scalar_subquery()
    )
    b = BILL.c
    state = func.coalesce(b.restated_state, b.ladder_state).label("state")
    found_text = case((b.status.in_((HELD, READY, PROPOSED)), b.findings), else_="").label("found")
    matches = and_(b.contract_no == given.c.contract_no, b.period_from >= func.coalesce(last, given.c.period_from))
    rows = await view.all(
        select(*(b[name] for name in _HEAD), state, found_text).select_from(given.join(BILL, matches))
    )
    found: dict[str, list[Stored]] = {contract_no: [] for contract_no in starts}
    for row in rows:
        found[row.contract_no].append(
            Stored(
                bill_id=row.bill_id,
                period_from=row.period_from,
                period_to=row.period_to,
                version=row.version,
                status=row.status,
                row_version=row.row_version,
                usage_id=row.usage_id,
                energy_wh=row.energy_wh,
                total_fen=row.total_fen,
                estimated=row.estimated,
                state=row.state,
                findings=row.found,
            )
        )
    return found


async def sharing_days(view: View, days: Sequence[tuple[str, date, date]]) -> Sequence[Row[Any]]:
    """Return the heads of bills in force or proposed that share a day with periods of service points, whoever's they are."""
    given = travel.relation(
        view,
        "days",
        {
            "service_point_no": (columns.No, [point for point, _, _ in days]),
            "from_": (Date(), [from_ for _, from_, _ in days]),
            "to": (Date(), [to for _, _, to in days]),
        },
    )
    b, contract = BILL.c, contracts_store.contracts()
    shares = and_(
        b.contract_no == contract.c.contract_no,
        b.period_from < given.c.to,
        b.period_to > given.c.from_,
        b.status.in_((*EFFECTIVE, PROPOSED)),
    )
    at_point = contract.c.service_point_no == given.c.service_point_no
    wanted = (*(b[name] for name in _HEAD), b.service_point_no, b.group_id)
    return await view.all(
        select(*wanted).select_from(given.join(contract, at_point).join(BILL, shares)).distinct().order_by(b.bill_id)
    )


async def touched(view: View, changed: Mapping[str, date]) -> dict[str, date]:
    """Return, by contract, the first day of its bills in force that have a day from a given one on.

    Bills of days that the contract does not cover are not among them: they await the cut of their usage.
    """
    given = travel.relation(
        view, "changed", {"contract_no": (columns.No, list(changed)), "since": (Date(), list(changed.values()))}
    )
    b, contract = BILL.c, contracts_store.contracts()
    since = and_(b.contract_no == given.c.contract_no, b.period_to > given.c.since, b.status.in_(EFFECTIVE))
    covered = and_(
        contract.c.contract_no == b.contract_no,
        ~contract.c.annulled,
        contract.c.from_date <= b.period_from,
        or_(contract.c.to_date.is_(None), contract.c.to_date >= b.period_to),
    )
    rows = await view.all(
        select(b.contract_no, func.min(b.period_from).label("first"))
        .select_from(given.join(BILL, since).join(contract, covered))
        .group_by(b.contract_no)
    )
    return {row.contract_no: row.first for row in rows}


async def issued_since(view: View, changed: Mapping[str, date]) -> dict[str, tuple[int, int]]:
    """Return, by contract, how many issued bills in force have a day from a given one on, and the sum of their amounts."""
    given = travel.relation(
        view, "changed", {"contract_no": (columns.No, list(changed)), "since": (Date(), list(changed.values()))}
    )
    b = BILL.c
    since = and_(b.contract_no == given.c.contract_no, b.period_to > given.c.since, b.status == ISSUED)
    rows = await view.all(
        select(b.contract_no, func.count().label("bills"), func.sum(func.abs(b.total_fen)).label("fen"))
        .select_from(given.join(BILL, since))
        .group_by(b.contract_no)
    )
    return {row.contract_no: (int(row.bills), int(row.fen)) for row in rows}


async def stranded(view: View, changed: Mapping[str, date]) -> Sequence[Row[Any]]:
    """Return the bills in force of contracts from a day on whose days they do not cover, and whose usage was told anew since.

    The cut that such a bill awaits has come already: after a restore, or where reading heard of the contract first.
    """
    given = travel.relation(
        view, "changed", {"contract_no": (columns.No, list(changed)), "since": (Date(), list(changed.values()))}
    )
    b, contract = BILL.c, contracts_store.contracts()
    since = and_(b.contract_no == given.c.contract_no, b.period_to > given.c.since, b.status.in_(EFFECTIVE))
    told_anew = usages_store.is_superseded(b.usage_id)
    return await view.all(
        select(*(b[name] for name in _HEAD), b.service_point_no)
        .select_from(given.join(BILL, since).join(contract, _uncovered()))
        .where(told_anew)
        .order_by(b.bill_id)
    )


async def uncovered(view: View, account_no: str) -> Sequence[Row[Any]]:
    """Return the bills in force of an account on days that their contracts do not cover."""
    b, contract = BILL.c, contracts_store.contracts()
    return await view.all(
        select(*(b[name] for name in _HEAD), b.service_point_no)
        .select_from(BILL.join(contract, _uncovered()))
        .where(b.account_no == account_no, b.status.in_(EFFECTIVE))
        .order_by(b.bill_id)
    )


def of_no_contract(cycle: str) -> Select[Any]:
    """Return the bills in force of a cycle on days that their contracts do not cover: they await the cut of their usage."""
    b, contract = BILL.c, contracts_store.contracts()
    found = select(b.bill_id.label("id"), b.account_no.label("subject"), b.total_fen.label("amount"))
    return found.select_from(BILL.join(contract, _uncovered())).where(b.cycle == cycle, b.status.in_(EFFECTIVE))


def _uncovered() -> ColumnElement[bool]:
    b, contract = BILL.c, contracts_store.contracts().c
    days = contract.annulled, contract.from_date > b.period_from, contract.to_date < b.period_to
    return and_(contract.contract_no == b.contract_no, or_(*days))


async def proposals(view: View, group_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the bills that are proposed in groups."""
    b = BILL.c
    return await view.all(select(BILL).where(IS_IN_REVIEW, b.status == PROPOSED, b.group_id.in_(group_ids)))


async def proposed_since(view: View, since: Mapping[str, date]) -> Sequence[Row[Any]]:
    """Return the bills that are proposed for contracts on a day of each and later."""
    given = travel.relation(
        view, "given", {"contract_no": (columns.No, list(since)), "day": (Date(), list(since.values()))}
    )
    b = BILL.c
    of_contract = and_(b.contract_no == given.c.contract_no, b.period_to > given.c.day)
    proposed = select(BILL).select_from(given.join(BILL, of_contract)).where(IS_IN_REVIEW, b.status == PROPOSED)
    return await view.all(proposed.order_by(b.contract_no, b.period_from))


def frozen_by(standing: Standing, row: Row[Any]) -> list[str]:
    """Return which freezes keep a bill from going out."""
    days = {name: row._mapping[name] for name in ("contract_no", "period_from", "period_to", "route_no")}
    return standing.of(**days, codes=findings.codes_of(row.findings)) if standing.freezes else []


async def lines_of(view: View, bill_ids: Sequence[str]) -> dict[str, str]:
    """Return the stored lines of bills, by bill id."""
    wanted = [BILL_DOCUMENT.c.bill_id, BILL_DOCUMENT.c.lines]
    return {
        row.bill_id: row.lines
        for row in await bulk.select_in(view, BILL_DOCUMENT, {"bill_id": bill_ids}, columns=wanted)
    }


async def insert(tx: Tx, writings: Sequence[Writing], *, basis: str) -> None:
    """Store drafts as bills, calculated on a `basis`, and who read for those that a reviewer must decide on."""
    drafts = [w.draft for w in writings]
    await bulk.insert_rows(tx, BILL, written.heads(tx, writings))
    await daily.mark(tx, [draft.terms.contract_no for draft in drafts])
    await bulk.insert_rows(
        tx,
        BILL_DOCUMENT,
        {
            "bill_id": [w.bill_id for w in writings],
            "lines": [d.lines_text for d in drafts],
            "context": [written.context(d, basis) for d in drafts],
            "calculated_at": [tx.now] * len(writings),
        },
    )
    in_review = {w.bill_id: w.draft.usage.days for w in writings if w.draft.status in (HELD, PROPOSED)}
    waiting = await actors.of_days(tx, in_review)
    await review_store.add_readers(tx, list(waiting.items()))
    again = [w for w in writings if w.draft.version > 1 and w.draft.status != ISSUED]
    if again:
        successors = {w.id_before: w.bill_id if w.bill_id in waiting else None for w in again}
        await review_store.carry_assignments(tx, successors, waiting)


async def move(tx: Tx, changed: Sequence[tuple[str, int]], event: str) -> None:
    """Move bills, as (id, version of the row), by an event of their life; one in which it cannot happen fails the batch."""
    if not changed:
        return
    if HELD in LIFE.sources(event):
        await note_reviewed(tx, [bill_id for bill_id, _ in changed])
    count = await bulk.update_from(
        tx,
        BILL,
        {
            "bill_id": [bill_id for bill_id, _ in changed],
            "status": [LIFE.target(event)] * len(changed),
            "row_version": [version + 1 for _, version in changed],
        },
        key=("bill_id",),
        where=BILL.c.status.in_(LIFE.sources(event)),
    )
    assert count == len(changed)
    if event in TAKE_OUT:
        rows = await heads(tx, [bill_id for bill_id, _ in changed])
        await daily.mark(tx, [row.contract_no for row in rows.values()])


async def note_reviewed(tx: Tx, bill_ids: Sequence[str]) -> None:
    """Note of those of bills that are held that they are so up to the latest business date."""
    given = travel.relation(tx, "given", {"bill_id": (columns.No, bill_ids)})
    held = BILL.update().where(BILL.c.bill_id == given.c.bill_id, BILL.c.status == HELD)
    await tx.execute(held.values(reviewed_on=business_day.of_latest()))


async def restate(tx: Tx, restated: Sequence[tuple[Stored, str]]) -> None:
    """Note the ladder state that issued bills have after a correction of earlier ones; as billed it stays."""
    await bulk.update_from(
        tx,
        BILL,
        {
            "bill_id": [bill.bill_id for bill, _ in restated],
            "restated_state": [state for _, state in restated],
            "row_version": [bill.row_version + 1 for bill, _ in restated],
        },
        key=("bill_id",),
    )


async def change(tx: Tx, rows: Sequence[Row[Any]], **values: Sequence[Any]) -> None:
    """Set columns of locked bills, each with the next version of its row."""
    if rows:
        own = {"bill_id": [row.bill_id for row in rows], "row_version": [row.row_version + 1 for row in rows]}
        await bulk.update_from(tx, BILL, {**own, **values}, key=("bill_id",))


async def set_findings(tx: Tx, texts: Mapping[str, str]) -> None:
    """Write other findings to bills whose rows stay the versions that they are."""
    if texts:
        await bulk.update_from(tx, BILL, {"bill_id": list(texts), "findings": list(texts.values())}, key=("bill_id",))


async def heads(view: View, bill_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the whole heads of bills by id."""
    return {row.bill_id: row for row in await bulk.select_in(view, BILL, {"bill_id": bill_ids})}


async def ready(
    tx: Tx, limit: int, *, run: FromClause, of_run: ColumnElement[bool], standing: Standing
) -> Sequence[Row[Any]]:
    """Lock accounts with bills that may go out, in key order, and return those bills.

    `run` are the runs, with route, cycle and issue date, and `of_run` which of them go out; what is frozen does not. Accounts
    that someone works on at this moment are left to the next look, so replicas share the work and never wait.
    """
    b, account = BILL.c, contracts_store.accounts()
    matches = and_(run.c.route_no == b.route_no, run.c.cycle == b.cycle, of_run)
    statement = (
        select(*(b[name] for name in told.COLUMNS), b.row_version, b.issue_on, run.c.issue_on.label("run_issue_on"))
        .select_from(BILL.join(run, matches).join(account, account.c.account_no == b.account_no))
        .where(IS_READY, ~freezes_store.keeps(tx, standing, b))
        .order_by(b.route_no, b.cycle, b.account_no)
        .limit(limit)
        .with_for_update(of=account, skip_locked=True)
    )
    return await tx.all(statement)


async def ready_of_run(view: View, route_no: str, cycle: str) -> dict[str, int]:
    """Count the ready bills of a run, and their total."""
    b = BILL.c
    counted = select(func.count().label("bills"), func.coalesce(func.sum(b.total_fen), 0).label("total_fen"))
    row = await view.first(counted.where(b.route_no == route_no, b.cycle == cycle, b.status == READY))
    assert row is not None
    return {name: int(value) for name, value in row._mapping.items()}


def has_ready(
    view: View, route_no: ColumnElement[str], cycle: ColumnElement[str], standing: Standing
) -> ColumnElement[bool]:
    """Return the condition that a run has bills which may go out: all that are ready, but for those that are frozen."""
    b = BILL.c
    goes = ~freezes_store.keeps(view, standing, b)
    return select(b.bill_id).where(b.route_no == route_no, b.cycle == cycle, IS_READY, goes).exists()


async def hold(tx: Tx, rows: Sequence[Row[Any]], event: str, finding: findings.Finding) -> None:
    """Hold bills by an event of their life, for one more finding."""
    if rows:
        current = await heads(tx, [row.bill_id for row in rows])
        await bulk.update_from(
            tx,
            BILL,
            {
                "bill_id": list(current),
                "status": [LIFE.target(event)] * len(current),
                "held_at": [tx.now] * len(current),
                "row_version": [row.row_version + 1 for row in current.values()],
                "findings": [findings.with_one(row.findings, finding) for row in current.values()],
            },
            key=("bill_id",),
            where=BILL.c.status.in_(LIFE.sources(event)),
            partial=True,
        )


async def issue(tx: Tx, going: Sequence[Issuing]) -> set[str]:
    """Issue the bills that are still ready and as they were read, and return their ids."""
    given = travel.relation(
        tx,
        "issuing",
        {
            "bill_id": (columns.No, [one.row.bill_id for one in going]),
            "row_version": (BILL.c.row_version.type, [one.row.row_version for one in going]),
            "issued_on": (Date(), [one.issued_on for one in going]),
            "due_on": (Date(), [one.due_on for one in going]),
        },
    )
    statement = (
        BILL.update()
        .where(
            BILL.c.bill_id == given.c.bill_id,
            BILL.c.row_version == given.c.row_version,
            BILL.c.status.in_(LIFE.sources("issue")),
        )
        .values(
            status=LIFE.target("issue"),
            row_version=given.c.row_version + 1,
            issued_on=given.c.issued_on,
            due_on=given.c.due_on,
        )
        .returning(BILL.c.bill_id)
    )
    await daily.mark(tx, [one.row.contract_no for one in going])
    return {row.bill_id for row in await tx.all(statement)}
