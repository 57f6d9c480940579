"""Adjustments follow from tests of meters and the bills of their spans, whichever came first and however often they change.

What stands is compared with what follows now: what differs is taken back by a document of its own and issued anew.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.adjustments import domain, store
from services.billing.adjustments.domain import RULES, Adjustment, Billed, Document, Test
from services.billing.bills.domain.policy import ADJUSTMENT, KINDS
from services.billing.bills.use_cases import two_people
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.contracts.store import points as points_store
from services.billing.usages.domain import Usage
from services.billing.usages.store import usages
from shared import approvals, natural
from shared.dated import Period
from shared.db import jobs
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.events.billing import AdjustmentIssued, Component
from shared.regulation import packaged
from shared.regulation.policy import Policy, load_policy, policy_on

TESTS_PER_CHUNK = 200  # one unit of work: some thousand bills with their lines
ACTOR = "system:adjust-meters"


class ChangedMeanwhile(BusinessError):
    code = "adjustment.changed_meanwhile"
    title = "Bills of the span, or the test, have changed: what was approved is not what follows now"


@cache
def rules() -> tuple[Policy, ...]:
    """Return the supply rules that ship."""
    return tuple(load_policy(document) for document in packaged.policies())


async def chunks(view: View) -> Sequence[str]:
    """Return the ranges of disputes (`first<TAB>last`) whose meters were tested."""
    found = await store.numbers(view)
    return jobs.ranges(found, TESTS_PER_CHUNK)


async def settle(tx: Tx, chunk: str, *, business_date: date, context: Context) -> dict[str, int]:
    """Adjust for the tests of a chunk on a business date; what is large is asked for. Return how many documents were issued."""
    first, last = jobs.bounds(chunk)
    tests = await store.lock_between(tx, first, last)
    limits = await two_people.rules(tx, context)
    counts = {"issued": 0, "asked": 0, "waiting": 0}
    states: dict[str, tuple[str, date | None]] = {}
    going: list[dict[str, Any]] = []
    asked: dict[str, tuple[Test, list[Document], str]] = {}
    issued = await store.issued(tx, [test.dispute_no for test in tests])
    found, of_case = await _follows(tx, tests, issued)
    for test in tests:
        documents, waits_for = found[test.dispute_no]
        if test.dispute_no in of_case:
            states[test.dispute_no] = (store.OF_CASE, None)
            continue
        if waits_for is not None:
            states[test.dispute_no] = (store.WAITING, waits_for)
            continue
        second = limits.scope(ADJUSTMENT, _largest(documents))
        if documents and second is not None:
            asked[test.dispute_no] = (test, documents, second)
            continue
        states[test.dispute_no] = (store.WITHIN if test.within_limits else store.SETTLED, None)
        going += _rows(test, documents, issued.get(test.dispute_no, []), business_date, context, actor=ACTOR)
    await issue(tx, going)
    await approvals.drop(tx, ADJUSTMENT, sorted(of_case), actor=ACTOR, reason=store.OF_CASE)
    waits = await _ask(tx, asked)
    states |= {number: (store.ASKED if number in waits else store.REJECTED, None) for number in asked}
    await store.note(tx, states)
    counts["issued"], counts["asked"] = len(going), len(waits)
    counts["waiting"] = sum(state in (store.WAITING, store.OF_CASE) for state, _ in states.values())
    return counts


async def _follows(
    tx: Tx, tests: Sequence[Test], issued: Mapping[str, Sequence[Row[Any]]]
) -> tuple[dict[str, tuple[list[Document], date | None]], set[str]]:
    """Return by dispute the documents that are to be issued, or the first day of the span that is not billed yet.

    And the disputes of whose spans a case has adjusted for days: nothing is to be issued for these. Their points are locked as by
    who adjusts for a case.
    """
    await points_store.anchor(tx, sorted({test.service_point_no for test in tests}))
    bills = await store.billed(tx, tests)
    spans = sorted({(test.service_point_no, test.from_, test.to) for test in tests})
    standing = await usages.standing(tx, spans, also_waiting=True)
    closed = await usages.closed(tx, [usage.usage_id for usage in standing])
    of_case = _of_case(tests, await store.of_cases(tx, sorted({each.account_no for b in bills.values() for each in b})))
    found: dict[str, tuple[list[Document], date | None]] = {}
    for test in tests:
        mine = bills.get(test.dispute_no, [])
        there = store.standing(issued.get(test.dispute_no, []))
        if test.dispute_no in of_case:
            found[test.dispute_no] = [], None
            continue
        if test.within_limits:
            found[test.dispute_no] = domain.documents([], there), None
            continue
        waits_for = _unbilled(test, [u for u in standing if u.service_point_no == test.service_point_no], mine, closed)
        wanted: Sequence[Adjustment] = ()
        if waits_for is None:
            wanted = domain.adjustments(test, mine, policy_on(rules(), RULES, test.tested_on))
        found[test.dispute_no] = domain.documents(wanted, there), waits_for
    return found, of_case


def _of_case(tests: Sequence[Test], rows: Sequence[Row[Any]]) -> set[str]:
    """Return the disputes of meters that err whose spans share a day with what stands of cases at their points."""
    return {
        test.dispute_no
        for test in tests
        for row in rows
        if not test.within_limits
        and row.service_point_no == test.service_point_no
        and Period(row.from_day or date.min, row.to_day or row.issued_on).overlaps(Period(test.from_, test.to))
    }


def _unbilled(test: Test, standing: Sequence[Usage], bills: Sequence[Billed], closed: set[str]) -> date | None:
    """Return the first day of the span without a usage in force that is billed, or that a person has closed."""
    billed = {bill.usage_id for bill in bills}
    day = test.from_
    for usage in sorted(standing, key=lambda each: each.period_from):
        if usage.period_to <= test.from_ or usage.period_from >= test.to:
            continue
        if usage.period_from > day or (usage.usage_id not in billed and usage.usage_id not in closed):
            return max(day, test.from_)
        day = usage.period_to
    return day if day < test.to else None


def _largest(documents: Sequence[Document]) -> int:
    return max((abs(each.adjustment.total_fen) for each in documents), default=0)


def _rows(
    test: Test, documents: Sequence[Document], before: Sequence[Row[Any]], on: date, context: Context, *, actor: str
) -> list[dict[str, Any]]:
    """Return the rows of documents that are issued on a day, each under the next number of its account."""
    numbers: dict[str, int] = {}
    for row in before:
        numbers[row.account_no] = max(numbers.get(row.account_no, 0), row.number)
    rows = []
    for document in documents:
        one = document.adjustment
        number = numbers[one.account_no] = numbers.get(one.account_no, 0) + 1
        due_days = context.policies.on(on).release_of(one.org_unit).due_days
        rows.append(
            {
                # of no day of issue: made again after a restore it is the same document, and not posted twice
                "adjustment_id": natural.key_id(test.tested_on, "adjustment", test.dispute_no, one.account_no, number),
                "dispute_no": test.dispute_no,
                "test_version": test.version,
                "account_no": one.account_no,
                "number": number,
                "service_point_no": test.service_point_no,
                "org_unit": one.org_unit,
                "cycle": f"{on:%Y-%m}",
                "issued_on": on,
                "due_on": on + timedelta(days=due_days),
                "from_day": test.from_,
                "to_day": test.to,
                "energy_wh": one.energy_wh,
                "total_fen": one.total_fen,
                "components": orjson.dumps(one.components).decode(),
                "working": orjson.dumps(one.working).decode(),
                "reverses": document.reverses,
                "actor": actor,
            }
        )
    return rows


async def issue(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Store adjustments, and tell each."""
    await store.insert(tx, rows)
    tx.publish([_told(row) for row in rows])
    tx.audit(
        [
            AuditEntry(
                action="adjustment.issued",
                entity_kind="adjustment",
                entity_id=row["adjustment_id"],
                actor=row["actor"],
                reason=row["dispute_no"],
            )
            for row in rows
        ]
    )


def _told(row: dict[str, Any]) -> AdjustmentIssued:
    names = ("adjustment_id", "dispute_no", "account_no", "service_point_no", "org_unit", "cycle", "issued_on")
    return AdjustmentIssued(
        **{name: row[name] for name in (*names, "due_on", "energy_wh", "total_fen", "reverses")},
        case_no=row.get("case_no"),
        components=tuple(
            Component(component=name, amount_fen=fen) for name, fen in store.components(row["components"])
        ),
    )


async def _ask(tx: Tx, asked: dict[str, tuple[Test, list[Document], str]]) -> set[str]:
    """Ask a second person about large adjustments; return the disputes that wait. What was rejected is not asked for again.

    What was asked for and follows no more is withdrawn.
    """
    wanted = {number: _asking(test, documents, second) for number, (test, documents, second) in asked.items()}
    rejected = await approvals.rejected(tx, ADJUSTMENT, list(wanted.values()))
    left = {number: each for number, each in wanted.items() if number not in rejected}
    await approvals.withdraw_others(tx, ADJUSTMENT, list(left.values()), actor=ACTOR)
    await approvals.ask_all(tx, ADJUSTMENT, list(left.values()))
    return set(left)


def _asking(test: Test, documents: Sequence[Document], second: str) -> approvals.Asking:
    content = {
        "dispute_no": test.dispute_no,
        "test_version": test.version,
        "error_percent": test.error_percent,
        "documents": [
            {
                "account_no": each.adjustment.account_no,
                "energy_wh": each.adjustment.energy_wh,
                "total_fen": each.adjustment.total_fen,
                "components": [list(part) for part in each.adjustment.components],
                "reverses": each.reverses,
            }
            for each in documents
        ],
    }
    return approvals.Asking(
        subject_id=test.dispute_no,
        content=content,
        org_unit=test.org_unit,
        requested_by=test.decided_by,
        reason=f"{test.error_percent} %",
        second=second,
    )


def kind_of_approval(context: Context) -> approvals.Kind:
    """Return the kind of approval that issues what is adjusted for a tested meter, as it was seen."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        number = approval.subject_id
        (test,) = await store.lock_between(tx, number, number)
        issued = await store.issued(tx, [number])
        found, of_case = await _follows(tx, [test], issued)
        documents, waits_for = found[number]
        second = str(approval.content.get(approvals.SECOND, ""))
        now = _asking(test, documents, second).content
        if (
            of_case
            or waits_for is not None
            or {**now, approvals.SECOND: second} != {**approval.content, approvals.SECOND: second}
        ):
            raise ChangedMeanwhile
        on = await business_day.latest(tx)
        assert on is not None, "the job that asked has brought a business date"
        await issue(tx, _rows(test, documents, issued.get(number, []), on, context, actor=actor))
        await store.note(tx, {number: (store.SETTLED, None)})

    async def reject(tx: Tx, approval: Approval, _actor: str) -> None:
        await store.note(tx, {approval.subject_id: (store.REJECTED, None)})

    async def take_back(tx: Tx, approval: Approval, _actor: str) -> None:
        await store.note(tx, {approval.subject_id: (store.OPEN, None)})

    return approvals.Kind(
        name=ADJUSTMENT, scope=KINDS[ADJUSTMENT], carry_out=carry_out, given_up=reject, taken_back=take_back
    )
