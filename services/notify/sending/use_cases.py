"""Sending, as the database sees it: take notices, and store what became of them. One notice in flight per connection.

Storing outcomes and taking the next notices is one unit of work. So `sending` means truly in flight, and a process that dies
leaves at most one notice per connection in doubt.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from services.notify.notices.domain.states import DELIVERED, NOTICE_LIFE, UNKNOWN
from services.notify.notices.store import attempts
from services.notify.notices.store.attempts import Settled
from services.notify.parties.domain import Addressee
from services.notify.parties.store import parties
from services.notify.policies.domain import Retry
from services.notify.questions.domain.links import Link, Links, token_hash
from services.notify.questions.domain.states import OPEN
from services.notify.questions.store import links as question_links
from services.notify.questions.store import questions
from services.notify.sending.domain import retries
from services.notify.sending.domain.retries import Attempt, Verdict
from services.notify.templates.domain import Catalogue, Figures, Rendered, render
from services.notify.vault import Vault
from shared.db.engine import Tx
from shared.events.notify import NoticeDelivered, NoticeFailed

QUESTION_CLOSED = "question_closed"
POINT_GONE = "contact_point_gone"
"""The party has the contact point no more: it was removed, or the party was erased, before the notice went out."""
EXPIRED_MAX = 100  # leases looked at in one unit of work; there are as many as senders died


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A notice taken for sending, with the contact point as it is now: a corrected address is used at once.

    `to`: None where the party has no such contact point any more.
    """

    notice_id: str
    account_no: str
    template: str
    cause_kind: str
    cause_id: str
    attempts: int
    doubts: int
    resends: int
    channel: str
    to: Addressee | None
    text: Rendered | None = field(repr=False)  # it may hold a link; None: it must not go out, `code` says why
    code: str = ""


async def claim(
    tx: Tx, catalogue: Catalogue, links: Links, vault: Vault, *, count: int, lease_seconds: int
) -> list[Claimed]:
    """Take up to `count` notices, those that are due longest, rendered in their parties' languages.

    The link of a question is kept before it goes out, so that whoever gets it finds it.
    """
    rows = await attempts.claim(tx, count=count, lease_until=tx.now + timedelta(seconds=lease_seconds))
    found = await parties.addressees(tx, vault, [(row.party_no, row.point_no) for row in rows])
    asking = [row for row in rows if row.question_id is not None and (row.party_no, row.point_no) in found]
    addresses, closed = await _ask(tx, asking, found, links) if asking else ({}, frozenset())
    return [_claimed(row, found.get((row.party_no, row.point_no)), catalogue, addresses, closed) for row in rows]


async def _ask(
    tx: Tx, rows: Sequence[Row[Any]], found: Mapping[tuple[str, str], Addressee], links: Links
) -> tuple[Mapping[str, str], Collection[str]]:
    """Return the address in each notice that asks, where there are links, and the questions that are closed."""
    states = await questions.states(tx, [row.question_id for row in rows])
    closed = {question_id for question_id, state in states.items() if state != OPEN}
    if links.public_url is None:
        return {}, closed
    tokens = {
        row.notice_id: links.token(row.notice_id, found[row.party_no, row.point_no].address_since)
        for row in rows
        if row.question_id not in closed
    }
    kept = [
        Link(
            token_hash=token_hash(tokens[row.notice_id]),
            question_id=row.question_id,
            notice_id=row.notice_id,
            party_no=row.party_no,
            point_no=row.point_no,
            address_since=found[row.party_no, row.point_no].address_since,
            language=found[row.party_no, row.point_no].language,
            day=row.day,
        )
        for row in rows
        if row.notice_id in tokens
    ]
    if kept:
        await question_links.keep(tx, kept)
    return {notice_id: links.address(token) for notice_id, token in tokens.items()}, closed


def _claimed(
    row: Row[Any], to: Addressee | None, catalogue: Catalogue, addresses: Mapping[str, str], closed: Collection[str]
) -> Claimed:
    figures: Figures = orjson.loads(row.figures)
    if row.question_id is not None:
        address = addresses.get(row.notice_id)
        figures = {**figures, "answering": "link" if address else "staff", "link": address or ""}
    text, code = None, ""
    if row.question_id in closed:
        code = QUESTION_CLOSED
    elif to is None:
        code = POINT_GONE
    else:
        try:
            text = render(catalogue.on(row.template, row.day), to.language, figures)
        except KeyError:  # a later version of the template may show a figure that the cause did not bring
            code = "cannot_be_rendered"
    return Claimed(
        notice_id=row.notice_id,
        account_no=row.account_no,
        template=row.template,
        cause_kind=row.cause_kind,
        cause_id=row.cause_id,
        attempts=row.attempts + 1,
        doubts=row.doubts,
        resends=row.resends,
        channel=row.channel,
        to=to,
        text=text,
        code=code,
    )


async def finish(tx: Tx, done: Sequence[tuple[Claimed, Attempt]], retry: Retry) -> int:
    """Store what became of notices, publish what is final, and return how many attempts were overtaken by another."""
    if not done:
        return 0
    in_flight = await attempts.in_flight(tx, [claimed.notice_id for claimed, _ in done])
    settled: list[tuple[Claimed, Settled]] = []
    for claimed, attempt in done:
        state = in_flight.get((claimed.notice_id, claimed.attempts, claimed.resends))
        if state is not None:
            verdict = retries.judge(claimed.notice_id, claimed.attempts, claimed.doubts, attempt, retry)
            settled.append((claimed, _settled(tx, claimed, state, verdict)))
    await attempts.settle(tx, [what for _, what in settled])
    _publish(tx, settled)
    return len(done) - len(settled)


def _settled(tx: Tx, claimed: Claimed, state: str, verdict: Verdict) -> Settled:
    return Settled(
        notice_id=claimed.notice_id,
        state=NOTICE_LIFE.move(state, verdict.event),
        doubts=verdict.doubts,
        code=verdict.code,
        **_times(tx, verdict),
        channel=claimed.channel,
        template_version=claimed.text.template_version if claimed.text else None,
        content_hash=claimed.text.content_hash if claimed.text else None,
    )


async def expire_leases(tx: Tx, retry: Retry) -> int:
    """Give up on senders that did not come back: what they had in flight is in doubt. Return how many."""
    rows = await attempts.expired_leases(tx, EXPIRED_MAX)
    attempt = Attempt("in_doubt", "lease_expired")
    settled = [
        (row, _expired(tx, row, retries.judge(row.notice_id, row.attempts, row.doubts, attempt, retry))) for row in rows
    ]
    await attempts.settle(tx, [what for _, what in settled])
    _publish(tx, settled)
    return len(rows)


def _expired(tx: Tx, row: Row[Any], verdict: Verdict) -> Settled:
    return Settled(
        notice_id=row.notice_id,
        state=NOTICE_LIFE.move(row.state, verdict.event),
        doubts=verdict.doubts,
        code=verdict.code,
        **_times(tx, verdict),
        channel=row.channel,
        template_version=row.template_version,
        content_hash=row.content_hash,
    )


def _times(tx: Tx, verdict: Verdict) -> dict[str, datetime | None]:
    """Return when the notice is due again, or else that it is done now."""
    if verdict.retry_seconds is None:
        return {"due_at": None, "done_at": tx.now}
    return {"due_at": tx.now + timedelta(seconds=verdict.retry_seconds), "done_at": None}


def _publish(tx: Tx, settled: Sequence[tuple["Claimed | Row[Any]", Settled]]) -> None:
    """Publish final states. The locks on the notices' rows order the facts about each."""
    delivered: list[NoticeDelivered] = []
    failed: list[NoticeFailed] = []
    for notice, what in settled:
        if what.due_at is not None:
            continue
        about = {
            "account_no": notice.account_no,
            "notice_id": notice.notice_id,
            "template": notice.template,
            "channel": what.channel,
            "cause_kind": notice.cause_kind,
            "cause_id": notice.cause_id,
            "causation_id": notice.cause_id,
        }
        if what.state == DELIVERED:
            delivered.append(NoticeDelivered(**about, delivered_at=tx.now))
        else:
            reason = "delivery_unknown" if what.state == UNKNOWN else what.code
            failed.append(NoticeFailed(**about, reason=reason))
    tx.publish(delivered)
    tx.publish(failed)
