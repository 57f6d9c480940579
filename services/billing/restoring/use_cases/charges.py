"""After a restore: charges that went out since the dump stand as collection has posted them, and are issued no second time.

Of which case a number is follows from the cases of its point. What it was calculated from may be lost: then it says `adopted`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row

from services.billing.bills.use_cases.adopting import InPlace, Posted
from services.billing.cases.domain import standing
from services.billing.cases.store import posted as store
from services.billing.cases.store import recomputed
from services.billing.cases.use_cases import working
from services.billing.replays.domain import ADOPTED
from shared import natural
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.db.restore import least_version
from shared.events.billing import Charge, ChargeIssued
from shared.outcome import ALREADY_DONE, Outcome, refused

NUMBERS_MAX: Final = (
    50  # calculations of one case, or documents of one test; a tenth of it is a case that nobody can settle
)
UNKNOWN = refused("charge.key_unknown", "No case at its point makes this charge: tell billing what it rests on first")
_COMPONENTS: Final = (standing.BACK_BILLING, standing.PENALTY)


@dataclass(frozen=True, slots=True)
class _Key:
    """What the number of a charge stands for. `worked`: its calculation, where that is known and comes to as much."""

    case: Row[Any]
    number: int
    component: str
    worked: Row[Any] | None


class Charges:
    """Keeps charges as they are posted."""

    async def look(self, tx: Tx, account: Row[Any], posted: Sequence[Posted]) -> list[Outcome | InPlace]:
        """Return what becomes of each: it is so already, nobody knows its case, or it takes the place of what is there."""
        keys = await _keys(tx, posted)
        rows = {row.charge_no: row for row in await recomputed.charges(tx, [one.document_id for one in posted])}
        return [_looked_at(one, keys, rows.get(one.document_id)) for one in posted]

    async def keep(self, tx: Tx, account: Row[Any], posted: Sequence[Posted], *, actor: str) -> None:
        """Write them, tell those that were not known, and end their cases, which had ended so."""
        keys = await _keys(tx, posted)
        there = await recomputed.charges_of(tx, sorted({key.case.case_no for key in keys.values()}))
        rows = {row.charge_no: row for row in await recomputed.charges(tx, [one.document_id for one in posted])}
        taken = {(row.case_no, row.calculation_number, row.component) for row in there}
        new: list[dict[str, Any]] = []
        for one in posted:
            if one.document_id not in rows:
                row = _row(tx, account, one, keys[one.document_id], taken, actor)
                taken.add((row["case_no"], row["calculation_number"], row["component"]))
                new.append(row)
        known = [_figures(one, rows[one.document_id], actor) for one in posted if one.document_id in rows]
        await store.put(tx, new, known)
        told = [Charge(**{name: row[name] for name in Charge.model_fields}) for row in new if row["rule"] != ADOPTED]
        tx.publish([ChargeIssued(account_no=charge.account_no, charge=charge) for charge in told])
        tx.audit(
            [
                AuditEntry(action="charge.adopted", entity_kind="charge", entity_id=one.document_id, actor=actor)
                for one in posted
            ]
        )
        cases = {key.case.case_no: key.case for key in keys.values()}
        await end(tx, cases, [(row["case_no"], row["issued_on"]) for row in new], "adopt_charge", actor=actor)


async def end(
    tx: Tx, cases: Mapping[str, Row[Any]], issued: Sequence[tuple[str, date]], action: str, *, actor: str
) -> None:
    """End the cases, by number, of documents that were not known, given with the days on which they were issued."""
    for case_no, case in sorted(cases.items()):
        days = [on for of, on in issued if of == case_no]
        if case.ended_on is None and days:
            on = max(case.first_signal_on, *days)
            await working.end(tx, case, action, on=on, actor=actor, explanation=ADOPTED)


async def _keys(tx: Tx, posted: Sequence[Posted]) -> dict[str, _Key]:
    """Return what the numbers stand for that a calculation of a case at their points can have made."""
    found: dict[str, _Key] = {}
    at = await store.cases_at(tx, [one.service_point_no or "" for one in posted])
    worked = {(row.case_no, row.number): row for row in await store.calculations_of(tx, [row.case_no for row in at])}
    for one in posted:
        for case in (each for each in at if each.service_point_no == one.service_point_no):
            for number in range(1, NUMBERS_MAX + 1):
                for component in _COMPONENTS:
                    if is_number(one.document_id, "charge", case.case_no, number, component):
                        own = worked.get((case.case_no, number))
                        fits = own is not None and _fen(own, component) == one.total_fen
                        found[one.document_id] = _Key(case, number, component, own if fits else None)
    return found


def is_number(identifier: str, kind: str, *key: object) -> bool:
    """Return whether an identifier is that of a document of a kind with a key, of the day with which it begins."""
    day = natural.day_of(identifier)
    return day is not None and natural.key_id(day, kind, *key) == identifier


def _fen(worked: Row[Any], component: str) -> int:
    return int(worked.back_billing_fen if component == standing.BACK_BILLING else worked.penalty_fen)


def _looked_at(one: Posted, keys: Mapping[str, _Key], row: Row[Any] | None) -> Outcome | InPlace:
    if row is None:
        return [] if one.document_id in keys else UNKNOWN
    out = one.stands or row.withdrawn_on is not None
    if out and (row.amount_fen, row.issued_on, row.due_on) == (one.total_fen, one.issued_on, one.due_on):
        return ALREADY_DONE  # what billing has withdrawn since is taken back there too, in time
    status = "issued" if row.withdrawn_on is None else "withdrawn"
    return [{"bill_id": row.charge_no, "status": status, "total_fen": row.amount_fen, "row_version": row.hold_version}]


def _figures(one: Posted, row: Row[Any] | None, actor: str) -> dict[str, Any]:
    withdrawn_on = row.withdrawn_on if row is not None and row.withdrawn_on else None
    asked_by = row.withdrawal_asked_by if row is not None and row.withdrawn_on else None
    if not one.stands and withdrawn_on is None:
        withdrawn_on, asked_by = one.taken_back_on or one.issued_on, actor
    return {
        "charge_no": one.document_id,
        "cycle": one.cycle or f"{one.issued_on:%Y-%m}",
        "amount_fen": one.total_fen,
        "issued_on": one.issued_on,
        "due_on": one.due_on,
        "withdrawn_on": withdrawn_on,
        "withdrawal_asked_by": asked_by,
    }


def _row(
    tx: Tx, account: Row[Any], one: Posted, key: _Key, taken: set[tuple[str, int, str]], actor: str
) -> dict[str, Any]:
    """Return a charge that was not known; another one made since under its calculation keeps that number."""
    number, worked = key.number, key.worked
    while (key.case.case_no, number, key.component) in taken:
        number, worked = number + 1, None
    return {
        **_figures(one, None, actor),
        "case_no": key.case.case_no,
        "calculation_number": number,
        "component": key.component,
        "account_no": account.account_no,
        "service_point_no": key.case.service_point_no,
        "org_unit": key.case.org_unit,
        "rule": worked.calculation if worked else ADOPTED,
        "policy": f"{worked.policy}@{worked.policy_version}" if worked else "",
        "policy_hash": worked.policy_hash if worked else "",
        "proposed_by": actor,
        "hold_version": least_version(tx.now),
    }
