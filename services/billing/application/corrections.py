"""Corrections of issued bills (退补): what they take out of force and what takes its place, in one group, told as one fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.adapters import bills_store, rating_documents
from services.billing.adapters.bills_store import Writing
from services.billing.adapters.tables import CORRECTION, DIFFERENCE
from services.billing.domain import differences
from services.billing.domain.bills import ADJUSTED, ISSUED, REVERSED, Draft
from services.billing.domain.chains import Chain
from services.billing.domain.policy import DELTA, REVERSAL_AND_NEW, Policies
from shared import ids
from shared.db import bulk
from shared.db.engine import Tx
from shared.events import billing as events

RERATED = "rerated"
CANCELLED = "cancelled"
BILLS_MAX = 12  # of one correction: a ladder year; with all components and differences they fit in one event
_STATUS = {REVERSAL_AND_NEW: REVERSED, DELTA: ADJUSTED}


@dataclass(frozen=True, slots=True)
class _Group:
    """One correction: the issued bills that it takes out of force, each with what takes its place (none: cancelled)."""

    reason: str
    pairs: Sequence[tuple[Row[Any], Draft | None]]


@dataclass(frozen=True, slots=True)
class _Made:
    group: _Group
    style: str
    fact: events.BillCorrected
    writings: Sequence[Writing]


async def write(
    tx: Tx, corrected: Sequence[Chain], *, corrected_on: date, policies: Policies, actor: str
) -> list[Writing]:
    """Take the issued bills of chains out of force, publish the corrections, and return their replacements to store.

    The accounts are locked. A chain is one correction: all of it is posted together. Facts that change more than 12 bills, years
    back, make several corrections in order of time. The policy of `corrected_on` says whether bills are reversed and issued anew
    or adjusted by difference documents.
    """
    drafts = [[d for d in chain.drafts if d.status == ISSUED and d.replaces is not None] for chain in corrected]
    olds = await bills_store.heads(tx, [d.replaces.bill_id for group in drafts for d in group if d.replaces])
    groups = []
    for group in drafts:
        reason = next((d.usage.replaces_reason for d in group if d.usage.replaces_reason), RERATED)
        pairs = [(olds[d.replaces.bill_id], d) for d in group if d.replaces]
        groups += [_Group(reason, pairs[start : start + BILLS_MAX]) for start in range(0, len(pairs), BILLS_MAX)]
    return await _write(tx, groups, corrected_on, policies, actor)


async def cancel(tx: Tx, row: Row[Any], *, corrected_on: date, policies: Policies, actor: str) -> None:
    """Take one issued bill out of force without a replacement. The account is locked."""
    await _write(tx, [_Group(CANCELLED, [(row, None)])], corrected_on, policies, actor)


async def _write(tx: Tx, groups: Sequence[_Group], corrected_on: date, policies: Policies, actor: str) -> list[Writing]:
    made = [_made(group, corrected_on, policies) for group in groups]
    for style, status in _STATUS.items():
        rows = [row for one in made if one.style == style for row, _ in one.group.pairs]
        await bills_store.set_status(tx, [(row.bill_id, row.row_version) for row in rows], status)
    writings = [writing for one in made for writing in one.writings]
    used = {(tariff, version) for w in writings for tariff, version, _ in w.draft.tariffs}
    if used:
        await rating_documents.mark_used(tx, sorted(used))
    await _record(tx, made, actor)
    tx.publish([one.fact for one in made])
    return writings


def _made(group: _Group, corrected_on: date, policies: Policies) -> _Made:
    policy, correction_id = policies.on(corrected_on), ids.new()
    style = differences.style(policy.correction_style, [old.by_difference for old, _ in group.pairs])
    reversals, replacements, documents, writings = [], [], [], []
    for old, draft in group.pairs:
        was = bills_store.as_issued(old._mapping, old.issued_on, old.due_on)
        reversals.append(was)
        due_on = corrected_on + timedelta(
            days=policy.release_of(draft.terms.org_unit if draft else old.org_unit).due_days
        )
        now = None
        if draft is not None:
            writing = Writing(ids.new(), draft, correction_id, corrected_on, due_on, by_difference=style == DELTA)
            now = bills_store.as_issued(bills_store.values_of(writing), corrected_on, due_on)
            writings.append(writing)
            replacements.append(now)
        if style == DELTA:
            documents.append(_difference(was, now, due_on))
    fact = events.BillCorrected(
        account_no=reversals[0].account_no,
        correction_id=correction_id,
        corrected_on=corrected_on,
        reason=group.reason,
        reversals=tuple(reversals),
        replacements=tuple(replacements),
        differences=tuple(documents),
    )
    return _Made(group, style, fact, writings)


def _difference(was: events.Bill, now: events.Bill | None, due_on: date) -> events.Difference:
    parts = differences.components(_parts(was), _parts(now))
    return events.Difference(
        difference_id=ids.new(),
        bill_id=was.bill_id,
        replacement_id=now.bill_id if now else None,
        cycle=was.cycle,
        due_on=due_on,
        total_fen=(now.total_fen if now else 0) - was.total_fen,
        components=tuple(events.Component(component=name, amount_fen=fen) for name, fen in parts),
    )


def _parts(bill: events.Bill | None) -> dict[str, int]:
    return {part.component: part.amount_fen for part in bill.components} if bill else {}


async def _record(tx: Tx, made: Sequence[_Made], actor: str) -> None:
    facts = [one.fact for one in made]
    await bulk.insert_rows(
        tx,
        CORRECTION,
        {
            "correction_id": [f.correction_id for f in facts],
            "account_no": [f.account_no for f in facts],
            "contract_no": [f.reversals[0].contract_no for f in facts],
            "reason": [f.reason for f in facts],
            "style": [one.style for one in made],
            "corrected_on": [f.corrected_on for f in facts],
            "reversed_fen": [sum(b.total_fen for b in f.reversals) for f in facts],
            "replaced_fen": [sum(b.total_fen for b in f.replacements) for f in facts],
            "reversals": [orjson.dumps([b.bill_id for b in f.reversals]).decode() for f in facts],
            "replacements": [orjson.dumps([b.bill_id for b in f.replacements]).decode() for f in facts],
            "actor": [actor] * len(facts),
        },
    )
    await _record_differences(tx, facts)


async def _record_differences(tx: Tx, facts: Sequence[events.BillCorrected]) -> None:
    documents = [
        (fact, old, d)
        for fact in facts
        if fact.differences
        for old, d in zip(fact.reversals, fact.differences, strict=True)
    ]
    await bulk.insert_rows(
        tx,
        DIFFERENCE,
        {
            "difference_id": [d.difference_id for _, _, d in documents],
            "correction_id": [fact.correction_id for fact, _, _ in documents],
            "account_no": [fact.account_no for fact, _, _ in documents],
            "org_unit": [old.org_unit for _, old, _ in documents],
            "cycle": [d.cycle for _, _, d in documents],
            "bill_id": [d.bill_id for _, _, d in documents],
            "replacement_id": [d.replacement_id for _, _, d in documents],
            "issued_on": [fact.corrected_on for fact, _, _ in documents],
            "due_on": [d.due_on for _, _, d in documents],
            "total_fen": [d.total_fen for _, _, d in documents],
            "components": [_stored(d) for _, _, d in documents],
        },
    )


def _stored(document: events.Difference) -> str:
    return orjson.dumps([[part.component, part.amount_fen] for part in document.components]).decode()
