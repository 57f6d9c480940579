"""Accounts that closings have ended are settled: credits are set off by the ledger, and what is left is paid out, or kept.

Paying out is a document of its own that the prepayment of the account settles, like any other: books and history stay whole.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.collection.dunning.store import doubts as dunning
from services.collection.ledger.domain.documents import PAYOUT, Debt
from services.collection.ledger.domain.policy import APPROVALS, PAYING_OUT, Policy
from services.collection.ledger.store import accounts, late_settlements, months
from services.collection.receivables.use_cases import bills
from services.collection.settlements import domain, store
from services.collection.settlements.domain import ASKED, LIFE, WAITING
from shared import approvals
from shared.db import jobs
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.events.closings import FinalBillIssued
from shared.events.collection import AccountSettled

PER_CHUNK = 500  # one unit of work
ACTOR = "system:settle-accounts"
COMPONENT = "payout"


class ChangedMeanwhile(BusinessError):
    status = 409
    code = "settlement.changed_meanwhile"
    title = "The account has another balance, or owes something again: what was asked for is not what is left now"


async def hear(tx: Tx, facts: Sequence[FinalBillIssued]) -> None:
    """Keep what is to be settled, in any order and whether or not its bill is posted; other contracts keep an account open."""
    first = {fact.closing_no: fact for fact in reversed(facts) if fact.ends_account}
    await store.add(tx, [first[number] for number in sorted(first)])


async def chunks(view: View) -> Sequence[str]:
    """Return the ranges of what is not settled (`first<TAB>last`)."""
    numbers = await store.open_numbers(view)
    return jobs.ranges(numbers, PER_CHUNK)


async def settle(tx: Tx, chunk: str, *, business_date: date, policy: Policy) -> dict[str, int]:
    """Settle what can be settled of a chunk on a business date; large payouts are asked for. Return what became of how many."""
    first, last = jobs.bounds(chunk)
    opened = await months.open_from(tx)
    seen = await store.between(tx, first, last)
    await accounts.lock_accounts(tx, sorted({row.account_no for row in seen}))
    rows = [row for row in await store.locked(tx, [row.closing_no for row in seen]) if row.state != domain.SETTLED]
    left, waits = await _left(tx, rows, business_date)
    seconds = {no: policy.second_person(PAYING_OUT, business_date, fen) for no, fen in left.items() if fen}
    to_ask = [row for row in rows if seconds.get(row.closing_no)]
    asked = await _ask(tx, rows, to_ask, left, seconds)
    ready = [row for row in rows if row.closing_no in left and row.closing_no not in seconds] + [
        row for row in rows if row.closing_no in seconds and seconds[row.closing_no] is None
    ]
    done = [_settled(row, business_date, paid_out_fen=left[row.closing_no]) for row in ready]
    await _pay_out(tx, done, opened, policy)
    over = {row.closing_no for row in ready}
    open_ = [row for row in rows if row.closing_no not in over]
    await store.write(
        tx,
        [*done, *(_open(row, ASKED if row.closing_no in asked else WAITING, waits[row.closing_no]) for row in open_)],
    )
    return {"settled": len(done), "asked": len(asked), "waiting": len(open_) - len(asked)}


async def _left(tx: Tx, rows: Sequence[Row[Any]], on: date) -> tuple[dict[str, int], dict[str, str]]:
    """Return what is left of those that wait for nothing, and what each waits for, by closing.

    What is left of an account is that of one closing at a time: another one of it has its turn once that is settled.
    """
    money = await store.money(tx, sorted({row.account_no for row in rows}))
    posted = await store.posted(tx, sorted({row.bill_id for row in rows}))
    held = await dunning.held_points(tx, sorted({row.service_point_no for row in rows}), on)
    late = await late_settlements.among(tx, sorted({row.account_no for row in rows}))
    waits, left, taken = {}, {}, set[str]()
    for row in rows:
        prepaid, outstanding = money.get(row.account_no, (0, 0))
        waits[row.closing_no] = domain.waits_for(
            is_posted=row.bill_id in posted,
            outstanding_fen=outstanding,
            is_held=row.service_point_no in held,
            has_fees=row.account_no in late,
        )
        if not waits[row.closing_no] and row.account_no not in taken:
            left[row.closing_no] = prepaid
            taken |= {row.account_no} if prepaid else set()
    return left, waits


async def _ask(
    tx: Tx, rows: Sequence[Row[Any]], to_ask: Sequence[Row[Any]], left: dict[str, int], seconds: dict[str, str | None]
) -> set[str]:
    """Ask a second person for large payouts; what was asked for another amount, or for nothing any more, is taken back."""
    wanted = [_asking(row, left[row.closing_no], seconds[row.closing_no] or "") for row in to_ask]
    gone = [
        row.closing_no for row in rows if row.state == ASKED and row.closing_no not in {a.subject_id for a in wanted}
    ]
    if gone:
        await approvals.drop(tx, PAYING_OUT, gone, actor=ACTOR, reason="nothing_left_to_decide")
    if wanted:
        await approvals.withdraw_others(tx, PAYING_OUT, wanted, actor=ACTOR)
        await approvals.ask_all(tx, PAYING_OUT, wanted)
    return {each.subject_id for each in wanted}


def _asking(row: Row[Any], fen: int, second: str) -> approvals.Asking:
    return approvals.Asking(
        subject_id=row.closing_no,
        content={"account_no": row.account_no, "closing_no": row.closing_no, "paid_out_fen": fen},
        org_unit=row.org_unit,
        requested_by=row.approved_by,
        second=second,
    )


def _open(row: Row[Any], state: str, waits_for: str) -> dict[str, Any]:
    return {**dict(row._mapping), "state": state, "waits_for": waits_for}


def _settled(
    row: Row[Any], on: date, *, paid_out_fen: int = 0, kept_fen: int = 0, event: str = "settle", by: str | None = None
) -> dict[str, Any]:
    state = LIFE.move(ASKED if event != "settle" else WAITING, event)
    figures = {"settled_on": on, "paid_out_fen": paid_out_fen, "kept_fen": kept_fen, "decided_by": by}
    return {**dict(row._mapping), "state": state, "waits_for": "", **figures}


async def _pay_out(tx: Tx, rows: Sequence[dict[str, Any]], opened: date | None, policy: Policy) -> None:
    """Post what is paid out, and tell what was settled."""
    debts = [_payout(row) for row in rows if row["paid_out_fen"]]
    await bills.post_debts(tx, policy=policy, opened=opened, debts=debts)
    names = ("closing_no", "account_no", "org_unit", "bill_id", "settled_on", "paid_out_fen", "kept_fen")
    tx.publish([AccountSettled(**{name: row[name] for name in names}) for row in rows])
    tx.audit(
        [
            AuditEntry(
                action="account.settled",
                entity_kind="settlement",
                entity_id=row["closing_no"],
                actor=row["decided_by"] or ACTOR,
            )
            for row in rows
        ]
    )


def _payout(row: dict[str, Any]) -> Debt:
    on, fen = row["settled_on"], row["paid_out_fen"]
    return Debt(
        document_kind=PAYOUT,
        document_id=row["closing_no"],
        account_no=row["account_no"],
        cycle=f"{on:%Y-%m}",
        issued_on=on,
        due_on=on,
        posted_on=on,
        total_fen=fen,
        components=[(COMPONENT, fen)],
        service_point_no=row["service_point_no"],
    )


def kind_of_approval(policy: Policy, today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval that pays out what is left of a large account; where another rejects it that is kept.

    Where who asked takes it back nothing is decided: the job asks again.
    """

    async def decide(tx: Tx, approval: Approval, actor: str, *, event: str) -> None:
        opened = await months.open_from(tx)
        await accounts.lock_accounts(tx, [str(approval.content["account_no"])])
        (row,) = await store.locked(tx, [approval.subject_id])
        on = today()
        left, _ = await _left(tx, [row], on)
        fen = left.get(row.closing_no)
        if fen is None or row.state != ASKED or fen != approval.content["paid_out_fen"]:
            raise ChangedMeanwhile
        is_paid = event == "pay_out"
        done = _settled(
            row, on, event=event, by=actor, paid_out_fen=fen if is_paid else 0, kept_fen=0 if is_paid else fen
        )
        await _pay_out(tx, [done], opened, policy)
        await store.write(tx, [done])

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        await decide(tx, approval, actor, event="pay_out")

    async def given_up(tx: Tx, approval: Approval, actor: str) -> None:
        await decide(tx, approval, actor, event="keep")

    async def taken_back(tx: Tx, approval: Approval, _actor: str) -> None:
        rows = await store.locked(tx, [approval.subject_id])
        await store.write(tx, [_open(row, LIFE.move(row.state, "ask_again"), "") for row in rows if row.state == ASKED])

    return approvals.Kind(
        name=PAYING_OUT, scope=APPROVALS[PAYING_OUT], carry_out=carry_out, given_up=given_up, taken_back=taken_back
    )
