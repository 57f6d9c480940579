"""Standings are judged as of a business day and told where they change; hardship is said by a person."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.collection.ledger.store import accounts
from services.collection.ledger.use_cases import commands
from services.collection.standings import domain, store
from services.collection.standings.domain import Judged, Rulebook
from shared.db import jobs
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.db.restore import least_version
from shared.errors import BusinessError
from shared.events.collection import AccountStandingChanged

JOB = "judge-standings"
ACCOUNTS_PER_CHUNK = 1000  # one unit of work: a year of bills of each, under a second
STATES_PER_ROUND = 1000
_FIGURES = ("standing", "due_count", "late_count", "owed_late_count")
_TOLD = ("account_no", "version", "org_unit", "since", *_FIGURES)


class MarkedAlready(BusinessError):
    status = 409
    code = "hardship.marked_already"
    title = "The account is marked as in hardship on some of these days"


class NotMarked(BusinessError):
    status = 409
    code = "hardship.not_marked"
    title = "The account has no mark of hardship that could end on this day"


class UnknownReason(BusinessError):
    status = 422
    code = "hardship.unknown_reason"
    title = "The policy has no such reason for hardship"


class DatesReversed(BusinessError):
    status = 422
    code = "hardship.dates_reversed"
    title = "The end does not lie after the beginning"


async def chunks(view: View, business_date: date) -> Sequence[str]:
    """Return the ranges of accounts (`first<TAB>first of the next`); none where a later day is judged already."""
    newest = await jobs.newest_date(view, JOB)
    if newest is not None and newest > business_date:
        return []
    starts = await store.starts(view, ACCOUNTS_PER_CHUNK)
    # a first number of 63 characters sorts no later than the whole: the name fits its column, the range is no smaller
    return [f"{first[:63]}\t{before}" for first, before in zip(starts, [*starts[1:], ""], strict=True)]


async def why_nothing(view: View, business_date: date) -> str:
    """Say why nobody is judged as of a business date."""
    newest = await jobs.newest_date(view, JOB)
    if newest is not None and newest > business_date:
        return f"standings are judged as of {newest}: what is earlier changes none"
    return "there is no account"


async def judge_chunk(tx: Tx, *, rulebook: Rulebook, business_date: date, chunk: str) -> dict[str, int]:
    """Judge the accounts of a chunk as of a business date (seven statements), and return how many were told anew."""
    first, before = jobs.bounds(chunk)
    units = await store.lock_between(tx, first, before or None)
    return {"changed": await _judge(tx, units, rulebook=rulebook, on=business_date)}


async def _judge(tx: Tx, units: Mapping[str, str], *, rulebook: Rulebook, on: date) -> int:
    """Judge locked accounts, given with their org units, as of a day; one that was judged as of a later day stays."""
    rules, numbers = rulebook.on_or_first(on), sorted(units)
    since = domain.first_due(rules, on)
    due = await store.due(tx, numbers, since=since, on=on)
    marked = await store.marked(tx, numbers, on)
    known = await store.standings(tx, numbers)
    judged = {
        no: domain.judge(rules, due.get(no, ()), on, is_hardship=no in marked)
        for no in numbers
        if (no in due or no in marked or no in known) and not (no in known and known[no].judged_on > on)
    }
    days = {"judged_on": on, "due_from": since}
    rows = [
        _row(tx, no, units[no], known.get(no), found, on) | days
        for no, found in judged.items()
        if no not in known or any(getattr(known[no], name) != getattr(found, name) for name in _FIGURES)
    ]
    if rows:
        await store.put(tx, rows)
    changed = [
        row for row in rows if (old := known.get(row["account_no"])) is None or _says(dict(old._mapping)) != _says(row)
    ]
    tx.publish([_fact(row) for row in changed])
    return len(changed)


def _says(row: Mapping[str, Any]) -> tuple[str, bool]:
    """Return of what in a standing the others are told once it changes: what it is, and whether something late is owed."""
    return row["standing"], row["owed_late_count"] > 0


def _row(tx: Tx, no: str, org_unit: str, known: Row[Any] | None, found: Judged, on: date) -> dict[str, Any]:
    version = least_version(tx.now)  # above what was told before a restore, also of what the dump does not have
    return {
        "account_no": no,
        "version": version if known is None else max(version, known.version + 1),
        "org_unit": org_unit,
        "since": known.since if known is not None and known.standing == found.standing else on,
        **{name: getattr(found, name) for name in _FIGURES},
    }


def _fact(row: Mapping[str, Any]) -> AccountStandingChanged:
    return AccountStandingChanged(**{name: row[name] for name in _TOLD})


async def mark(
    tx: Tx,
    account_no: str,
    *,
    valid_from: date,
    valid_to: date | None,
    reason: str,
    actor: str,
    sees: commands.Sees,
    rulebook: Rulebook,
    today: date,
) -> None:
    """Mark an account as in hardship in [valid_from, valid_to), and judge it as of today.

    Raises AccountUnknown, UnknownReason, DatesReversed, MarkedAlready.
    """
    org_unit = await commands.locked(tx, account_no, sees)
    if reason not in rulebook.on_or_first(today).hardship_reasons:
        raise UnknownReason
    if valid_to is not None and valid_to <= valid_from:
        raise DatesReversed
    marks = await store.marks_of(tx, account_no)
    if any(_overlaps(each, valid_from, valid_to) for each in marks):
        raise MarkedAlready
    row = {"account_no": account_no, "mark_no": len(marks) + 1, "org_unit": org_unit, "reason": reason}
    await store.add_mark(tx, {**row, "valid_from": valid_from, "valid_to": valid_to, "marked_by": actor})
    await _marked(tx, account_no, org_unit, "marked", reason, actor=actor, rulebook=rulebook, today=today)


async def end(
    tx: Tx, account_no: str, *, on: date, reason: str, actor: str, sees: commands.Sees, rulebook: Rulebook, today: date
) -> int:
    """Let the mark that holds on a day end on it, judge the account as of today, and return the number of the mark.

    Raises AccountUnknown, NotMarked.
    """
    org_unit = await commands.locked(tx, account_no, sees)
    marks = [each for each in await store.marks_of(tx, account_no) if _may_end(each, on)]
    if not marks:
        raise NotMarked
    await store.end_mark(tx, account_no, marks[-1].mark_no, on=on, actor=actor)
    await _marked(tx, account_no, org_unit, "ended", reason, actor=actor, rulebook=rulebook, today=today)
    return int(marks[-1].mark_no)


async def _marked(
    tx: Tx, account_no: str, org_unit: str, what: str, reason: str, *, actor: str, rulebook: Rulebook, today: date
) -> None:
    tx.audit(
        [
            AuditEntry(
                action=f"hardship.{what}", entity_kind="hardship", entity_id=account_no, actor=actor, reason=reason
            )
        ]
    )
    await _judge(tx, {account_no: org_unit}, rulebook=rulebook, on=today)


def _overlaps(row: Row[Any], from_: date, to: date | None) -> bool:
    if row.valid_to == row.valid_from:  # it ended on the day on which it would have begun
        return False
    return (to is None or row.valid_from < to) and (row.valid_to is None or from_ < row.valid_to)


def _may_end(row: Row[Any], on: date) -> bool:
    return bool(row.valid_from <= on and (row.valid_to is None or on < row.valid_to))


async def republish_after(tx: Tx, account_no: str) -> str | None:
    """Publish the standings of the accounts behind one, and return the last of them; None where there are no more."""
    rows = await store.after(tx, account_no, STATES_PER_ROUND)
    await accounts.lock_accounts(tx, [row.account_no for row in rows])
    tx.publish([_fact(dict(row._mapping)) for row in rows])
    return rows[-1].account_no if rows else None


STATES: dict[str, Callable[[Tx, str], Awaitable[str | None]]] = {"standing": republish_after}
