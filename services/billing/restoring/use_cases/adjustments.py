"""After a restore: adjustments that went out since the dump stand as collection has posted them, and are issued no second time.

Collection knows no energy and no working: what follows now from the test, or from a calculation of the case, and comes to as
much, is it; of another one they are not known, and it says `adopted`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.adjustments import domain, store
from services.billing.adjustments.domain import Adjustment, Test
from services.billing.adjustments.use_cases import settling
from services.billing.bills.use_cases.adopting import InPlace, Posted
from services.billing.cases.store import posted as cases_store
from services.billing.cases.use_cases import adjusting
from services.billing.replays.domain import ADOPTED
from services.billing.restoring.use_cases import charges
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, Outcome, refused
from shared.regulation.policy import policy_on

UNKNOWN = refused(
    "adjustment.key_unknown",
    "No tested meter and no case at its point make this adjustment: tell billing of them first",
)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What adjustments are for: the test of a meter, or a case. `now`: what follows from it now, each with its version."""

    no: str
    case: Row[Any] | None
    service_point_no: str
    org_unit: str
    now: Sequence[tuple[int, Adjustment]]


Keys = Mapping[str, tuple[_Subject, int]]


class Adjustments:
    """Keeps adjustments as they are posted."""

    async def look(self, tx: Tx, account: Row[Any], posted: Sequence[Posted]) -> list[Outcome | InPlace]:
        """Return what becomes of each: it is so already, nobody knows what it is for, or it takes the place of what is there."""
        keys = await _keys(tx, account, posted)
        rows = {row.adjustment_id: row for row in await store.by_id(tx, [one.document_id for one in posted])}
        return [_looked_at(one, keys, rows.get(one.document_id)) for one in posted]

    async def keep(self, tx: Tx, account: Row[Any], posted: Sequence[Posted], *, actor: str) -> None:
        """Write them in the order of their numbers, tell those that were not known, and end their cases, which had ended so."""
        keys = await _keys(tx, account, posted)
        subjects = {subject.no: subject for subject, _ in keys.values()}
        issued = await store.issued(tx, sorted(subjects))
        known = {row.adjustment_id: dict(row._mapping) for rows in issued.values() for row in rows}
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for one in sorted(posted, key=lambda each: keys[each.document_id][1]):
            subject, number = keys[one.document_id]
            mine = [
                row
                for row in known.values()
                if (row["dispute_no"], row["account_no"]) == (subject.no, account.account_no)
            ]
            old = known.get(one.document_id)
            row = _row(account, one, subject, number, mine, old)
            known[one.document_id] = row | {"actor": actor if old is None else old["actor"]}
            (new if old is None else changed).append(known[one.document_id])
        await store.change(tx, changed)
        await settling.issue(tx, new)
        tx.audit(
            [
                AuditEntry(
                    action="adjustment.adopted", entity_kind="adjustment", entity_id=one.document_id, actor=actor
                )
                for one in posted
            ]
        )
        cases = {subject.no: subject.case for subject in subjects.values() if subject.case is not None}
        await charges.end(
            tx, cases, [(row["dispute_no"], row["issued_on"]) for row in new], "adopt_adjustment", actor=actor
        )


async def _keys(tx: Tx, account: Row[Any], posted: Sequence[Posted]) -> Keys:
    """Return what the numbers stand for that a test or a case at their points can have made, with their place in its row."""
    points = sorted({one.service_point_no or "" for one in posted})
    subjects = [*await _of_tests(tx, points, account.account_no), *await _of_cases(tx, points)]
    return {
        one.document_id: (subject, number)
        for one in posted
        for subject in subjects
        if subject.service_point_no == one.service_point_no
        for number in range(1, charges.NUMBERS_MAX + 1)
        if charges.is_number(one.document_id, "adjustment", subject.no, account.account_no, number)
    }


async def _of_tests(tx: Tx, points: Sequence[str], account_no: str) -> list[_Subject]:
    tests = await store.tests_at(tx, points)
    billed = await store.billed(tx, tests)
    return [
        _Subject(
            no=test.dispute_no,
            case=None,
            service_point_no=test.service_point_no,
            org_unit=test.org_unit,
            now=_follows(test, billed.get(test.dispute_no, ()), account_no),
        )
        for test in tests
    ]


def _follows(test: Test, bills: Sequence[domain.Billed], account_no: str) -> list[tuple[int, Adjustment]]:
    if test.within_limits:
        return []
    rules = policy_on(settling.rules(), domain.RULES, test.tested_on)
    wanted = domain.adjustments(test, bills, rules)
    return [(test.version, each) for each in wanted if each.account_no == account_no]


async def _of_cases(tx: Tx, points: Sequence[str]) -> list[_Subject]:
    cases = await cases_store.cases_at(tx, points)
    worked: dict[str, list[Row[Any]]] = {}
    for row in await cases_store.calculations_of(tx, [case.case_no for case in cases]):
        worked.setdefault(row.case_no, []).append(row)
    return [
        _Subject(
            no=case.case_no,
            case=case,
            service_point_no=case.service_point_no,
            org_unit=case.org_unit,
            now=[
                (row.number, adjusting.of_calculation(case, row, account_no="")) for row in worked.get(case.case_no, ())
            ],
        )
        for case in cases
    ]


def _looked_at(one: Posted, keys: Keys, row: Row[Any] | None) -> Outcome | InPlace:
    if row is None:
        return [] if one.document_id in keys else UNKNOWN
    if (row.total_fen, row.issued_on, row.due_on) == (one.total_fen, one.issued_on, one.due_on) and _is_of(row, one):
        return ALREADY_DONE
    return [
        {"bill_id": row.adjustment_id, "status": "issued", "total_fen": row.total_fen, "row_version": row.test_version}
    ]


def _is_of(row: Row[Any], one: Posted) -> bool:
    return _parts(store.components(row.components)) == _parts(one.components)


def _parts(components: Sequence[tuple[str, int]]) -> dict[str, int]:
    return {name: fen for name, fen in components if fen}


def _row(
    account: Row[Any],
    one: Posted,
    subject: _Subject,
    number: int,
    mine: Sequence[Mapping[str, Any]],
    old: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return an adjustment as it is posted. Behind one that stands is always what takes that back."""
    taken = {row["number"] for row in mine if row["adjustment_id"] != one.document_id}
    while number in taken:  # another one was made since under that number
        number += 1
    back = {row["reverses"] for row in mine if row["adjustment_id"] != one.document_id}
    standing = [
        row for row in mine if row["number"] < number and row["reverses"] is None and row["adjustment_id"] not in back
    ]
    made = _made(one, subject, standing[-1] if standing else None, old)
    return {
        "adjustment_id": one.document_id,
        "dispute_no": subject.no,
        "case_no": subject.no if subject.case is not None else None,
        "account_no": account.account_no,
        "number": number,
        "service_point_no": subject.service_point_no,
        "org_unit": subject.org_unit,
        "cycle": one.cycle or f"{one.issued_on:%Y-%m}",
        "issued_on": one.issued_on,
        "due_on": one.due_on,
        "total_fen": one.total_fen,
        "components": orjson.dumps(one.components).decode(),
        **made,
    }


def _made(
    one: Posted, subject: _Subject, standing: Mapping[str, Any] | None, old: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return from what an adjustment was made: what it takes back, what follows now and comes to as much, or nothing known."""
    names = ("energy_wh", "working", "reverses", "test_version")
    if old is not None and old["total_fen"] == one.total_fen:
        return {name: old[name] for name in names}
    if standing is not None:
        working = orjson.dumps({"reverses": standing["adjustment_id"]}).decode()
        values = (-standing["energy_wh"], working, standing["adjustment_id"], standing["test_version"])
        return dict(zip(names, values, strict=True))
    for version, each in subject.now:
        if each.total_fen == one.total_fen and _parts(each.components) == _parts(one.components):
            return dict(zip(names, (each.energy_wh, orjson.dumps(each.working).decode(), None, version), strict=True))
    return dict(zip(names, (0, orjson.dumps({ADOPTED: True}).decode(), None, 0), strict=True))
