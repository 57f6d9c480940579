"""Sending, as the database sees it: take notices, and store what became of them. One message in flight per connection.

Storing outcomes and taking the next notices is one unit of work. So `sending` means truly in flight, and a process that dies
leaves at most one message per connection in doubt.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Row

from services.notify.accounts import store as accounts
from services.notify.accounts.domain import account_on
from services.notify.notices.domain import receipts
from services.notify.notices.domain.states import NOTICE_LIFE, SENDING, SENT
from services.notify.notices.store import attempts, joined, ways
from services.notify.notices.store.attempts import Settled
from services.notify.notices.use_cases import settling
from services.notify.notices.use_cases.settling import Ended
from services.notify.parties.domain import Addressee
from services.notify.parties.store.addressees import addressees
from services.notify.policies.domain import LANGUAGES, PLAIN, VISITS, Policies, Policy, in_force
from services.notify.questions.domain.links import Link, Links, token_hash
from services.notify.questions.domain.states import OPEN
from services.notify.questions.store import links as question_links
from services.notify.questions.store import questions
from services.notify.questions.use_cases.texts import text_of
from services.notify.sending.domain import retries
from services.notify.sending.domain.port import Attempt
from services.notify.sending.domain.retries import Verdict
from services.notify.templates import domain as templates
from services.notify.templates.domain import TONE, Catalogue, Kinds, Rendered
from services.notify.vault import Vault
from shared.db.engine import Tx
from shared.events.notify import VisitAsked

QUESTION_CLOSED = "question_closed"
TOO_LATE = "too_late"
SAID_NO_MORE = frozenset({QUESTION_CLOSED, TOO_LATE})
"""Codes of what is not to be said any more, on no way."""
NO_DOOR = "no_door"
POINT_GONE = "contact_point_gone"
"""The party has the contact point no more: it was removed, or the party was erased, before the notice went out."""
EXPIRED_MAX = 100  # leases looked at in one unit of work; there are as many as senders died


@dataclass(frozen=True, kw_only=True)
class Rules:
    """By what is judged what became of notices: the policy of the day of the attempt, and those of the days of their causes."""

    today: Policy
    policies: Policies
    kinds: Kinds


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A notice taken for sending, with the contact point as it is now: a corrected address is used at once.

    `to`: None where the party has no such contact point any more. `door`: the service point to which somebody goes.
    `others`: notices that are one message with it: what became of it became of each of them. `until`: from when on it is said no
    more.
    """

    notice_id: str
    account_no: str
    template: str
    cause_kind: str
    cause_id: str
    attempts: int
    doubts: int
    way: int
    channel: str
    to: Addressee | None
    door: str = ""
    text: Rendered | None = field(repr=False)  # it may hold a link; None: it must not go out, `code` says why
    code: str = ""
    day: date
    until: datetime | None = None
    others: tuple["Claimed", ...] = field(default=(), repr=False)

    @property
    def is_said(self) -> bool:
        """Whether there is something to send, and somewhere to send it to."""
        return self.text is not None and self.to is not None


async def claim(
    tx: Tx,
    catalogue: Catalogue,
    links: Links,
    vault: Vault,
    *,
    policies: Policies,
    channel: str,
    count: int,
    lease_seconds: int,
) -> list[Claimed]:
    """Take up to `count` notices of a channel, those that are due longest, rendered in their parties' languages and tones.

    The link of a question is kept before it goes out, so that whoever gets it finds it.
    """
    lease_until = tx.now + timedelta(seconds=lease_seconds)
    joins = in_force(policies, tx.now).joining()
    messages = await attempts.claim(tx, channel=channel, count=count, lease_until=lease_until, joins=joins)
    rows = [row for message in messages for row in message]
    found = await addressees(tx, vault, [(row.party_no, row.point_no) for row in rows])
    asking = [row for row in rows if row.question_id is not None and (row.party_no, row.point_no) in found]
    addresses, closed = await _ask(tx, asking, found, links) if asking else ({}, frozenset())
    tones = await _tones(tx, rows, found, catalogue, policies)
    doors = await _doors(tx, [row for row in rows if not row.point_no])
    claimed = [
        _claimed(
            row,
            found.get((row.party_no, row.point_no)),
            catalogue,
            addresses,
            closed,
            tones.get(row.notice_id),
            now=tx.now,
        )
        for row in rows
    ]
    by_id = {
        row.notice_id: each if row.point_no else _to_door(each, doors[row.notice_id])
        for row, each in zip(rows, claimed, strict=True)
    }
    return await _as_messages(tx, [[by_id[row.notice_id] for row in message] for message in messages])


async def _as_messages(tx: Tx, messages: Sequence[Sequence[Claimed]]) -> list[Claimed]:
    """Return the first of each message with the others in it; what cannot be said stands alone, and says why.

    What a message holds is kept before it goes out: each retry has the same id and holds the same.
    """
    found: list[Claimed] = []
    for message in messages:
        unsaid = [each for each in message if each.text is None and each.attempts == 1]
        said = [each for each in message if each not in unsaid]
        found += [*unsaid, *([_one_message(said[0], said[1:])] if len(said) > 1 else said)]
    new = [(each, each.others) for each in found if each.others and each.attempts == 1]
    if new:
        await joined.keep(tx, new)
    return found


def _one_message(lead: Claimed, others: Sequence[Claimed]) -> Claimed:
    said = sorted(
        (each for each in (lead, *others) if each.text), key=lambda each: (each.day, each.cause_id, each.notice_id)
    )
    language = lead.to.language if lead.to else LANGUAGES[0]
    texts = templates.joined([each.text for each in said if each.text], language)
    by_id = {each.notice_id: replace(each, text=text) for each, text in zip(said, texts, strict=True)}
    return replace(by_id.get(lead.notice_id, lead), others=tuple(by_id.get(each.notice_id, each) for each in others))


async def _doors(tx: Tx, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """Return the door of each notice that somebody goes to tell: its own service point, or one that is supplied on its day."""
    found = await accounts.supplied(tx, [row.account_no for row in rows if not row.service_point_no]) if rows else {}
    supplied = {row.notice_id: account_on(found.get(row.account_no, []), row.day) for row in rows}
    return {
        row.notice_id: row.service_point_no or (supply.service_point_no if (supply := supplied[row.notice_id]) else "")
        for row in rows
    }


def _to_door(claimed: Claimed, door: str) -> Claimed:
    return replace(claimed, door=door) if door else replace(claimed, text=None, code=claimed.code or NO_DOOR)


async def _tones(
    tx: Tx,
    rows: Sequence[Row[Any]],
    found: Mapping[tuple[str, str], Addressee],
    catalogue: Catalogue,
    policies: Policies,
) -> dict[str, str]:
    """Return in which tone notices speak, of those whose templates have several (one statement; none where none has)."""
    several = [
        row for row in rows if (row.party_no, row.point_no) in found and catalogue.on(row.template, row.day).tones
    ]
    if not several:
        return {}
    standings = await accounts.standings(tx, [row.account_no for row in several])
    return {
        row.notice_id: policies.on(row.day).tones.of(
            standings.get(row.account_no),
            is_vulnerable=found[row.party_no, row.point_no].is_vulnerable,
            wanted=str(orjson.loads(row.figures).get(TONE, "")),
        )
        for row in several
    }


async def _ask(
    tx: Tx, rows: Sequence[Row[Any]], found: Mapping[tuple[str, str], Addressee], links: Links
) -> tuple[Mapping[str, str], Collection[str]]:
    """Return the address in each notice that asks, where there are links, and the questions that are closed."""
    states = await questions.states(tx, [row.question_id for row in rows])
    closed = {question_id for question_id, state in states.items() if state != OPEN}
    if links.public_url is None:
        return {}, closed
    tokens = {
        row.notice_id: links.token(row.notice_id, row.point_no, found[row.party_no, row.point_no].address_since)
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
    row: Row[Any],
    to: Addressee | None,
    catalogue: Catalogue,
    addresses: Mapping[str, str],
    closed: Collection[str],
    tone: str | None,
    *,
    now: datetime,
) -> Claimed:
    text, code, until = None, "", _until(row, catalogue.kinds)
    if until is not None and until <= now:
        code = TOO_LATE
    elif row.question_id in closed:
        code = QUESTION_CLOSED
    elif to is None:
        code = POINT_GONE
    else:
        try:
            link = addresses.get(row.notice_id)
            text = text_of(row, catalogue, to.language, tone=tone or PLAIN, link=link, zone=to.zone)
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
        way=row.way,
        channel=row.channel,
        to=to,
        text=text,
        code=code,
        day=row.day,
        until=until,
    )


def _until(row: Row[Any], kinds: Kinds) -> datetime | None:
    figure = kinds[row.template].until
    return None if figure is None else datetime.fromisoformat(orjson.loads(row.figures)[figure])


async def finish(tx: Tx, done: Sequence[tuple[Claimed, Attempt]], rules: Rules) -> int:
    """Store what became of notices, publish what is final, and return how many attempts were overtaken by another."""
    if not done:
        return 0
    done = [each for message in done for each in _of_each(*message)]
    in_flight = await attempts.in_flight(tx, [claimed.notice_id for claimed, _ in done])
    settled: list[tuple[Row[Any], Settled]] = []
    ended: list[Ended] = []
    taken: list[ways.Taken] = []
    asked: list[tuple[Row[Any], Claimed]] = []
    for claimed, attempt in done:
        notice = in_flight.get((claimed.notice_id, claimed.attempts, claimed.way))
        if notice is None:
            continue
        legal_effect = rules.kinds[claimed.template].legal_effect
        channel = rules.today.channels.get(claimed.channel)
        verdict = retries.judge(
            claimed.notice_id,
            claimed.attempts,
            claimed.doubts,
            attempt,
            rules.today.retry,
            receipt_seconds=channel.receipt_seconds(legal_effect=legal_effect) if channel else None,
        )
        gateway = (channel.gateway if channel else None) or ""
        sent: dict[str, Any] = {
            "template_version": claimed.text.template_version if claimed.text else None,
            "content_hash": claimed.text.content_hash if claimed.text else None,
            "tone": claimed.text.tone if claimed.text else None,
        }
        if _comes_to_nothing(verdict) and verdict.code not in SAID_NO_MORE:
            ended.append(_ended(notice, verdict, gateway=gateway, **sent))
            continue
        settled.append((notice, _settled(tx, notice, verdict, until=claimed.until, **sent)))
        if attempt.result == "accepted" and (attempt.reference or verdict.event == "handed over"):
            taken.append(_taken(notice, gateway, attempt, verdict))
            if gateway == VISITS:
                asked.append((notice, claimed))
    settled += await settling.end(tx, ended, rules.policies)
    await ways.keep(tx, taken)
    tx.publish(_visits(tx, asked, rules.today.zone))
    await settling.store(tx, settled)
    return len(done) - len(settled)


def _of_each(claimed: Claimed, attempt: Attempt) -> list[tuple[Claimed, Attempt]]:
    """Return what became of each notice of a message; by the gateway's reference its first one is found."""
    unnamed = replace(attempt, reference="")
    return [(claimed, attempt), *((each, unnamed) for each in claimed.others)]


def _visits(tx: Tx, asked: Sequence[tuple[Row[Any], Claimed]], zone: ZoneInfo) -> list[VisitAsked]:
    return [
        VisitAsked(
            account_no=notice.account_no,
            order_no=receipts.message_id(notice.notice_id, notice.way),
            notice_id=notice.notice_id,
            service_point_no=claimed.door,
            org_unit=notice.org_unit,
            template=notice.template,
            asked_on=tx.now.astimezone(zone).date(),
            causation_id=notice.cause_id,
        )
        for notice, claimed in asked
    ]


def _comes_to_nothing(verdict: Verdict) -> bool:
    return verdict.retry_seconds is None and verdict.event != "accepted"


def _ended(notice: Row[Any], verdict: Verdict, **more: Any) -> Ended:
    return Ended(notice=notice, event=verdict.event, code=verdict.code, doubts=verdict.doubts, **more)


def _settled(tx: Tx, notice: Row[Any], verdict: Verdict, *, until: datetime | None = None, **sent: Any) -> Settled:
    due_at = None if verdict.retry_seconds is None else tx.now + timedelta(seconds=verdict.retry_seconds)
    if due_at is not None and until is not None:  # neither tried again nor waited for beyond it
        due_at = min(due_at, max(until, tx.now))
    state = NOTICE_LIFE.move(notice.state, verdict.event)
    return settling.changed(
        notice, state=state, code=verdict.code, due_at=due_at, now=tx.now, doubts=verdict.doubts, **sent
    )


def _taken(notice: Row[Any], gateway: str, attempt: Attempt, verdict: Verdict) -> ways.Taken:
    return ways.Taken(
        notice_id=notice.notice_id,
        way=notice.way,
        channel=notice.channel,
        point_no=notice.point_no,
        gateway=gateway,
        reference=attempt.reference,
        outcome=receipts.SENT if verdict.event == "handed over" else receipts.ACCEPTED,
    )


async def expire(tx: Tx, rules: Rules) -> int:
    """Give up on senders and receipts that did not come in time. Return of how many notices the sender did not.

    What a sender had in flight is in doubt. What no receipt came of goes the next way.
    """
    rows = await attempts.overdue(tx, SENDING, EXPIRED_MAX)
    attempt = Attempt("in_doubt", "lease_expired")
    settled: list[tuple[Row[Any], Settled]] = []
    ended = [
        Ended(notice=row, event="no receipt", code="no_receipt")
        for row in await attempts.overdue(tx, SENT, EXPIRED_MAX)
    ]
    for row in rows:
        verdict = retries.judge(row.notice_id, row.attempts, row.doubts, attempt, rules.today.retry)
        if _comes_to_nothing(verdict):
            ended.append(_ended(row, verdict))
        else:
            settled.append((row, _settled(tx, row, verdict)))
    settled += await settling.end(tx, ended, rules.policies)
    await settling.store(tx, settled)
    return len(rows)
