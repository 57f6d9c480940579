"""What accounts owe and have paid, and how the one settles the other: the oldest money against the oldest debt (销账)."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.collection.ledger.domain import order_of_time
from services.collection.ledger.domain.documents import (
    BEARS_LATE_FEE,
    CLEARED,
    OPEN,
    RECEIVABLE_LIFE,
    REVERSED,
    Account,
    Allocation,
    Cause,
    Credit,
    History,
    Receivable,
    owed_from,
)


@dataclass(slots=True)
class Moved:
    """What a document moves between prepayment and receivables: the fen set less those released, by the day that counts.

    That is never before `since`, the day of the document, nor before the money, the debt and the allocation that are touched:
    nothing is settled or given back with money that has not come.
    """

    since: date
    fen_on: dict[date, int] = field(default_factory=dict)

    def add(self, day: date, fen: int) -> date:
        """Count fen on a day, and return the day that they count in."""
        day = max(day, self.since)
        self.fen_on[day] = self.fen_on.get(day, 0) + fen
        return day


class Settlement:
    """The open sides of the accounts of one batch under lock, and what settling them changes."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.accounts = {account.account_no: account for account in accounts}
        self.receivables: dict[str, Receivable] = {}
        self.credits: dict[str, Credit] = {}
        self.documents: dict[tuple[str, str], Receivable] = {}
        self._credits_of: dict[str, dict[str, int]] = {}  # receivable -> credit -> fen allocated
        self._receivables_of: dict[str, dict[str, int]] = {}  # credit -> receivable -> fen allocated
        self._made_on: dict[
            tuple[str, str], date
        ] = {}  # (credit, receivable) -> the last day on which one was set against the other
        self.allocations: list[Allocation] = []
        self.changed_receivables: dict[str, Receivable] = {}
        self.new_credits: list[Credit] = []
        self.changed_credits: dict[str, Credit] = {}
        self.stood: dict[str, tuple[int, date | None]] = {}  # stored receivable -> what was outstanding, and `moved_on`
        self._was: dict[
            str, tuple[str, date | None]
        ] = {}  # stored receivable -> its status, and since when it was settled
        self._turned: dict[str, Receivable] = {}  # what was settled or owed again, or is settled since another day

    def load_receivable(self, receivable: Receivable) -> None:
        """Take a stored receivable in, once."""
        if receivable.receivable_id in self.receivables:
            return
        self.know(receivable)
        self._was[receivable.receivable_id] = receivable.status, receivable.cleared_on
        self.stood[receivable.receivable_id] = receivable.outstanding_fen, receivable.moved_on
        if receivable.outstanding_fen:
            self.accounts[receivable.account_no].receivables.append(receivable)

    def load_credit(self, credit: Credit) -> None:
        """Take a stored credit in, once."""
        if credit.credit_id in self.credits:
            return
        self.credits[credit.credit_id] = credit
        if credit.unallocated_fen:
            self.accounts[credit.account_no].credits.append(credit)

    def load_allocation(self, credit_id: str, receivable_id: str, amount_fen: int, made_on: date) -> None:
        """Take in what a credit has settled of a receivable, releases deducted, and the last day on which that changed."""
        self._count(credit_id, receivable_id, amount_fen)
        self._made_on[credit_id, receivable_id] = made_on

    def late(self, days: Mapping[str, Sequence[date]]) -> list[str]:
        """Return the accounts whose documents, of these days, do not come after all that has moved: they need their history.

        The open sides must be there of those that have money, or get some.
        """
        found = []
        for account_no, given in days.items():
            account = self.accounts.get(account_no)
            if account is None or not given:
                continue
            last = max((owed_from(one) for one in account.receivables), default=date.min)
            in_order = all(one < other for one, other in itertools.pairwise(given))
            if (account.moved_on is not None and min(given) <= account.moved_on) or min(given) < last or not in_order:
                found.append(account_no)
        return found

    def load_history(
        self,
        account_no: str,
        *,
        debts: Iterable[Receivable],
        credits: Iterable[Credit],
        rows: Mapping[tuple[str, str, date], int],
        ended: Mapping[str, date],
        posted: Mapping[str, date],
    ) -> None:
        """Take in all that an account has ever owed and paid."""
        history = History(rows=dict(rows), posted=dict(posted))
        for debt in debts:
            self.load_receivable(debt)
            history.debts.append(self.receivables[debt.receivable_id])
        for credit in credits:
            self.load_credit(credit)
            history.credits.append(self.credits[credit.credit_id])
        for key, day in ended.items():
            taken_back = self.receivables.get(key)
            history.ended[key] = max(day, owed_from(taken_back) if taken_back else self.credits[key].value_on)
        self.accounts[account_no].history = history

    def settle(self, account: Account, cause: Cause, moved: Moved) -> None:
        """Set the oldest money against the oldest debts until one side is used up."""
        if account.history is not None:
            self._tell_again(account, account.history, cause, moved)
            return
        if not (account.credits and account.receivables):
            return
        if account.moved_on is not None and cause.business_date < account.moved_on:
            raise AssertionError("a document that comes late is settled without the account's history")
        account.credits.sort(key=lambda credit: credit.age)
        account.receivables.sort(key=lambda receivable: receivable.age)
        while account.credits and account.receivables:
            credit, receivable = account.credits[0], account.receivables[0]
            amount_fen = min(credit.unallocated_fen, receivable.outstanding_fen)
            day = self._allocate(account, credit, receivable, amount_fen, cause, moved)
            if not credit.unallocated_fen:
                account.credits.pop(0)
            if not receivable.outstanding_fen:
                account.receivables.pop(0)
                receivable.status = RECEIVABLE_LIFE.move(receivable.status, "settle")
                receivable.cleared_on = day
                self._turned[receivable.receivable_id] = receivable

    def turned(self, status: str) -> list[Receivable]:
        """Return the debts that are settled (since a day that is not told), or that were settled and are open again."""
        found = [one for one in self._turned.values() if one.status == status]
        if status == CLEARED:
            return [one for one in found if self._was.get(one.receivable_id) != (one.status, one.cleared_on)]
        return [one for one in found if self._was.get(one.receivable_id, ("",))[0] == CLEARED]

    def settled_late(self) -> list[str]:
        """Return the accounts of which a debt was settled, or released again, after its due date."""
        late = set()
        for one in self.allocations:
            debt = self.receivables[one.receivable_id]
            if one.made_on > debt.due_on and debt.document_kind in BEARS_LATE_FEE:
                late.add(one.account_no)
        return sorted(late)

    def _tell_again(self, account: Account, history: History, cause: Cause, moved: Moved) -> None:
        """Set money against debts as if every document had come on its day: release what that is not, allocate what it is.

        Each row counts on its own day, as it does where all comes in order; in an open month.
        """
        rows, cleared = order_of_time.walk(history.debts, history.credits, history.ended)
        fen_of: dict[str, int] = defaultdict(int)
        for (credit_id, receivable_id, _), fen in rows.items():
            fen_of[credit_id] += fen
            fen_of[receivable_id] += fen
        changes = [(key, rows.get(key, 0) - history.rows.get(key, 0)) for key in {**history.rows, **rows}]
        changes = sorted(((key, fen) for key, fen in changes if fen), key=lambda change: (change[1] > 0, change[0][2]))
        for (credit_id, receivable_id, day), fen in changes:
            counts_on = moved.add(max(day, history.posted.get(receivable_id, day)), fen)
            account.move(day)
            self._write(account, credit_id, receivable_id, fen, (day, counts_on), cause)
        history.rows = rows
        for debt in history.debts:
            if debt.status != REVERSED and debt.amount_fen > 0:
                self._stands_at(debt, debt.amount_fen - fen_of[debt.receivable_id], cleared.get(debt.receivable_id))
        for credit in history.credits:
            left_fen = 0 if credit.credit_id in history.ended else credit.amount_fen - fen_of[credit.credit_id]
            if credit.unallocated_fen != left_fen:
                credit.unallocated_fen = left_fen
                self.note(credit)
        account.receivables = [debt for debt in history.debts if debt.outstanding_fen]
        account.credits = [credit for credit in history.credits if credit.unallocated_fen]
        prepaid_fen = sum(credit.unallocated_fen for credit in account.credits)
        account.is_changed = account.is_changed or account.prepaid_fen != prepaid_fen
        account.prepaid_fen = prepaid_fen

    def _stands_at(self, debt: Receivable, outstanding_fen: int, cleared_on: date | None) -> None:
        if (debt.outstanding_fen, debt.cleared_on) == (outstanding_fen, cleared_on):
            return
        status = OPEN if outstanding_fen else CLEARED
        if debt.status != status:
            debt.status = RECEIVABLE_LIFE.move(debt.status, "settle" if status == CLEARED else "release")
        debt.outstanding_fen, debt.cleared_on = outstanding_fen, cleared_on
        self._turned[debt.receivable_id] = debt
        self.note(debt)

    def take_back(self, account: Account, credit: Credit, cause: Cause, moved: Moved) -> None:
        """Release all that a credit settled, and take the credit away."""
        day = max(cause.business_date, credit.value_on)
        account.move(day)
        if account.history is not None:  # what it settled is released where the whole is settled again
            account.history.ended[credit.credit_id] = day
            return
        for receivable_id, amount_fen in list(self._receivables_of.get(credit.credit_id, {}).items()):
            self.release(account, credit, self.receivables[receivable_id], amount_fen, cause, moved)
        if credit.unallocated_fen != credit.amount_fen:
            raise AssertionError("a credit is not whole after all of it was released")
        account.credits.remove(credit)
        account.prepaid_fen -= credit.amount_fen
        credit.unallocated_fen = 0
        self.note(credit)

    def release(
        self, account: Account, credit: Credit, receivable: Receivable, amount_fen: int, cause: Cause, moved: Moved
    ) -> None:
        """Take back what a credit settled of a receivable: that much is unallocated and owed again."""
        if not credit.unallocated_fen:
            account.credits.append(credit)
        if not receivable.outstanding_fen:
            account.receivables.append(receivable)
            receivable.status = RECEIVABLE_LIFE.move(receivable.status, "release")
            receivable.cleared_on = None
            self._turned[receivable.receivable_id] = receivable
        self._allocate(account, credit, receivable, -amount_fen, cause, moved)

    def _allocate(
        self, account: Account, credit: Credit, receivable: Receivable, amount_fen: int, cause: Cause, moved: Moved
    ) -> date:
        pair = credit.credit_id, receivable.receivable_id
        day = max(cause.business_date, credit.value_on, owed_from(receivable), self._made_on.get(pair, credit.value_on))
        self._made_on[pair] = day
        counts_on = moved.add(day, amount_fen)
        credit.unallocated_fen -= amount_fen
        receivable.outstanding_fen -= amount_fen
        account.prepaid_fen -= amount_fen
        account.move(day)
        self.note(credit)
        self.note(receivable)
        self._count(credit.credit_id, receivable.receivable_id, amount_fen)
        self._write(account, credit.credit_id, receivable.receivable_id, amount_fen, (day, counts_on), cause)
        return day

    def _write(
        self,
        account: Account,
        credit_id: str,
        receivable_id: str,
        amount_fen: int,
        days: tuple[date, date],
        cause: Cause,
    ) -> None:
        made_on, counts_on = days
        receivable = self.receivables[receivable_id]
        if receivable.moved_on is None or receivable.moved_on < counts_on:
            receivable.moved_on = counts_on
            self.note(receivable)
        self.allocations.append(
            Allocation(
                credit_id=credit_id,
                receivable_id=receivable_id,
                account_no=account.account_no,
                amount_fen=amount_fen,
                made_on=made_on,
                counts_on=counts_on,
                cause_kind=cause.kind,
                cause_id=cause.id,
            )
        )

    def add_credit(
        self, account: Account, credit_id: str, source_kind: str, source_id: str, value_on: date, amount_fen: int
    ) -> None:
        """Take in money that can settle what the account owes, all of it unallocated yet."""
        credit = Credit(
            credit_id=credit_id,
            account_no=account.account_no,
            source_kind=source_kind,
            source_id=source_id,
            value_on=value_on,
            amount_fen=amount_fen,
            unallocated_fen=amount_fen,
            is_new=True,
        )
        self.credits[credit_id] = credit
        self.new_credits.append(credit)
        account.credits.append(credit)
        if account.history is not None:
            account.history.credits.append(credit)
        account.prepaid_fen += amount_fen
        account.move(value_on)

    def know(self, receivable: Receivable) -> None:
        """Take a receivable in under its id and its document."""
        self.receivables[receivable.receivable_id] = receivable
        self.documents[receivable.document_kind, receivable.document_id] = receivable

    def note(self, row: Credit | Receivable) -> None:
        """Note that a stored row has changed; a new one is written whole."""
        if row.is_new:
            return
        if isinstance(row, Credit):
            self.changed_credits[row.credit_id] = row
        else:
            self.changed_receivables[row.receivable_id] = row

    def _count(self, credit_id: str, receivable_id: str, amount_fen: int) -> None:
        for index, one, other in (
            (self._credits_of, receivable_id, credit_id),
            (self._receivables_of, credit_id, receivable_id),
        ):
            row = index.setdefault(one, {})
            row[other] = row.get(other, 0) + amount_fen
            if not row[other]:
                del row[other]
