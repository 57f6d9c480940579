"""The books keep their invariants under any sequence of bills, payments, charges, adjustments, payouts and what corrects them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.collection.ledger.domain import transactions
from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import (
    ADJUSTMENT,
    BILL,
    CHARGE,
    DIFFERENCE,
    PAYMENT,
    PAYOUT,
    REVERSED,
    Account,
    Correction,
    Debt,
    History,
)
from tests.kits.collection import POLICY
from tests.kits.effort import examples

CASH = "1001"
COMPONENTS = ("energy", "renewables levy", "tax", "not mapped")


@dataclass
class World:
    """Books of some accounts, all in memory, with the plain sums that they must agree with."""

    books: Books
    bills: dict[str, list[Debt]] = field(default_factory=lambda: defaultdict(list))
    by_difference: dict[str, list[Debt]] = field(default_factory=lambda: defaultdict(list))
    charges: dict[str, list[Debt]] = field(default_factory=lambda: defaultdict(list))
    payments: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    owed_fen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    paid_fen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    count: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def name(self, account_no: str) -> str:
        self.count[account_no] += 1
        return f"{account_no}-{self.count[account_no]:04}"

    def debt(self, account_no: str, amounts: list[int], day: int, kind: str = BILL, component: str = "") -> Debt:
        issued_on = date(2026, 1, 1) + timedelta(days=day)
        parts = [(component, sum(amounts))] if component else list(zip(COMPONENTS, amounts, strict=False))
        return Debt(
            document_kind=kind,
            document_id=self.name(account_no),
            account_no=account_no,
            cycle="2026-01",
            issued_on=issued_on,
            due_on=issued_on + timedelta(days=20),
            posted_on=issued_on,
            total_fen=sum(amounts),
            components=parts,
        )

    def step(self, account_no: str, kind: str, amounts: list[int], day: int, pick: int) -> None:
        """Do one thing to one account; what is not possible now is left out."""
        if kind == "bill":
            debt = self.debt(account_no, amounts, day)
            self.books.issue(debt)
            self.bills[account_no].append(debt)
            self.owed_fen[account_no] += debt.total_fen
        elif kind == "pay":
            amount_fen, payment_id = abs(sum(amounts)) + 1, self.name(account_no)
            cause = self.books.cause(PAYMENT, payment_id, date(2026, 1, 1) + timedelta(days=day))
            self.books.receive(account_no, cause, amount_fen, CASH, transactions.RECEIPT)
            self.payments[account_no].append(payment_id)
            self.paid_fen[account_no] += amount_fen
        elif kind == "reverse" and self.payments[account_no]:
            payment_id = self.payments[account_no].pop(pick % len(self.payments[account_no]))
            self.paid_fen[account_no] -= self.books.credits[payment_id].amount_fen
            cause = self.books.cause(PAYMENT, payment_id, date(2026, 6, 1) + timedelta(days=day))
            self.books.reverse_payment(payment_id, cause, CASH)
        elif kind == "correct" and self.bills[account_no]:
            old = self.bills[account_no].pop(pick % len(self.bills[account_no]))
            new = self.debt(account_no, amounts, day)
            told = correction(self.name(account_no), [old], [new])
            assert self.books.correct(told)
            assert not self.books.correct(told)
            self.bills[account_no].append(new)
            self.owed_fen[account_no] += new.total_fen - old.total_fen
        elif kind == "adjust":
            self.adjust(account_no, amounts, day, pick)
        elif kind == "charge":
            component = ("back_billing", "penalty")[pick % 2]
            debt = self.debt(account_no, [abs(sum(amounts)) + 1], day, CHARGE, component)
            self.issue(debt)
            self.charges[account_no].append(debt)
        elif kind == "withdraw" and self.charges[account_no]:
            gone = self.charges[account_no].pop(pick % len(self.charges[account_no]))
            told = correction(gone.document_id, [gone], [])
            assert self.books.correct(told)
            assert not self.books.correct(told)
            self.owed_fen[account_no] -= gone.total_fen
        elif kind == "adjustment":  # of a tested meter or a case; what it is wrong by another takes back
            self.issue(self.debt(account_no, amounts, day, ADJUSTMENT))
        elif kind == "settle":  # what a closing has left of the money is paid out, as the job does it
            left = self.books.accounts[account_no].prepaid_fen
            self.issue(self.debt(account_no, [left], 365, PAYOUT, "payout"))

    def issue(self, debt: Debt) -> None:
        """Issue a document that is taken back by none of the others."""
        self.books.issue(debt)
        self.owed_fen[debt.account_no] += debt.total_fen

    def adjust(self, account_no: str, amounts: list[int], day: int, pick: int) -> None:
        """Correct one or two bills by difference; what is in force then is no document, and can only be adjusted again."""
        pairs: list[tuple[Debt, Debt]] = []
        for n in range(1 + pick % 2):
            own = self.by_difference[account_no] if pick % 3 else self.bills[account_no]
            if own:
                # the second one moves the other way
                new = self.debt(account_no, [-fen if n else fen for fen in amounts], day)
                pairs.append((own.pop(pick % len(own)), new))
        if not pairs:
            return
        olds, news = [old for old, _ in pairs], [new for _, new in pairs]
        told = [difference(self.name(account_no), old, new) for old, new in pairs]
        whole = correction(self.name(account_no), olds, news, told)
        assert self.books.correct(whole)
        assert not self.books.correct(whole)
        self.by_difference[account_no] += news
        self.owed_fen[account_no] += sum(one.total_fen for one in told)


def difference(document_id: str, old: Debt, new: Debt) -> Debt:
    """The difference document of two bills, as billing tells it on 2026-06-01."""
    was, now, day = dict(old.components), dict(new.components), date(2026, 6, 1)
    parts = [(name, now.get(name, 0) - was.get(name, 0)) for name in COMPONENTS]
    total_fen = new.total_fen - old.total_fen
    return Debt(
        document_kind=DIFFERENCE,
        document_id=document_id,
        account_no=old.account_no,
        cycle=old.cycle,
        issued_on=day,
        due_on=day + timedelta(days=20),
        posted_on=day,
        total_fen=total_fen,
        components=parts,
    )


def correction(
    correction_id: str, reversals: list[Debt], replacements: list[Debt], differences: Sequence[Debt] = ()
) -> Correction:
    return Correction(
        correction_id=correction_id,
        account_no=reversals[0].account_no,
        corrected_on=date(2026, 6, 1),
        reversals=reversals,
        replacements=replacements,
        differences=differences,
    )


KINDS = ("bill", "bill", "pay", "pay", "reverse", "correct", "adjust", "adjust")
KINDS += ("charge", "charge", "withdraw", "adjustment", "settle")
AMOUNTS = st.lists(st.integers(-300, 1_000), min_size=1, max_size=4)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["A1", "A2"]),
        st.sampled_from(KINDS),
        AMOUNTS,
        st.integers(0, 90),
        st.integers(0, 9),
    ),
    min_size=15,  # lists are short otherwise, and the steps that undo need something to undo
    max_size=60,
)


def world() -> World:
    accounts = [Account(account_no=no, org_unit="zj", prepaid_fen=0, history=History()) for no in ("A1", "A2")]
    return World(Books(policy=POLICY, open_from=None, accounts=accounts))


def by_code(books: Books, account_no: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for transaction in books.transactions:
        if transaction.account_no == account_no:
            for entry in transaction.entries:
                sums[entry.ledger_account] += entry.amount_fen
    return sums


@given(STEPS)
@settings(max_examples=examples(80))
def test_any_sequence_of_bills_payments_reversals_and_corrections_keeps_the_invariants(
    steps: list[tuple[str, str, list[int], int, int]],
) -> None:
    made = world()
    for step in steps:
        made.step(*step)
    books = made.books
    allocated: dict[str, int] = defaultdict(int)
    used: dict[str, int] = defaultdict(int)
    for allocation in books.allocations:
        allocated[allocation.receivable_id] += allocation.amount_fen
        used[allocation.credit_id] += allocation.amount_fen
    for transaction in books.transactions:
        assert sum(entry.amount_fen for entry in transaction.entries) == 0
    keys = [(t.document_kind, t.document_id, t.kind, t.accounting_date) for t in books.transactions]
    assert len(keys) == len(set(keys))
    for receivable in books.new_receivables:
        settled_fen = 0 if receivable.status == REVERSED else max(receivable.amount_fen, 0) - receivable.outstanding_fen
        assert allocated[receivable.receivable_id] == settled_fen >= 0
    for credit in books.new_credits:
        assert used[credit.credit_id] >= 0
        assert credit.unallocated_fen in (0, credit.amount_fen - used[credit.credit_id])
    for account_no, account in books.accounts.items():
        sums = by_code(books, account_no)
        outstanding_fen = sum(r.outstanding_fen for r in books.new_receivables if r.account_no == account_no)
        unallocated_fen = sum(c.unallocated_fen for c in books.new_credits if c.account_no == account_no)
        assert sums["1122"] == outstanding_fen
        assert -sums["2203"] == unallocated_fen == account.prepaid_fen
        assert sums[CASH] == made.paid_fen[account_no]
        assert outstanding_fen - unallocated_fen == made.owed_fen[account_no] - made.paid_fen[account_no]
        assert min(outstanding_fen, unallocated_fen) == 0, "money lies idle beside a debt"


def shape(books: Books, account_no: str) -> list[tuple[object, ...]]:
    """Return an account's books without generated ids."""
    documents = {r.receivable_id: r.document_id for r in books.new_receivables}
    rows: list[tuple[object, ...]] = [
        (r.document_id, r.amount_fen, r.outstanding_fen, r.status)
        for r in books.new_receivables
        if r.account_no == account_no
    ]
    rows += [
        (documents.get(a.credit_id, a.credit_id), documents[a.receivable_id], a.amount_fen)
        for a in books.allocations
        if a.account_no == account_no
    ]
    return rows + [
        (t.document_kind, t.document_id, tuple(t.entries)) for t in books.transactions if t.account_no == account_no
    ]


@given(STEPS)
@settings(max_examples=examples(40))
def test_the_order_of_facts_of_different_accounts_does_not_matter(
    steps: list[tuple[str, str, list[int], int, int]],
) -> None:
    mixed, sorted_by_account = world(), world()
    for step in steps:
        mixed.step(*step)
    for step in sorted(steps, key=lambda step: step[0]):
        sorted_by_account.step(*step)

    for account_no in ("A1", "A2"):
        assert shape(mixed.books, account_no) == shape(sorted_by_account.books, account_no)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 500)), min_size=1, max_size=8), st.integers(1, 3_000))
def test_a_payment_settles_debts_in_the_order_of_their_age(debts: list[tuple[int, int]], amount_fen: int) -> None:
    made = world()
    for day, total_fen in debts:
        made.step("A1", "bill", [total_fen], day, 0)
    cause = made.books.cause(PAYMENT, "P", date(2026, 5, 1))
    made.books.receive("A1", cause, amount_fen, CASH, transactions.RECEIPT)

    by_age = sorted(made.books.new_receivables, key=lambda r: r.age)
    rest_fen = amount_fen
    for receivable in by_age:
        settled_fen = min(rest_fen, receivable.amount_fen)
        assert receivable.amount_fen - receivable.outstanding_fen == settled_fen
        rest_fen -= settled_fen
    assert made.books.accounts["A1"].prepaid_fen == rest_fen
