"""What accounts owe and have paid, and how the one settles the other: the oldest money against the oldest debt (销账)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.collection.ledger.domain.documents import (
    OPENING,
    RECEIVABLE_LIFE,
    Account,
    Allocation,
    Cause,
    Credit,
    Receivable,
)


@dataclass(slots=True)
class Moved:
    """What a document moves between prepayment and receivables: the fen set less those released, and the day that counts.

    That is never before the day of any money, debt or allocation that is moved: nothing is settled or given back with money
    that has not come.
    """

    on: date
    fen: int = 0


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
        self.cleared: dict[str, Receivable] = {}

    def load_receivable(self, receivable: Receivable) -> None:
        """Take a stored receivable in, once."""
        if receivable.receivable_id in self.receivables:
            return
        self.know(receivable)
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

    def settle(self, account: Account, cause: Cause, moved: Moved) -> None:
        """Set the oldest money against the oldest debts until one side is used up."""
        if not (account.credits and account.receivables):
            return
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
                self.cleared[receivable.receivable_id] = receivable

    def take_back(self, account: Account, credit: Credit, cause: Cause, moved: Moved) -> None:
        """Release all that a credit settled, and take the credit away."""
        for receivable_id, amount_fen in list(self._receivables_of.get(credit.credit_id, {}).items()):
            self.release(account, credit, self.receivables[receivable_id], amount_fen, cause, moved)
        if credit.unallocated_fen != credit.amount_fen:
            raise AssertionError("a credit is not whole after all of it was released")
        account.credits.remove(credit)
        account.prepaid_fen -= credit.amount_fen
        account.is_changed = True
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
            self.cleared.pop(receivable.receivable_id, None)
        self._allocate(account, credit, receivable, -amount_fen, cause, moved)

    def _allocate(
        self, account: Account, credit: Credit, receivable: Receivable, amount_fen: int, cause: Cause, moved: Moved
    ) -> date:
        pair = credit.credit_id, receivable.receivable_id
        day = max(cause.business_date, credit.value_on, owed_from(receivable), self._made_on.get(pair, credit.value_on))
        self._made_on[pair] = day
        moved.on, moved.fen = max(moved.on, day), moved.fen + amount_fen
        credit.unallocated_fen -= amount_fen
        receivable.outstanding_fen -= amount_fen
        account.prepaid_fen -= amount_fen
        account.is_changed = True
        self.note(credit)
        self.note(receivable)
        self._count(credit.credit_id, receivable.receivable_id, amount_fen)
        self.allocations.append(
            Allocation(
                credit_id=credit.credit_id,
                receivable_id=receivable.receivable_id,
                account_no=account.account_no,
                amount_fen=amount_fen,
                made_on=day,
                cause_kind=cause.kind,
                cause_id=cause.id,
            )
        )
        return day

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
        account.prepaid_fen += amount_fen
        account.is_changed = True

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


def owed_from(receivable: Receivable) -> date:
    """Return the first day on which a debt can be settled: its issue; one from before the books were opened is older."""
    return date.min if receivable.document_kind == OPENING else receivable.issued_on
