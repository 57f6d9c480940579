"""Approvals (四眼原则): what moves money, supply or a rule for all needs two people.

Who asks says what exactly is to be done; somebody else sees that content and approves or rejects it, by its hash. On approval
it is carried out in the unit of work of the decision, by its kind, with all checks that it has anyway. Requester and decider are
different people by a constraint of the database.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from shared import ids
from shared.db import approvals as store
from shared.db.approvals import PENDING, Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.org_units import above
from shared.outcome import Outcome, refused
from shared.statemachine import MoveRefused, StateMachine

LIFE: Final = StateMachine(
    name="approval",
    starts=(PENDING,),
    moves={
        "approve": {PENDING: "approved"},
        "reject": {PENDING: "rejected"},
        "withdraw": {PENDING: "withdrawn"},
    },
)


class UnknownApproval(BusinessError):
    status = 404
    code = "approval.unknown"
    title = "There is no such approval"


class OwnRequest(BusinessError):
    status = 403
    code = "approval.own_request"
    title = "Who asked for it may not decide on it"


class NotTheirs(BusinessError):
    status = 403
    code = "approval.not_the_requester"
    title = "Only who asked for it may withdraw it"


class NotPending(BusinessError):
    status = 409
    code = "approval.not_pending"
    title = "It is decided already"


class OtherContent(BusinessError):
    status = 412
    code = "approval.other_content"
    title = "The decision is about another content than what is asked for"


class AskedAlready(BusinessError):
    status = 409
    code = "approval.asked_already"
    title = "Something else is asked for the same subject and waits for its decision"


SECOND: Final = "second"
"""Where the content says which scope who decides must have, if policy does."""
NOBODYS: Final = ""
"""The org unit of what is for those alone who see all."""


def unit_above(org_units: Collection[str]) -> str:
    """Return that of some org units whose people see all of them; `NOBODYS` where none is above all others."""
    return above(org_units) or NOBODYS


CarryOut = Callable[[Tx, Approval, str], Awaitable[None]]
"""Does what was approved, in the unit of work of the decision; the last argument is who decided."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of what two people do. `scope`: what who decides must have, unless policy says another; `carry_out` does it.

    `given_up`: what follows where it is rejected or taken back; `taken_back`: what follows instead where who asked takes it back,
    if that decides nothing.
    """

    name: str
    scope: str
    carry_out: CarryOut
    given_up: CarryOut | None = None
    taken_back: CarryOut | None = None


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What is to be asked for, and by whom. `second`: the scope that policy wants of who decides, instead of the kind's."""

    subject_id: str
    content: Mapping[str, Any]
    org_unit: str
    requested_by: str
    reason: str = ""
    second: str = ""


def hash_of(kind: str, subject_id: str, content: Mapping[str, Any]) -> str:
    """Return the hash that a decision names: of all that is asked for."""
    text = orjson.dumps([kind, subject_id, content], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


async def ask(
    tx: Tx,
    *,
    kind: str,
    subject_id: str,
    content: Mapping[str, Any],
    org_unit: str,
    requested_by: str,
    reason: str,
    second: str = "",
) -> Approval:
    """Ask for an approval, once: the same content that waits already is returned as it is. Raises AskedAlready.

    `second`: the scope that policy wants of who decides, instead of the kind's. The caller has locked the subject: of two who ask
    at the same moment one waits for the other.
    """
    asking = Asking(
        subject_id=subject_id,
        content=content,
        org_unit=org_unit,
        requested_by=requested_by,
        reason=reason,
        second=second,
    )
    (found,) = await ask_all(tx, kind, [asking])
    if found is None:
        raise AskedAlready
    return found


async def ask_all(tx: Tx, kind: str, asked: Sequence[Asking]) -> list[Approval | None]:
    """Ask for many approvals as `ask` does, each subject once; None where something else is asked for it."""
    known = await store.waiting_by_subject(tx, kind, [each.subject_id for each in asked])
    found, new = [], []
    for each in asked:
        content = _content(each)
        content_hash = hash_of(kind, each.subject_id, content)
        old = known.get(each.subject_id)
        if old is not None:
            found.append(old if old.content_hash == content_hash else None)
            continue
        made = Approval(
            approval_id=ids.new(),
            kind=kind,
            subject_id=each.subject_id,
            content=content,
            content_hash=content_hash,
            org_unit=each.org_unit,
            requested_by=each.requested_by,
            reason=each.reason,
            state=LIFE.start(PENDING),
        )
        _audit(tx, made, "approval.ask", each.requested_by, each.reason)
        found.append(made)
        new.append(made)
    await store.insert(tx, new)
    return found


async def rejected(tx: Tx, kind: str, asked: Sequence[Asking]) -> set[str]:
    """Return the subjects of what somebody has rejected as it would be asked for now."""
    hashes = {each.subject_id: hash_of(kind, each.subject_id, _content(each)) for each in asked}
    known = await store.rejected(tx, kind, list(hashes.values()))
    return {subject for subject, content_hash in hashes.items() if content_hash in known}


async def withdraw_others(tx: Tx, kind: str, asked: Sequence[Asking], *, actor: str) -> None:
    """Withdraw what waits for the subjects with another content than would be asked for now: it follows no more."""
    waiting = await store.waiting_by_subject(tx, kind, [each.subject_id for each in asked])
    now = {each.subject_id: hash_of(kind, each.subject_id, _content(each)) for each in asked}
    others = [old for subject_id, old in waiting.items() if old.content_hash != now[subject_id]]
    await _take_back(tx, others, actor=actor, reason="")


def _content(asking: Asking) -> Mapping[str, Any]:
    return {**asking.content, SECOND: asking.second} if asking.second else asking.content


def outcome(asked: Approval | None) -> Outcome:
    """Return what became of an item of a batch that was asked for, as `ask_all` returns it."""
    if asked is None:
        return refused(AskedAlready.code, AskedAlready.title)
    return Outcome("awaiting_approval", id=asked.approval_id)


async def decide(
    tx: Tx,
    approval_id: str,
    *,
    content_hash: str,
    decision: Literal["approve", "reject"],
    explanation: str,
    actor: str,
    may_decide: Callable[[Approval], bool],
    kinds: Mapping[str, Kind],
) -> None:
    """Decide on what is asked for, and carry it out where it is approved.

    Raises the refusals of this module and those of its kind; nothing has changed then.
    """
    found = await store.locked(tx, approval_id)
    if found is None or not may_decide(found):
        raise UnknownApproval
    if found.requested_by == actor:
        raise OwnRequest
    state = _after(found, decision)
    if found.content_hash != content_hash:
        raise OtherContent
    await store.close(tx, approval_id, state, decided_by=actor, explanation=explanation)
    _audit(tx, found, f"approval.{decision}", actor, explanation)
    follows = kinds[found.kind].carry_out if decision == "approve" else kinds[found.kind].given_up
    if follows is not None:
        await follows(tx, found, actor)


async def withdraw(tx: Tx, approval_id: str, *, actor: str, kinds: Mapping[str, Kind]) -> None:
    """Take back what one has asked for; raises UnknownApproval, NotTheirs, NotPending."""
    found = await store.locked(tx, approval_id)
    if found is None:
        raise UnknownApproval
    if found.requested_by != actor:
        raise NotTheirs
    await store.close(tx, approval_id, _after(found, "withdraw"))
    _audit(tx, found, "approval.withdraw", actor, "")
    kind = kinds.get(found.kind)
    follows = None if kind is None else kind.taken_back or kind.given_up
    if follows is not None:
        await follows(tx, found, actor)


async def hold(tx: Tx, kind: str, subject_ids: Sequence[str]) -> None:
    """Keep what is asked for some subjects from being decided until the unit of work ends."""
    await store.waiting_by_subject(tx, kind, subject_ids, for_update=True)


async def drop(tx: Tx, kind: str, subject_ids: Sequence[str], *, actor: str, reason: str) -> None:
    """Take back what is asked for some subjects, where it waits: there is nothing left to be decided about them."""
    waiting = await store.waiting_by_subject(tx, kind, subject_ids)
    await _take_back(tx, list(waiting.values()), actor=actor, reason=reason)


async def _take_back(tx: Tx, waiting: Sequence[Approval], *, actor: str, reason: str) -> None:
    await store.close_all(tx, [each.approval_id for each in waiting], LIFE.target("withdraw"))
    for each in waiting:
        _audit(tx, each, "approval.withdraw", actor, reason)


def _after(approval: Approval, event: str) -> str:
    try:
        return LIFE.move(approval.state, event)
    except MoveRefused:
        raise NotPending(approval.state) from None


def _audit(tx: Tx, approval: Approval, action: str, actor: str, reason: str) -> None:
    entry = AuditEntry(
        action=action, entity_kind=approval.kind, entity_id=approval.subject_id, actor=actor, reason=reason
    )
    tx.audit([entry])
