"""Cases of dunning (催费), judged by business date: opened, moved and closed by what is owed; each step is told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.collection.dunning.domain import judging, ladders
from services.collection.dunning.domain.judging import CLOSED, LIFE, Judged, Owed
from services.collection.dunning.domain.ladders import Ladder, Ladders, Rules, Track
from services.collection.dunning.store import cases as store
from services.collection.ledger.store import accounts as account_store
from services.collection.steps import store as steps_store
from shared import natural
from shared.business_calendar import Calendar
from shared.db import jobs
from shared.db.engine import Tx, View
from shared.events.collection import DunningDebt, DunningStepDue

JOB = "remind"
ACCOUNTS_PER_CHUNK = 1000  # one unit of work: some thousand rows, under a second
DEBTS_TOLD_MAX = 200  # in one fact, the oldest; the sums are over all
Marked = Callable[[View, Sequence[str], date], Awaitable[set[str]]]
"""Returns which accounts are in hardship on a day."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the job is given at start: the dated rules, the calendar, and who is in hardship."""

    ladders: Ladders
    calendar: Calendar
    marked: Marked


async def chunks(view: View, known: Known, business_date: date) -> Sequence[str]:
    """Return the ranges of accounts (`first<TAB>last`) with a case, or with something overdue; none where a later day is judged.

    Raises `YearUnknown` where business days of a year are to be counted that no calendar knows.
    """
    rules = ladders.on(known.ladders, business_date)
    newest = await jobs.newest_date(view, JOB)
    if rules is None or (newest is not None and newest > business_date):
        return []
    ladders.ladders_of(rules, known.calendar, business_date)
    numbers = {*await store.accounts_overdue(view, business_date), *await store.accounts_with_cases(view)}
    return jobs.ranges(sorted(numbers), ACCOUNTS_PER_CHUNK)


async def why_nothing(view: View, known: Known, business_date: date) -> str:
    """Say why there is nothing to be judged on a business date."""
    if ladders.on(known.ladders, business_date) is None:
        return f"no dunning policy says when to remind on {business_date}"
    newest = await jobs.newest_date(view, JOB)
    if newest is not None and newest > business_date:
        return f"cases are judged as of {newest}: what is earlier changes none"
    return "nothing is overdue that is not held, and no case is open"


async def judge_chunk(tx: Tx, known: Known, business_date: date, chunk: str) -> dict[str, int]:
    """Judge the accounts of a chunk as of a business date, in a constant number of statements, and return what was done."""
    rules = ladders.on(known.ladders, business_date)
    assert rules is not None, "there are chunks only where the policy says when to remind"
    first, last = jobs.bounds(chunk)
    numbers = sorted(
        {
            *await store.accounts_overdue(tx, business_date, first=first, last=last),
            *await store.accounts_with_cases(tx, first=first, last=last),
        }
    )
    accounts = await account_store.locked(tx, numbers)
    found = await store.cases(tx, numbers, business_date)
    debts, kept = await store.overdue(tx, numbers, business_date)
    tracks = await _tracks(tx, rules, known, accounts, business_date)
    judged: dict[str, Judged | None] = {}
    rows: list[dict[str, Any]] = []
    for account_no in numbers:
        case, owed = found.get(account_no), debts.get(account_no, [])
        if case is not None and case.state == CLOSED:
            continue  # what is owed again on the day on which it was closed is judged on the next one
        result = judging.judge(tracks[account_no], owed, business_date)
        if case is None and (result is None or result.event == "hold"):
            continue
        row = _row(accounts[account_no], case, tracks[account_no], result, business_date)
        if case is None or _differs(case, row) or _moved(owed, kept.get(account_no, ()), result):
            judged[account_no] = result
            rows.append(row)
    await store.put_cases(tx, rows, {no: case for no, case in found.items() if case.state != CLOSED})
    await store.put_debts(tx, judged, kept)
    steps = await _take(tx, rows, judged, tracks, business_date)
    return {
        "opened": sum(row["account_no"] not in found for row in rows),
        "steps": steps,
        "closed": sum(row["state"] == CLOSED for row in rows),
    }


async def _tracks(tx: Tx, rules: Rules, known: Known, accounts: Mapping[str, Row[Any]], on: date) -> dict[str, Ladder]:
    by_track: dict[Track, Ladder] = ladders.ladders_of(rules, known.calendar, on)
    marked = await known.marked(tx, list(accounts), on)
    return {
        no: by_track[
            rules.track_of(
                row.customer_class,
                is_closed=row.closed_on is not None and row.closed_on <= on,
                is_hardship=no in marked,
            ).track
        ]
        for no, row in accounts.items()
    }


def _row(account: Row[Any], case: Row[Any] | None, ladder: Ladder, result: Judged | None, on: date) -> dict[str, Any]:
    """Return the row of a case as it is judged."""
    if result is None:
        assert case is not None, "a case that is closed was open"
        return {
            **case._mapping,
            "state": LIFE.move(case.state, "close"),
            "closed_on": on,
            "judged_on": on,
            "outstanding_fen": 0,
            "held_fen": 0,
            "debts": 0,
        }
    owed = result.unheld or result.debts
    held_fen = sum(debt.outstanding_fen for debt in result.debts if debt.is_held)
    action = ladder.stages[result.stage - 1].action if result.stage else ""
    number = natural.key_id(on, "dunning case", account.account_no) if case is None else case.case_no
    began = judging.WAITING if result.event == "stand" else judging.OPEN
    return {
        "case_no": number,
        "account_no": account.account_no,
        "org_unit": account.org_unit,
        "track": ladder.track,
        "state": LIFE.start(began) if case is None else LIFE.move(case.state, result.event),
        "stage": result.stage,
        "stage_on": result.stage_on,
        "action": action,
        "opened_on": on if case is None else case.opened_on,
        "closed_on": None,
        "judged_on": on,
        "outstanding_fen": sum(debt.outstanding_fen for debt in result.debts),
        "held_fen": held_fen,
        "due_on": min(debt.due_on for debt in owed),
        "debts": len(result.debts),
    }


def _differs(case: Row[Any], row: Mapping[str, Any]) -> bool:
    return any(case._mapping[name] != value for name, value in row.items() if name != "judged_on")


def _moved(owed: Sequence[Owed], kept: Sequence[str], result: Judged | None) -> bool:
    after = {debt.receivable_id: debt for debt in result.debts} if result else {}
    return any(no not in after for no in kept) or any(after.get(debt.receivable_id) != debt for debt in owed)


async def _take(
    tx: Tx,
    rows: Sequence[Mapping[str, Any]],
    judged: Mapping[str, Judged | None],
    tracks: Mapping[str, Ladder],
    on: date,
) -> int:
    """Store and tell what is to be done today, over all debts of an account that nothing holds; return how many steps."""
    steps: list[dict[str, Any]] = []
    debts: dict[str, Sequence[Owed]] = {}
    for row in rows:
        result = judged[row["account_no"]]
        if result is None or result.step is None:
            continue
        ladder = tracks[row["account_no"]]
        stage, unheld = ladder.stages[result.step - 1], result.unheld
        step_id = natural.key_id(on, "dunning step", row["account_no"], stage.stage)
        debts[step_id] = unheld
        steps.append(
            {
                **{name: row[name] for name in ("case_no", "account_no", "org_unit")},
                "step_id": step_id,
                "stage": stage.stage,
                "action": stage.action,
                "track": ladder.track,
                "tone": stage.tone,
                "business_date": on,
                "outstanding_fen": sum(debt.outstanding_fen for debt in unheld),
                "due_on": min(debt.due_on for debt in unheld),
            }
        )
    new = await steps_store.add(tx, steps, debts)
    tx.publish([_step_due(step, debts[step["step_id"]]) for step in steps if step["step_id"] in new])
    return len(new)


def _step_due(step: Mapping[str, Any], debts: Sequence[Owed]) -> DunningStepDue:
    return DunningStepDue(
        **step,
        debts_count=len(debts),
        debts=tuple(
            DunningDebt(
                receivable_id=debt.receivable_id,
                document_kind=debt.document_kind,
                document_id=debt.document_id,
                due_on=debt.due_on,
                outstanding_fen=debt.outstanding_fen,
            )
            for debt in debts[:DEBTS_TOLD_MAX]
        ),
        causation_id=debts[0].receivable_id,
    )
