"""Sending, as the database sees it: take a notice, and store what became of it. One notice in flight per sender.

Storing the last outcome and taking the next notice is one unit of work. So `sending` means truly in flight, and a sender
that dies leaves at most one notice in doubt.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from services.notify.adapters import store
from services.notify.domain import sending
from services.notify.domain.causes import Figures
from services.notify.domain.contacts import Contact
from services.notify.domain.policy import Retry
from services.notify.domain.sending import Attempt, State, Verdict
from services.notify.domain.templates import Catalogue, Rendered, render
from shared.db.engine import Tx
from shared.events.notify import NoticeDelivered, NoticeFailed

EXPIRED_MAX = 100  # leases looked at in one unit of work; there are as many as senders died


@dataclass(frozen=True)
class Claimed:
    """A notice taken for sending, with the contact as it is now: a corrected address is used at once."""

    notice_id: str
    account_no: str
    template: str
    cause_kind: str
    cause_id: str
    attempts: int
    doubts: int
    resends: int
    contact: Contact
    text: Rendered | None  # None: the figures lack what the template shows


async def claim(tx: Tx, catalogue: Catalogue, *, lease_seconds: int) -> Claimed | None:
    """Take the notice that is due longest, rendered in its contact's language; None where nothing is due."""
    row = await store.claim_one(tx, tx.now + timedelta(seconds=lease_seconds))
    if row is None:
        return None
    contact, _ = (await store.contacts(tx, [row.contact_no]))[row.contact_no]
    figures: Figures = orjson.loads(row.figures)
    try:
        text = render(catalogue.on(row.template, row.day), contact.language, figures)
    except KeyError:  # a later version of the template may show a figure that the cause did not bring
        text = None
    return Claimed(
        row.notice_id,
        row.account_no,
        row.template,
        row.cause_kind,
        row.cause_id,
        row.attempts,
        row.doubts,
        row.resends,
        contact,
        text,
    )


async def finish(tx: Tx, claimed: Claimed, attempt: Attempt, retry: Retry) -> Verdict | None:
    """Store what became of a notice and publish it if that is final; None if another attempt was begun meanwhile."""
    verdict = sending.judge(
        claimed.notice_id, attempts=claimed.attempts, doubts=claimed.doubts, attempt=attempt, retry=retry
    )
    values = _values(tx, verdict) | {"channel": claimed.contact.channel}
    if claimed.text is not None:
        values |= {"template_version": claimed.text.template_version, "content_hash": claimed.text.content_hash}
    stored = await store.settle(
        tx, claimed.notice_id, attempts=claimed.attempts, resends=claimed.resends, values=values
    )
    if not stored:
        return None
    _publish(tx, claimed, claimed.contact.channel, verdict)
    return verdict


async def expire_leases(tx: Tx, retry: Retry) -> int:
    """Give up on senders that did not come back: what they had in flight is in doubt. Returns how many."""
    rows = await store.expired_leases(tx, EXPIRED_MAX)
    for row in rows:
        attempt = Attempt("in_doubt", "lease_expired")
        verdict = sending.judge(row.notice_id, attempts=row.attempts, doubts=row.doubts, attempt=attempt, retry=retry)
        await store.settle(tx, row.notice_id, attempts=row.attempts, resends=row.resends, values=_values(tx, verdict))
        _publish(tx, row, row.channel, verdict)
    return len(rows)


def _values(tx: Tx, verdict: Verdict) -> dict[str, Any]:
    final = verdict.retry_seconds is None
    return {
        "state": verdict.state.value,
        "doubts": verdict.doubts,
        "code": verdict.code,
        "due_at": None if verdict.retry_seconds is None else tx.now + timedelta(seconds=verdict.retry_seconds),
        "done_at": tx.now if final else None,
    }


def _publish(tx: Tx, notice: "Claimed | Row[Any]", channel: str, verdict: Verdict) -> None:
    """Publish a final state. The lock on the notice's row, which was just updated, orders the facts about it."""
    if verdict.retry_seconds is not None:
        return
    about = {
        "account_no": notice.account_no,
        "notice_id": notice.notice_id,
        "template": notice.template,
        "channel": channel,
        "cause_kind": notice.cause_kind,
        "cause_id": notice.cause_id,
        "causation_id": notice.cause_id,
    }
    if verdict.state is State.DELIVERED:
        tx.publish([NoticeDelivered(**about, delivered_at=tx.now)])
    else:
        reason = "delivery_unknown" if verdict.state is State.UNKNOWN else verdict.code
        tx.publish([NoticeFailed(**about, reason=reason)])
