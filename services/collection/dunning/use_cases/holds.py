"""Holds of dunning: a person says what is held, why and until when; a hold ends by its day or earlier."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from services.collection.dunning.domain import ladders
from services.collection.dunning.domain.ladders import Ladders
from services.collection.dunning.store import holds as store
from services.collection.ledger.store import receivables
from services.collection.ledger.use_cases import commands
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError

PLAN = "plan"
"""The reason of what an instalment plan holds; no policy gives it to people."""


class UnknownReason(BusinessError):
    status = 422
    code = "hold.unknown_reason"
    title = "The policy has no such reason for a hold"


class WithoutEnd(BusinessError):
    status = 422
    code = "hold.without_end"
    title = "A hold needs its last day"


class DatesReversed(BusinessError):
    status = 422
    code = "hold.dates_reversed"
    title = "The last day of the hold lies in the past"


class TooLong(BusinessError):
    status = 422
    code = "hold.too_long"
    title = "The policy lets a hold of this reason stand for fewer days"


class NotOwed(BusinessError):
    status = 409
    code = "hold.not_owed"
    title = "Nothing is owed by this account on one of these receivables"


class StandsAlready(BusinessError):
    status = 409
    code = "hold.stands_already"
    title = "A hold of this reason about the same debts stands already"


class UnknownHold(BusinessError):
    status = 404
    code = "hold.unknown"
    title = "The account has no such hold"


class NotStanding(BusinessError):
    status = 409
    code = "hold.not_standing"
    title = "The hold has ended already"


class OfPlan(BusinessError):
    status = 409
    code = "hold.of_plan"
    title = "An instalment plan holds these debts: it ends with the plan"


PLACING = (commands.AccountUnknown, UnknownReason, WithoutEnd, DatesReversed, TooLong, NotOwed, StandsAlready)
ENDING = (commands.AccountUnknown, UnknownHold, NotStanding, OfPlan)


async def place(
    tx: Tx,
    account_no: str,
    *,
    reason: str,
    until: date | None,
    receivable_ids: Collection[str],
    actor: str,
    sees: commands.Sees,
    rulebook: Ladders,
    today: date,
) -> int:
    """Hold all debts of an account, or some of them, from today on, and return the number of the hold. Raises PLACING."""
    org_unit = await commands.locked(tx, account_no, sees)
    rules = ladders.on(rulebook, today)
    days_max = rules.holds.get(reason) if rules else None
    if days_max is None:
        raise UnknownReason
    if until is None:
        raise WithoutEnd
    if until < today:
        raise DatesReversed
    if until > today + timedelta(days=days_max - 1):
        raise TooLong(f"at most {days_max} days")
    wanted = sorted(set(receivable_ids))
    if set(wanted) - set(await receivables.open_ones(tx, account_no)):
        raise NotOwed
    holds = await store.of_account(tx, account_no)
    alike = [(account_no, each.hold_no) for each in holds if each.reason == reason and stands(each, today)]
    if wanted in (await store.about(tx, alike)).values():
        raise StandsAlready
    days = {"held_from": today, "held_until": until}
    key = {"account_no": account_no, "hold_no": len(holds) + 1, "org_unit": org_unit}
    await store.add(tx, {**key, **days, "reason": reason, "holds_all": not wanted, "held_by": actor}, wanted)
    tx.audit([_entry("placed", account_no, len(holds) + 1, actor, reason)])
    return len(holds) + 1


async def end(
    tx: Tx, account_no: str, hold_no: int, *, reason: str, actor: str, sees: commands.Sees, today: date
) -> None:
    """End a hold: from today on it holds nothing. Raises ENDING."""
    await commands.locked(tx, account_no, sees)
    found = next((each for each in await store.of_account(tx, account_no) if each.hold_no == hold_no), None)
    if found is None:
        raise UnknownHold
    if found.reason == PLAN:
        raise OfPlan
    if not stands(found, today):
        raise NotStanding
    await store.end(tx, [(account_no, hold_no)], on=today, actor=actor)
    tx.audit([_entry("ended", account_no, hold_no, actor, reason)])


def stands(row: Row[Any], on: date) -> bool:
    """Return whether a hold stands on a day."""
    return bool(row.held_from <= on <= row.held_until and (row.ended_on is None or row.ended_on > on))


def _entry(what: str, account_no: str, hold_no: int, actor: str, reason: str) -> AuditEntry:
    return AuditEntry(
        action=f"dunning_hold.{what}",
        entity_kind="dunning_hold",
        entity_id=f"{account_no}~{hold_no}",
        actor=actor,
        reason=reason,
    )


async def place_of_plan(
    tx: Tx, account_no: str, *, org_unit: str, receivable_ids: Sequence[str], on: date, until: date, actor: str
) -> int:
    """Hold the debts that a plan covers, and return the number of the hold; the account is locked."""
    hold_no = len(await store.of_account(tx, account_no)) + 1
    key = {"account_no": account_no, "hold_no": hold_no, "org_unit": org_unit, "reason": PLAN, "holds_all": False}
    await store.add(tx, {**key, "held_from": on, "held_until": until, "held_by": actor}, receivable_ids)
    return hold_no


async def end_of_plans(tx: Tx, keys: Sequence[tuple[str, int]], *, on: date, actor: str) -> None:
    """End the holds (account, number) of plans that are over; the accounts are locked."""
    await store.end(tx, keys, on=on, actor=actor)
