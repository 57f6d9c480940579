"""The part of the books that one unit of work touches, and the documents that are posted in them.

`Books` is loaded by the store, changed here without any I/O, and written back by the store: everything that it made or
changed is in its public lists. Facts of one account are applied one by one, so that batches of any size end in the same books.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from services.collection.ledger.domain import months, recovery, transactions
from services.collection.ledger.domain.documents import (
    CLEARED,
    CORRECTION,
    OPEN,
    OPENING,
    PAYMENT,
    RECEIVABLE_LIFE,
    REVERSED,
    Account,
    Cause,
    Correction,
    Debt,
    Finding,
    Receivable,
    owed_from,
)
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.domain.settlement import Moved, Settlement
from services.collection.ledger.domain.transactions import Entry, Transaction
from shared import natural


class Books(Settlement):
    """The accounts of one batch under lock, with all that the batch needs of them, and what it changes."""

    def __init__(self, *, policy: Policy, open_from: date | None, accounts: Iterable[Account]) -> None:
        super().__init__(accounts)
        self.policy = policy
        self.open_from = open_from
        self.issue_entries: dict[str, Sequence[Entry]] = {}
        self.transactions: list[Transaction] = []
        self.findings: list[Finding] = []
        self.new_receivables: list[Receivable] = []
        self.newly_reversed: list[Receivable] = []

    def cause(self, kind: str, document_id: str, business_date: date) -> Cause:
        """Return a document as the cause of what is posted, with the day on which that counts."""
        return Cause(
            kind=kind,
            id=document_id,
            business_date=business_date,
            accounting_date=months.accounting_date(business_date, self.open_from),
        )

    # --- documents

    def issue(self, debt: Debt) -> Receivable:
        """Post an issued debt and settle it from prepayment at once, oldest money first."""
        account = self.accounts[debt.account_no]
        cause = self.cause(debt.document_kind, debt.document_id, debt.posted_on)
        receivable = self._issue(account, debt, cause)
        if account.credits or account.history is not None:
            moved = Moved(cause.accounting_date)
            self.settle(account, cause, moved)
            self._apply(account, cause, moved, transactions.PREPAYMENT_APPLIED)
        return receivable

    def receive(
        self, account_no: str, cause: Cause, amount_fen: int, from_code: str, kind: str, source_id: str = ""
    ) -> None:
        """Post money that arrived for an account (from cash, or from suspense) and settle what it owes, oldest first.

        What is left of an overpayment (多缴) is prepayment: it settles the next debt as soon as that is issued. So is money that
        came before the debt was issued, until then. `source_id` orders the money of one day.
        """
        if amount_fen <= 0:
            raise AssertionError("money that arrives is more than 0 fen")
        account = self.accounts[account_no]
        rules = self.policy.at(cause.accounting_date)
        self.add_credit(account, cause.id, PAYMENT, source_id or cause.id, cause.business_date, amount_fen)
        entries = [
            Entry(ledger_account=from_code, amount_fen=amount_fen),
            Entry(ledger_account=rules.prepayment, amount_fen=-amount_fen),
        ]
        moved = Moved(cause.accounting_date)
        self.settle(account, cause, moved)
        entries += transactions.applied(moved.fen_on.pop(cause.accounting_date, 0), rules)
        self._post(account, cause, kind, transactions.netted(entries))
        self._apply(account, cause, moved, transactions.PREPAYMENT_APPLIED)

    def suspend(self, cause: Cause, amount_fen: int, cash_code: str, org_unit: str) -> None:
        """Post money that arrived for nobody knows whom: it is in suspense (暂收), and settles nothing."""
        code = self.policy.at(cause.accounting_date).roles["suspense"]
        entries = [
            Entry(ledger_account=cash_code, amount_fen=amount_fen),
            Entry(ledger_account=code, amount_fen=-amount_fen),
        ]
        self._post(_nobody(org_unit), cause, transactions.SUSPENSE, entries)

    def give_back(self, cause: Cause, suspended: Sequence[Entry], org_unit: str) -> None:
        """Post that money in suspense goes back to its payer; the entries follow those that suspended it."""
        self._post(_nobody(org_unit), cause, transactions.RETURN, transactions.reversed_(suspended))

    def reverse_payment(self, credit_id: str, cause: Cause, cash_code: str) -> None:
        """Take a payment back out: what it settled is owed again, other money of the account settles it where there is any.

        It counts no earlier than the money came, and what is moved no earlier than what it releases.
        """
        credit = self.credits[credit_id]
        account = self.accounts[credit.account_no]
        cause = _counting(cause, max(cause.accounting_date, credit.value_on))
        moved = Moved(cause.accounting_date)
        self.take_back(account, credit, cause, moved)
        self.settle(account, cause, moved)
        rules = self.policy.at(cause.accounting_date)
        entries = [
            Entry(ledger_account=cash_code, amount_fen=-credit.amount_fen),
            Entry(ledger_account=rules.prepayment, amount_fen=credit.amount_fen),
        ]
        entries += transactions.applied(moved.fen_on.pop(cause.accounting_date, 0), rules)
        self._post(account, cause, transactions.REVERSAL, transactions.netted(entries))
        self._apply(account, cause, moved, transactions.REALLOCATION)

    def correct(self, correction: Correction) -> bool:
        """Post a correction as one ledger group; False where all of it was posted before.

        Each reversal follows its original's entries; what had settled the reversed bills is released and settles what is open
        now, oldest first; the rest becomes prepayment. A bill that is reversed but unknown is posted from the correction first.
        A correction by difference reverses and releases nothing: each difference is a debt, below zero a credit. What is moved
        counts no earlier than the money that is moved, whatever the day of the correction.
        """
        account = self.accounts[correction.account_no]
        cause = self.cause(CORRECTION, correction.correction_id, correction.corrected_on)
        moved = Moved(cause.accounting_date)
        is_new = self._replace(account, correction, cause, moved)
        self.settle(account, cause, moved)
        self._apply(account, cause, moved, transactions.REALLOCATION, group_id=correction.correction_id)
        return is_new

    def is_posted(self, debt: Debt, posted: Any) -> bool:
        """Return whether what is posted under a document's number says the same; where not, a finding tells, and it stays.

        `posted`: a receivable, or its row. The issue entries of the document are loaded.
        """
        names = "account_no", "cycle", "issued_on", "due_on"
        parts = Counter[str]()
        for component, amount_fen in debt.components:
            parts[component] += amount_fen
        for entry in self.issue_entries.get(debt.document_id, ()):
            if entry.component:
                parts[entry.component] += entry.amount_fen
        same = all(getattr(debt, name) == getattr(posted, name) for name in names)
        if same and debt.total_fen == posted.amount_fen and not any(parts.values()):
            return True
        self.contradict(debt)
        return False

    def contradict(self, debt: Debt) -> None:
        """Tell that a document came before with other content."""
        account = self.accounts.get(debt.account_no)
        finding = Finding(
            code="receivable.conflicting_duplicate",
            entity_kind=debt.document_kind,
            entity_id=debt.document_id,
            account_no=debt.account_no,
            org_unit=account.org_unit if account else "",
        )
        self.findings.append(finding)

    # --- steps

    def _apply(self, account: Account, cause: Cause, moved: Moved, kind: str, group_id: str = "") -> None:
        """Post what was moved between prepayment and receivables, on the days that count for it."""
        for day, fen in sorted(moved.fen_on.items()):
            if fen:
                entries = transactions.applied(fen, self.policy.at(day))
                self._post(account, _counting(cause, day), kind, entries, group_id=group_id)

    def _replace(self, account: Account, correction: Correction, cause: Cause, moved: Moved) -> bool:
        """Reverse bills and issue those in their place; return whether anything was new."""
        is_new = False
        for bill in correction.reversed_:
            original = self.documents.get((bill.document_kind, bill.document_id))
            if original is None:
                original = self.issue(bill)
            else:
                self.is_posted(bill, original)
            if original.status != REVERSED:
                self._reverse(account, original, cause, moved)
                is_new = True
        return self._issue_in_group(account, correction.issued, cause) or is_new

    def _issue_in_group(self, account: Account, debts: Sequence[Debt], cause: Cause) -> bool:
        """Post those debts of a correction that are not posted yet, as part of its group; False where all were."""
        new = []
        for debt in debts:
            posted = self.documents.get((debt.document_kind, debt.document_id))
            if posted is not None:
                self.is_posted(debt, posted)
                continue
            new.append(debt)
            issue = Cause(
                kind=debt.document_kind,
                id=debt.document_id,
                business_date=debt.posted_on,
                accounting_date=cause.accounting_date,
            )
            self._issue(account, debt, issue, group_id=cause.id)
        return bool(new)

    def _issue(self, account: Account, debt: Debt, cause: Cause, group_id: str = "") -> Receivable:
        rules = self.policy.at(cause.accounting_date)
        findings: list[tuple[str, str]] = []
        if debt.document_kind == OPENING:
            entries = transactions.opening_entries(debt.total_fen, rules)
        else:
            entries, findings = transactions.debt_entries(debt.components, debt.total_fen, rules)
        outstanding_fen = max(debt.total_fen, 0)
        receivable = Receivable(
            receivable_id=natural.key_id(debt.issued_on, "receivable", debt.document_kind, debt.document_id),
            account_no=debt.account_no,
            org_unit=account.org_unit,
            document_kind=debt.document_kind,
            document_id=debt.document_id,
            cycle=debt.cycle,
            issued_on=debt.issued_on,
            due_on=debt.due_on,
            amount_fen=debt.total_fen,
            outstanding_fen=outstanding_fen,
            status=RECEIVABLE_LIFE.start(OPEN if outstanding_fen else CLEARED),
            cleared_on=None if outstanding_fen else debt.posted_on,
            service_point_no=debt.service_point_no,
            route_no=debt.route_no or None,
            customer_class=account.customer_class or None,
            month=recovery.month_of(debt, cause.accounting_date),
            posted_on=cause.accounting_date,
            is_new=True,
        )
        self.know(receivable)
        self.new_receivables.append(receivable)
        if account.history is not None:
            account.history.debts.append(receivable)
            if debt.document_kind == OPENING:
                account.history.posted[receivable.receivable_id] = debt.posted_on
        if outstanding_fen:
            account.receivables.append(receivable)
        elif debt.total_fen:
            source_id = f"{debt.cycle} {debt.document_id}"
            self.add_credit(
                account, receivable.receivable_id, debt.document_kind, source_id, debt.posted_on, -debt.total_fen
            )
        self._post(account, cause, transactions.ISSUE, entries, group_id=group_id)
        self.issue_entries[debt.document_id] = entries
        for code, subject in findings:
            self.findings.append(
                Finding(
                    code=code,
                    entity_kind="receivable",
                    entity_id=receivable.receivable_id,
                    subject=subject,
                    account_no=account.account_no,
                    org_unit=account.org_unit,
                )
            )
        return receivable

    def _reverse(self, account: Account, receivable: Receivable, cause: Cause, moved: Moved) -> None:
        """Undo an issued debt, and release what had settled it."""
        day = max(cause.business_date, owed_from(receivable))
        account.move(day)
        if account.history is not None:  # what had settled it is released where the whole is settled again
            account.history.ended[receivable.receivable_id] = day
        else:
            for credit_id, amount_fen in list(self._credits_of.get(receivable.receivable_id, {}).items()):
                self.release(account, self.credits[credit_id], receivable, amount_fen, cause, moved)
        if receivable.outstanding_fen:
            account.receivables.remove(receivable)
        if receivable.amount_fen < 0:
            self.take_back(account, self.credits[receivable.receivable_id], cause, moved)
        receivable.outstanding_fen = 0
        receivable.status = RECEIVABLE_LIFE.move(receivable.status, "reverse")
        receivable.cleared_on = None
        self.note(receivable)
        document = Cause(
            kind=receivable.document_kind,
            id=receivable.document_id,
            business_date=cause.business_date,
            accounting_date=max(cause.accounting_date, owed_from(receivable)),
        )
        receivable.reversed_on = document.accounting_date
        receivable.moved_on = max(receivable.moved_on or date.min, document.accounting_date)
        self.newly_reversed.append(receivable)
        entries = transactions.reversed_(self.issue_entries[receivable.document_id])
        self._post(account, document, transactions.REVERSAL, entries, group_id=cause.id)

    def _post(self, account: Account, cause: Cause, kind: str, entries: Sequence[Entry], group_id: str = "") -> None:
        """Post entries: the only place where a transaction is made, which sums to 0 fen or is none."""
        self.transactions.append(
            Transaction(
                document_kind=cause.kind,
                document_id=cause.id,
                kind=kind,
                account_no=account.account_no,
                org_unit=account.org_unit,
                business_date=cause.business_date,
                accounting_date=cause.accounting_date,
                group_id=group_id,
                entries=entries,
            )
        )


def _counting(cause: Cause, accounting_date: date) -> Cause:
    """Return a cause that counts on another day."""
    return Cause(kind=cause.kind, id=cause.id, business_date=cause.business_date, accounting_date=accounting_date)


def _nobody(org_unit: str) -> Account:
    """Return what stands for the customer where none is known."""
    return Account(account_no="", org_unit=org_unit, prepaid_fen=0)
