"""Printing letters in batches, saying that they were posted, and which arrived and which came back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from secrets import token_hex
from typing import Any

from sqlalchemy import Row

from services.notify.accounts import store as accounts
from services.notify.doors import store as doors
from services.notify.doors.domain import Door, checked_against, occupant
from services.notify.doors.use_cases import was_read as door_was_read
from services.notify.letters import domain, store
from services.notify.letters.domain import BATCH_LIFE, FAULTS, Printed, Told
from services.notify.notices.domain.receipts import Receipt, message_id
from services.notify.notices.store import attempts
from services.notify.notices.use_cases import receipts
from services.notify.parties.domain import NOBODY
from services.notify.parties.store import parties
from services.notify.parties.store.addressees import addressees
from services.notify.parties.use_cases import was_read
from services.notify.policies.domain import PLAIN, Policies
from services.notify.questions.use_cases.texts import text_of
from services.notify.templates.domain import Catalogue
from services.notify.vault import Vault
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.outcome import REPEATED, Outcome, refused

TRAY = "letters"
"""What those who make batches lock: the letter that one of them takes the next does not see as waiting."""


class NothingToPrint(BusinessError):
    status = 409
    code = "letters.none_waiting"
    title = "No letter of this org unit waits to be printed"


class BatchNoTaken(BusinessError):
    status = 409
    code = "letters.batch_no_taken"
    title = "There is another batch of this number: of another org unit, or of another size"


class NotOpen(BusinessError):
    status = 409
    code = "letters.batch_not_open"
    title = "The batch was posted or cancelled"


class NotPosted(BusinessError):
    status = 409
    code = "letters.not_posted"
    title = "The batch was not posted: nothing can have become of its letters"


class HashDiffers(BusinessError):
    status = 409
    code = "letters.register_hash_differs"
    title = "The hash is not that of the batch's register: what was posted is another batch"


class ChangedSince(BusinessError):
    status = 409
    code = "letters.changed"
    title = (
        "A letter is not what it was when it was printed: the register says which; cancel the batch and make it anew"
    )


class BadDay(BusinessError):
    status = 422
    code = "letters.bad_day"
    title = "A batch is posted on the day on which it was made or later, and not on a day that lies ahead"


MAKING = (NothingToPrint, BatchNoTaken)
POSTING = (NotOpen, HashDiffers, ChangedSince, BadDay)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """By what letters are printed: texts, policy, the key to names and addresses, and the utility's day."""

    catalogue: Catalogue
    policies: Policies
    vault: Vault
    today: date

    @property
    def channels(self) -> dict[str, Any]:
        """The channels of today that go by letter."""
        return {
            name: channel
            for name, channel in self.policies.on(self.today).channels.items()
            if channel.gateway == domain.GATEWAY
        }


async def make(tx: Tx, batch_no: str, *, org_unit: str, letters_max: int, actor: str, desk: Desk) -> None:
    """Put letters that wait, those that were queued first, into a batch; the same batch made again changes nothing. Audited.

    One whose address is gone stays out, and goes another way once its time is over. Raises NothingToPrint, BatchNoTaken.
    """
    await accounts.lock_anchors(tx, [TRAY])
    known = await store.batch_for_update(tx, batch_no)
    if known is not None:
        if (known.org_unit, known.letters_max) != (org_unit, letters_max):
            raise BatchNoTaken
        return
    rows = await store.waiting(tx, desk.channels, org_unit=org_unit, limit=letters_max)
    mark = token_hex(16)
    printed = await _printed(tx, rows, desk, mark=mark)
    there = [row for row in rows if row.notice_id in printed]
    if not there:
        raise NothingToPrint
    letters = [replace(printed[row.notice_id], place=place) for place, row in enumerate(there, start=1)]
    batch = {
        "batch_no": batch_no,
        "org_unit": org_unit,
        "letters_max": letters_max,
        "register_hash": domain.register_hash((each.place, each.content_hash) for each in letters),
        "mark_sealed": desk.vault.seal(mark),
        "made_on": desk.today,
        "state": BATCH_LIFE.start(domain.MADE),
        "made_by": actor,
    }
    await store.add(tx, batch, there, letters)
    tx.audit([_entry("letters.made", batch_no, actor)])


async def read(tx: Tx, batch: Row[Any], *, actor: str, desk: Desk) -> list[tuple[Row[Any], Printed | None]]:
    """Return the letters of a batch in order, each as it was printed; None where it is no longer that; audited under each party.

    Names and addresses are those of now. One that changed since, or was erased, is not shown as where the letter went.
    """
    rows = await store.letters(tx, batch.batch_no)
    found = await _as_printed(tx, batch, rows, desk)
    what = f"letters {batch.batch_no}"
    tx.audit(was_read(sorted({row.party_no for row in rows if row.party_no != NOBODY}), actor=actor, what=what))
    at_doors = sorted({row.point_no for row in rows if row.party_no == NOBODY})
    tx.audit(door_was_read(at_doors, actor=actor, what=what))
    return [(row, found.get(row.notice_id)) for row in rows]


async def post(tx: Tx, batch: Row[Any], *, posted_on: date, register_hash: str, actor: str, desk: Desk) -> None:
    """Say that a batch, which the caller has locked, was posted; said again, it changes nothing. Audited.

    What was printed must still be right: nothing goes to a door that was corrected meanwhile. The wait for what becomes of the
    letters begins. Raises NotOpen, HashDiffers, ChangedSince, BadDay.
    """
    if batch.state == domain.POSTED and (batch.posted_on, batch.register_hash) == (posted_on, register_hash):
        return
    if not BATCH_LIFE.may(batch.state, "posted"):
        raise NotOpen
    if register_hash != batch.register_hash:
        raise HashDiffers
    if not batch.made_on <= posted_on <= desk.today:
        raise BadDay
    rows = await store.letters(tx, batch.batch_no, for_update=True)
    found = await _as_printed(tx, batch, rows, desk)
    if any(not row.still or row.notice_id not in found for row in rows):
        raise ChangedSince
    await _await_outcomes(tx, rows, desk)
    state = BATCH_LIFE.move(batch.state, "posted")
    await store.set_batch(tx, batch.batch_no, state=state, posted_on=posted_on, posted_by=actor)
    tx.audit([_entry("letters.posted", batch.batch_no, actor)])


async def _await_outcomes(tx: Tx, rows: Sequence[Row[Any]], desk: Desk) -> None:
    kinds = desk.catalogue.kinds
    waits = {
        row.notice_id: desk.channels[row.channel].receipt_seconds(legal_effect=kinds[row.template].legal_effect)
        for row in rows
        if row.channel in desk.channels
    }
    await attempts.wait_for_receipts(tx, {each: seconds for each, seconds in waits.items() if seconds is not None})


async def cancel(tx: Tx, batch: Row[Any], *, actor: str, reason: str) -> None:
    """Cancel a batch, which the caller has locked, that was not posted: its letters wait again. Audited. Raises NotOpen."""
    if batch.state == domain.CANCELLED:
        return
    if not BATCH_LIFE.may(batch.state, "cancelled"):
        raise NotOpen
    await store.give_back(tx, batch.batch_no)
    await store.set_batch(tx, batch.batch_no, state=BATCH_LIFE.move(batch.state, "cancelled"))
    tx.audit([_entry("letters.cancelled", batch.batch_no, actor, reason)])


async def tell(
    tx: Tx, batch: Row[Any], told: Sequence[Told], *, actor: str, policies: Policies, today: date
) -> list[Outcome]:
    """Say which letters of a batch, which the caller has locked, arrived and which came back; one outcome an item; audited.

    What came back goes another way, and its address is verified for nothing any more. Raises NotPosted.
    """
    if batch.state != domain.POSTED:
        raise NotPosted
    rows = {row.place: row for row in await store.letters(tx, batch.batch_no)}
    given = Counter(each.place for each in told)
    outcomes = [_outcome(each, rows.get(each.place), given, batch.posted_on, today) for each in told]
    new = [(rows[each.place], each) for each, outcome in zip(told, outcomes, strict=True) if outcome.status == "done"]
    if new:
        await store.tell(tx, new, actor)
        returned = [row for row, each in new if each.outcome == domain.RETURNED]
        await parties.unverify_addresses(tx, [(row.party_no, row.point_no, row.address_since) for row in returned])
        await doors.uncheck(tx, {(row.point_no, row.address_since) for row in returned if row.party_no == NOBODY})
        await receipts.take(tx, [_receipt(row, each) for row, each in new], policies)
        tx.audit([_entry("letters.told", batch.batch_no, actor)])
    return outcomes


def _outcome(told: Told, row: Row[Any] | None, given: Counter[int], posted_on: date, today: date) -> Outcome:
    name = str(told.place)
    if given[told.place] > 1:
        return refused(REPEATED, id=name)
    if row is None:
        return refused("letter.unknown", FAULTS["letter.unknown"], id=name)
    if code := domain.fault(told, posted_on=posted_on, today=today):
        return refused(code, FAULTS[code], id=name)
    known = row.outcome, row.told_on, row.register_no, row.reason
    if known == (told.outcome, told.on, told.register_no, told.reason):
        return Outcome("already_done", id=name)
    if row.outcome == told.outcome:
        return Outcome("conflicting_duplicate", id=name)
    if row.outcome == domain.DELIVERED:
        return refused("letter.delivered_already", FAULTS["letter.delivered_already"], id=name)
    return Outcome("done", id=name)


def _receipt(row: Row[Any], told: Told) -> Receipt:
    delivered = told.outcome == domain.DELIVERED
    return Receipt(
        gateway=domain.GATEWAY,
        message_id=message_id(row.notice_id, row.letter_way),
        result="delivered" if delivered else "failed",
        code="" if delivered else f"letter.{told.reason}",
    )


async def presume(tx: Tx, batch_no: str, *, on: date, policies: Policies, catalogue: Catalogue) -> int:
    """Count letters of a batch as delivered of which nothing was heard for as long as the policy of the day of its posting says.

    One that comes back all the same goes another way.
    """
    batch = await store.batch_for_update(tx, batch_no)
    assert batch is not None
    letters = policies.on(batch.posted_on).letters
    rows = [
        row
        for row in await store.letters(tx, batch_no, for_update=True)
        if row.outcome == ""
        and row.still
        and domain.is_presumed(
            letters, legal_effect=catalogue.kinds[row.template].legal_effect, posted_on=batch.posted_on, on=on
        )
    ]
    if rows:
        told = [(row, Told(place=row.place, outcome=domain.PRESUMED, on=on)) for row in rows]
        await store.tell(tx, told, "")
        await receipts.presume(tx, rows, domain.GATEWAY)
    return len(rows)


async def _as_printed(view: View, batch: Row[Any], rows: Sequence[Row[Any]], desk: Desk) -> dict[str, Printed]:
    """Return the letters of a batch that are what they were when they were printed, by notice."""
    printed = await _printed(view, rows, desk, mark=desk.vault.open(batch.mark_sealed))
    now = {row.notice_id: replace(printed[row.notice_id], place=row.place) for row in rows if row.notice_id in printed}
    hashes = {row.notice_id: row.printed_hash for row in rows}
    return {notice_id: letter for notice_id, letter in now.items() if letter.content_hash == hashes[notice_id]}


async def _printed(view: View, rows: Sequence[Row[Any]], desk: Desk, *, mark: str) -> dict[str, Printed]:
    """Return notices as letters, by id, without their places; those that cannot be printed are left out."""
    at_doors = await doors.doors(view, desk.vault, [row.point_no for row in rows if row.party_no == NOBODY])
    known = await addressees(view, desk.vault, [(row.party_no, row.point_no) for row in rows])
    names = await parties.names(view, desk.vault, sorted({row.party_no for row in rows}))
    found = {}
    for row in rows:
        to = known.get((row.party_no, row.point_no))
        if to is None:
            continue
        try:
            text = text_of(row, desk.catalogue, to.language, tone=row.tone or PLAIN, zone=to.zone)
        except KeyError:  # a later version of the template shows a figure that the cause did not bring
            continue
        found[row.notice_id] = Printed(
            notice_id=row.notice_id,
            account_no=row.account_no,
            place=0,
            address_since=to.address_since,
            name=names.get(row.party_no) or occupant(row.account_no),
            address=to.address,
            subject=text.subject,
            body=text.body,
            mark=mark,
            checked_against=_checked(row, at_doors),
        )
    return found


def _checked(row: Row[Any], at_doors: Mapping[str, tuple[Door, int]]) -> str:
    return "" if row.party_no != NOBODY else checked_against(at_doors[row.point_no][0], row.account_no)


def _entry(action: str, batch_no: str, actor: str, reason: str = "") -> AuditEntry:
    return AuditEntry(action=action, entity_kind="letter_batch", entity_id=batch_no, actor=actor, reason=reason)
