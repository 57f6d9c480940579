"""Corrections of issued bills (退补): what they take out of force and what takes its place, in one group, told as one fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain import differences
from services.billing.bills.domain.bills import ISSUED, Draft, bill_id_of
from services.billing.bills.domain.chains import Chain
from services.billing.bills.domain.policy import DELTA, REVERSAL_AND_NEW, Policies
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import corrections as corrections_store
from services.billing.bills.store import told
from services.billing.bills.store.written import Writing
from services.billing.bills.use_cases import ladders
from services.billing.tariffs.store import documents
from shared import natural
from shared.db.engine import Tx
from shared.events import billing as events

RERATED = "rerated"
WITHDRAWN = "withdrawn"
CANCELLED = "cancelled"
BILLS_MAX = 12  # of one correction: a ladder year; with all components and differences they fit in one event
_EVENT = {REVERSAL_AND_NEW: "reverse", DELTA: "adjust"}


@dataclass(frozen=True, slots=True)
class _Group:
    """One correction, of one contract, in order of time.

    Each pair is an issued bill that it takes out of force and what takes its place: none where its period is no more, or where it
    was cancelled. What is billed for other periods than before has no old bill.
    """

    reason: str
    corrected_on: date
    pairs: Sequence[tuple[Row[Any] | None, Draft | None]]

    @property
    def olds(self) -> list[Row[Any]]:
        return [old for old, _ in self.pairs if old is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    group: _Group
    style: str
    fact: events.BillCorrected
    writings: Sequence[Writing]


async def write(
    tx: Tx, corrected: Sequence[tuple[str, date, Chain]], *, policies: Policies, actor: str
) -> list[Writing]:
    """Take the issued bills of chains out of force, publish the corrections, and return their replacements to store.

    The accounts are locked. A chain, with the reason that its usages may not give and the day of its correction, is one
    correction: all of it is posted together. Facts that change more than 12 bills, years back, make several corrections in order
    of time. The policy of that day says whether bills are reversed and issued anew or adjusted by difference documents. No bill
    is corrected before its issue: where the day is earlier, its correction has that of the issue.
    """
    drafts = [[d for d in chain.drafts if d.status == ISSUED] for _, _, chain in corrected]
    gone = [[bill for bill in chain.gone if bill.status == ISSUED] for _, _, chain in corrected]
    old_ids = [d.replaces.bill_id for listed in drafts for d in listed if d.replaces]
    olds = await bills_store.heads(tx, [*old_ids, *(bill.bill_id for listed in gone for bill in listed)])
    groups = []
    for (stated, corrected_on, _), new, old in zip(corrected, drafts, gone, strict=True):
        reason = next((d.usage.replaces_reason for d in new if d.usage.replaces_reason), stated)
        pairs = [(olds[d.replaces.bill_id] if d.replaces else None, d) for d in new]
        both = sorted([*pairs, *((olds[bill.bill_id], None) for bill in old)], key=_first_day)
        reason = reason or (WITHDRAWN if old else RERATED)
        groups += [
            _Group(reason, corrected_on, both[start : start + BILLS_MAX]) for start in range(0, len(both), BILLS_MAX)
        ]
    return await _write(tx, groups, policies, actor)


def _first_day(pair: tuple[Row[Any] | None, Draft | None]) -> tuple[date, bool]:
    old, draft = pair
    return (draft.usage.period_from if draft else old.period_from if old else date.max), old is None


async def cancel(tx: Tx, cancelled: Sequence[tuple[Row[Any], date]], *, policies: Policies, actor: str) -> None:
    """Take issued bills out of force without a replacement, each on its day. The accounts are locked."""
    await _write(tx, [_Group(CANCELLED, day, [(row, None)]) for row, day in cancelled], policies, actor)


async def _write(tx: Tx, groups: Sequence[_Group], policies: Policies, actor: str) -> list[Writing]:
    if not groups:
        return []
    made = [_made(group, policies) for group in groups]
    for style, event in _EVENT.items():
        rows = [row for one in made if one.style == style for row in one.group.olds]
        await bills_store.move(tx, [(row.bill_id, row.row_version) for row in rows], event)
    writings = [writing for one in made for writing in one.writings]
    used = {(tariff, version) for w in writings for tariff, version, _ in w.draft.tariffs}
    if used:
        await documents.mark_used(tx, sorted(used))
    await corrections_store.record(tx, [(one.style, one.fact) for one in made], actor)
    tx.publish([one.fact for one in made])
    told_of = [(told.values_of(w), w.issued_on) for w in writings if w.issued_on is not None]
    await ladders.tell(tx, told_of, policies=policies)
    return writings


def _made(group: _Group, policies: Policies) -> _Made:
    corrected_on = max([group.corrected_on, *(old.issued_on for old in group.olds)])
    policy, correction_id = policies.on(corrected_on), _correction_id(group)
    style = differences.style(policy.corrections.style, [old.by_difference for old in group.olds])
    reversals, replacements, differing, writings = [], [], [], []
    for old, draft in group.pairs:
        org_unit = draft.terms.org_unit if draft else old.org_unit if old else ""
        due_on = corrected_on + timedelta(days=policy.release_of(org_unit).due_days)
        now = None
        if draft is not None:
            writing = Writing(
                bill_id=bill_id_of(draft),
                draft=draft,
                correction_id=correction_id,
                issued_on=corrected_on,
                due_on=due_on,
                # for days on which no bill of this period stood, it is a document of its own in either style
                by_difference=style == DELTA and old is not None,
            )
            now = told.as_issued(told.values_of(writing), corrected_on, due_on)
            writings.append(writing)
            replacements.append(now)
        if old is not None:
            was = told.as_issued(old._mapping, old.issued_on, old.due_on)
            reversals.append(was)
            if style == DELTA:
                differing.append(_difference(was, now, due_on))
    fact = events.BillCorrected(
        account_no=(*reversals, *replacements)[0].account_no,
        correction_id=correction_id,
        corrected_on=corrected_on,
        reason=group.reason,
        reversals=tuple(reversals),
        replacements=tuple(replacements),
        differences=tuple(differing),
    )
    return _Made(group=group, style=style, fact=fact, writings=writings)


def _correction_id(group: _Group) -> str:
    """Return the id of a correction: that of the bills that go, each of which goes once, and of those in their place."""
    new = [bill_id_of(draft) for _, draft in group.pairs if draft is not None]
    return natural.key_id(_first_day(group.pairs[0])[0], "correction", *(old.bill_id for old in group.olds), *new)


def _difference(was: events.Bill, now: events.Bill | None, due_on: date) -> events.Difference:
    parts = differences.components(_parts(was), _parts(now))
    return events.Difference(
        difference_id=natural.key_id(was.period_to, "difference", was.bill_id, now.bill_id if now else ""),
        bill_id=was.bill_id,
        replacement_id=now.bill_id if now else None,
        cycle=was.cycle,
        due_on=due_on,
        total_fen=(now.total_fen if now else 0) - was.total_fen,
        components=tuple(events.Component(component=name, amount_fen=fen) for name, fen in parts),
    )


def _parts(bill: events.Bill | None) -> dict[str, int]:
    return {part.component: part.amount_fen for part in bill.components} if bill else {}
