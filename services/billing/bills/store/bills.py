"""Bills: drafts to rows, rows to what the calculation and the facts need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Date, FromClause, Row, and_, func, select, update

from services.billing.bills.domain import bills
from services.billing.bills.domain.bills import EFFECTIVE, HELD, LIFE, PROPOSED, Draft, Stored
from services.billing.bills.tables import BILL, BILL_DOCUMENT, IS_READY
from services.billing.contracts import store as contracts_store
from services.billing.review import store as review_store
from services.billing.review.domain import findings
from services.billing.tariffs.domain import tariffs_used
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View
from shared.events import billing as events

NAMES_CACHED_MAX = 1024  # the versions of a national utility's tariffs that are in force
_HELD_BY_REVIEWER = f'"{findings.HELD_BY_REVIEWER}"'
_HEAD = (
    *("bill_id", "contract_no", "period_from", "period_to", "version", "status", "row_version", "usage_id"),
    *("energy_wh", "total_fen", "estimated"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """A draft with the id it gets; dates of issue only where a correction issues it at once."""

    bill_id: str
    draft: Draft
    correction_id: str | None = None
    issued_on: date | None = None
    due_on: date | None = None
    by_difference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """The row of a ready bill that goes out, and its dates."""

    row: Row[Any]
    issued_on: date
    due_on: date


async def from_periods(tx: Tx, starts: Mapping[str, date]) -> dict[str, list[Stored]]:
    """Return, for each contract, its bills from the effective one before a day on, of any status.

    Their state is the restated one where a correction moved the ladder without changing what the bill says.
    """
    given = travel.relation(
        tx, "starts", {"contract_no": (columns.No, list(starts)), "period_from": (Date(), list(starts.values()))}
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
    by_hand = b.findings.contains(_HELD_BY_REVIEWER, autoescape=True).label("by_hand")
    matches = and_(b.contract_no == given.c.contract_no, b.period_from >= func.coalesce(last, given.c.period_from))
    rows = await tx.all(select(*(b[name] for name in _HEAD), state, by_hand).select_from(given.join(BILL, matches)))
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
                held_by_reviewer=row.status == HELD and bool(row.by_hand),
            )
        )
    return found


async def lines_of(view: View, bill_ids: Sequence[str]) -> dict[str, str]:
    """Return the stored lines of bills, by bill id."""
    wanted = [BILL_DOCUMENT.c.bill_id, BILL_DOCUMENT.c.lines]
    return {
        row.bill_id: row.lines
        for row in await bulk.select_in(view, BILL_DOCUMENT, {"bill_id": bill_ids}, columns=wanted)
    }


async def insert(tx: Tx, writings: Sequence[Writing]) -> None:
    """Store drafts as bills, and who read for those that a reviewer must decide on."""
    drafts = [w.draft for w in writings]
    await bulk.insert_rows(tx, BILL, _bill_columns(tx, writings, drafts))
    await bulk.insert_rows(
        tx,
        BILL_DOCUMENT,
        {
            "bill_id": [w.bill_id for w in writings],
            "lines": [d.lines_text for d in drafts],
            "context": [_context(d) for d in drafts],
            "calculated_at": [tx.now] * len(writings),
        },
    )
    await review_store.add_readers(
        tx, [(w.bill_id, w.draft.usage.actors) for w in writings if w.draft.status in (HELD, PROPOSED)]
    )


def _bill_columns(tx: Tx, writings: Sequence[Writing], drafts: Sequence[Draft]) -> dict[str, list[Any]]:
    count = len(drafts)
    usages, terms = [d.usage for d in drafts], [d.terms for d in drafts]
    return {
        "bill_id": [w.bill_id for w in writings],
        "account_no": [t.account_no for t in terms],
        "contract_no": [t.contract_no for t in terms],
        "service_point_no": [u.service_point_no for u in usages],
        "org_unit": [t.org_unit for t in terms],
        "route_no": [u.route_no for u in usages],
        "cycle": [u.cycle for u in usages],
        "period_from": [u.period_from for u in usages],
        "period_to": [u.period_to for u in usages],
        "version": [d.version for d in drafts],
        "usage_id": [u.usage_id for u in usages],
        "status": [LIFE.start(d.status) for d in drafts],
        "row_version": [1] * count,
        "energy_wh": [u.import_wh for u in usages],
        "total_fen": [d.total_fen for d in drafts],
        "estimated": [u.estimated for u in usages],
        "components": [components_text(d) for d in drafts],
        "tariffs": [tariffs_text(d) for d in drafts],
        "findings": [findings.as_text(d.findings) for d in drafts],
        "ladder_state": [d.state for d in drafts],
        "replaces": [d.replaces.bill_id if d.replaces else None for d in drafts],
        "correction_id": [w.correction_id for w in writings],
        "by_difference": [w.by_difference for w in writings],
        "issued_on": [w.issued_on for w in writings],
        "due_on": [w.due_on for w in writings],
        "held_at": [tx.now if d.status in (HELD, PROPOSED) else None for d in drafts],
    }


def components_text(draft: Draft) -> str:
    """Return the parts of a bill for the ledger as they are stored: [[charge, fen], …]."""
    return orjson.dumps(bills.components(draft.lines)).decode()


def tariffs_text(draft: Draft) -> str:
    """Return the tariff versions of a bill as they are stored: [[id, version, content hash], …]."""
    return orjson.dumps(draft.tariffs).decode()


def _context(draft: Draft) -> str:
    content = {
        "quantities": draft.values,
        "tax_fen": draft.tax_fen,
        "cycle_months": draft.terms.cycle_months,
        "class": draft.terms.spans[-1].class_,
    }
    return orjson.dumps(content).decode()


async def move(tx: Tx, changed: Sequence[tuple[str, int]], event: str) -> None:
    """Move bills, as (id, version of the row), by an event of their life; one in which it cannot happen fails the batch."""
    if not changed:
        return
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


async def change(tx: Tx, row: Row[Any], **values: Any) -> None:
    """Set columns of a locked bill, with the next version of its row."""
    changed = await tx.execute(
        update(BILL)
        .where(BILL.c.bill_id == row.bill_id, BILL.c.row_version == row.row_version)
        .values(row_version=row.row_version + 1, **values)
    )
    assert changed == 1


async def set_findings(tx: Tx, bill_id: str, text: str) -> None:
    """Write other findings to a bill whose row stays the version that it is."""
    await tx.execute(update(BILL).where(BILL.c.bill_id == bill_id).values(findings=text))


_AS_STORED = (
    *("bill_id", "account_no", "contract_no", "service_point_no", "org_unit", "route_no", "cycle", "period_from"),
    *("period_to", "version", "usage_id", "total_fen", "energy_wh", "estimated"),
)
_FACT = (*_AS_STORED, "components", "tariffs")


async def heads(view: View, bill_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the whole heads of bills by id."""
    return {row.bill_id: row for row in await bulk.select_in(view, BILL, {"bill_id": bill_ids})}


@lru_cache(NAMES_CACHED_MAX)
def tariff_name(tariffs: str) -> str:
    """Return the tariff of a bill as `id@version`; of a bill in segments, the last one."""
    used = tariffs_used(tariffs)
    return f"{used[-1].tariff_id}@{used[-1].version}" if used else "-"


def as_issued(values: Mapping[Any, Any], issued_on: date, due_on: date) -> events.Bill:
    """Return a bill, from the columns of its head, as other services need it."""
    parts = orjson.loads(values["components"])
    return events.Bill(
        **{name: values[name] for name in _AS_STORED},
        issued_on=issued_on,
        due_on=due_on,
        components=tuple(events.Component(component=name, amount_fen=amount) for name, amount in parts),
        tariff=tariff_name(values["tariffs"]),
    )


def values_of(writing: Writing) -> dict[str, Any]:
    """Return the columns of a head that is about to be stored, as `as_issued` needs them."""
    draft, usage, terms = writing.draft, writing.draft.usage, writing.draft.terms
    return {
        "bill_id": writing.bill_id,
        "account_no": terms.account_no,
        "contract_no": terms.contract_no,
        "service_point_no": usage.service_point_no,
        "org_unit": terms.org_unit,
        "route_no": usage.route_no,
        "cycle": usage.cycle,
        "period_from": usage.period_from,
        "period_to": usage.period_to,
        "version": draft.version,
        "usage_id": usage.usage_id,
        "total_fen": draft.total_fen,
        "energy_wh": usage.import_wh,
        "estimated": usage.estimated,
        "components": components_text(draft),
        "tariffs": tariffs_text(draft),
    }


async def ready(tx: Tx, limit: int, *, run: FromClause, of_run: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Lock accounts with bills that may go out, in key order, and return those bills.

    `run` are the runs, with route, cycle and issue date, and `of_run` which of them go out. Accounts that someone works on at
    this moment are left to the next look, so replicas share the work and never wait.
    """
    b, account = BILL.c, contracts_store.accounts()
    matches = and_(run.c.route_no == b.route_no, run.c.cycle == b.cycle, of_run)
    statement = (
        select(*(b[name] for name in _FACT), b.row_version, b.issue_on, run.c.issue_on.label("run_issue_on"))
        .select_from(BILL.join(run, matches).join(account, account.c.account_no == b.account_no))
        .where(IS_READY)
        .order_by(b.route_no, b.cycle, b.account_no)
        .limit(limit)
        .with_for_update(of=account, skip_locked=True)
    )
    return await tx.all(statement)


def has_ready(route_no: ColumnElement[str], cycle: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a run has bills which may go out."""
    return select(BILL.c.bill_id).where(BILL.c.route_no == route_no, BILL.c.cycle == cycle, IS_READY).exists()


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
    return {row.bill_id for row in await tx.all(statement)}
