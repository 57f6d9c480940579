"""Taking a call task, and saying what came of the call."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from services.notify.calls import domain, store
from services.notify.notices.domain.receipts import Receipt, message_id
from services.notify.notices.domain.states import SENT
from services.notify.notices.store import attempts
from services.notify.notices.use_cases import receipts
from services.notify.parties.domain import Party
from services.notify.parties.store import parties
from services.notify.policies.domain import Policies, Policy
from services.notify.questions.use_cases.texts import text_of
from services.notify.templates.domain import Catalogue
from services.notify.vault import Vault
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.notify import PersonTold


class NoCallTask(BusinessError):
    status = 409
    code = "call.not_open"
    title = (
        "Nobody is to be called about this notice: it has arrived, went another way, was withdrawn, or never was to be told "
        "by call"
    )


class TakenByAnother(BusinessError):
    status = 409
    code = "call.taken"
    title = "Somebody else has this call task"


class OfAnother(BusinessError):
    status = 409
    code = "call.of_another"
    title = "This person is told by another employee, who is named with the party"


class NotYet(BusinessError):
    status = 409
    code = "call.not_yet"
    title = "The person was not reached and is to be called again later"


class NotTaken(BusinessError):
    status = 409
    code = "call.not_taken"
    title = "Take the call task before you say what came of the call"


class PromiseWithoutDay(BusinessError):
    status = 422
    code = "call.promise_without_day"
    title = "A promise needs the day that was promised, and nothing else has one"


TAKING = (NoCallTask, OfAnother, TakenByAnother, NotYet)
TELLING = (NoCallTask, NotTaken, PromiseWithoutDay)


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is to be said, and to whom."""

    name: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    wishes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What the caller sees, and nobody else."""

    number: str = field(repr=False)
    script: Script


async def take(tx: Tx, notice_id: str, *, caller: str, policy: Policy, catalogue: Catalogue, vault: Vault) -> Taken:
    """Give a task to a caller, who alone sees the number and what is to be said; audited. Who has it already sees it again.

    Raises NoCallTask, OfAnother, TakenByAnother, NotYet.
    """
    notice = await attempts.notice_for_update(tx, notice_id)
    _check_open(notice, policy)
    party, _ = (await parties.parties(tx, vault, [notice.party_no]))[notice.party_no]
    if party.teller not in ("", caller):
        raise OfAnother
    task = await store.task(tx, notice_id, notice.way)
    if task is not None and task.next_at is not None and task.next_at > tx.now:
        raise NotYet
    held = task is not None and task.caller != "" and domain.held_until(task.taken_at) > tx.now
    if task is not None and held and task.caller != caller:
        raise TakenByAnother
    number = next((point.address for point in party.points if point.point_no == notice.point_no), None)
    if number is None:
        raise NoCallTask
    values = {"caller": caller, "taken_at": tx.now, "tries": task.tries if task is not None else 0, "next_at": None}
    await store.keep(tx, notice_id, notice.way, task, **values)
    tx.audit([_entry("call.taken", notice, caller)])
    return Taken(number=number, script=script(notice, party, catalogue))


def script(notice: Row[Any], party: Party, catalogue: Catalogue) -> Script:
    """Return what a notice says, to be read out to its party."""
    text = text_of(notice, catalogue, party.language, zone=party.preferences.zone)
    return Script(name=party.name, subject=text.subject, text=text.body, wishes=party.wishes)


async def tell(
    tx: Tx,
    notice_id: str,
    outcome: domain.CallOutcome,
    *,
    promised_on: date | None,
    caller: str,
    policies: Policies,
    policy: Policy,
) -> None:
    """Store what came of a call, and let its notice follow: told is told; who is not reached is called again, then another way.

    A wrong number is verified for nothing any more. Raises NoCallTask, NotTaken, PromiseWithoutDay.
    """
    notice = await attempts.notice_for_update(tx, notice_id)
    _check_open(notice, policy)
    task = await store.task(tx, notice_id, notice.way)
    if task is None or task.caller != caller:
        raise NotTaken
    if (outcome == domain.PROMISED) != (promised_on is not None):
        raise PromiseWithoutDay
    tries = task.tries + 1
    await store.add(tx, notice_id, notice.way, tries, caller=caller, outcome=outcome, promised_on=promised_on)
    again = domain.next_try(policy.calls, tries, tx.now) if outcome == domain.NOT_REACHED else None
    await store.keep(tx, notice_id, notice.way, task, caller="", taken_at=task.taken_at, tries=tries, next_at=again)
    tx.audit([_entry(f"call.{outcome}", notice, caller)])
    if again is not None:
        return
    if outcome == domain.WRONG_NUMBER:
        await parties.unverify(tx, notice.party_no, notice.point_no)
    told = outcome in (domain.TOLD, domain.PROMISED)
    receipt = Receipt(
        gateway=domain.GATEWAY,
        message_id=message_id(notice_id, notice.way),
        result="delivered" if told else "failed",
        code="" if told else f"call.{outcome}",
    )
    await receipts.take(tx, [receipt], policies)
    if told:
        tx.publish([told_by_word(notice, outcome, promised_on=promised_on, told_by=caller, told_at=tx.now)])


def told_by_word(
    notice: Row[Any], outcome: str, *, promised_on: date | None = None, told_by: str, told_at: datetime
) -> PersonTold:
    """Return that somebody has told a person what a notice says."""
    return PersonTold(
        account_no=notice.account_no,
        notice_id=notice.notice_id,
        template=notice.template,
        cause_kind=notice.cause_kind,
        cause_id=notice.cause_id,
        outcome=outcome,
        promised_on=promised_on,
        told_by=told_by,
        told_at=told_at,
        causation_id=notice.cause_id,
    )


def _check_open(notice: Row[Any], policy: Policy) -> None:
    channel = policy.channels.get(notice.channel)
    if notice.state != SENT or channel is None or channel.gateway != domain.GATEWAY:
        raise NoCallTask


def _entry(action: str, notice: Row[Any], caller: str) -> AuditEntry:
    return AuditEntry(action=action, entity_kind="call_task", entity_id=notice.notice_id, actor=caller)
