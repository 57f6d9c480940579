"""What the books hold: debts and the money that settles them, as values of the domain."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from shared.frozen import document
from shared.statemachine import StateMachine

OPEN, CLEARED, REVERSED = "open", "cleared", "reversed"
RECEIVABLE_LIFE: Final = StateMachine(
    name="receivable",
    starts=(OPEN, CLEARED),  # a total of zero or below owes nothing from its first day
    moves={
        "settle": {OPEN: CLEARED},
        "release": {CLEARED: OPEN},
        "reverse": {OPEN: REVERSED, CLEARED: REVERSED},
    },
)
"""What settled a receivable is released where its payment is taken back, or a correction moves the money on."""
BILL, CORRECTION, DIFFERENCE, OPENING, PAYMENT = "bill", "correction", "difference", "opening", "payment"
ADJUSTMENT, CHARGE = "adjustment", "charge"
BILLED = (BILL, DIFFERENCE, ADJUSTMENT, CHARGE)
"""The documents that billing issues: bills, differences to those that stand, adjustments for meters, charges of cases."""
OF_NO_CYCLE = (ADJUSTMENT, CHARGE)
"""Those that are of the month in which they were issued, and of no reading cycle."""
LATE_FEE = "late_fee"
"""What a debt that was settled late costs besides (电费违约金); collection issues it."""
REVERSIBLE = (*BILLED, LATE_FEE)
"""The documents that a later one may take back."""
BEARS_LATE_FEE = (BILL, DIFFERENCE, ADJUSTMENT, OPENING)
"""The documents of which a policy may say that being late with them costs; a late fee is none."""
PAYOUT = "payout"
"""What is left of the money of an account that was closed: its prepayment settles it, and it is owed to the customer."""


@document
class Debt:
    """A document that makes its account owe: an issued bill, a difference to one, or an opening receivable.

    It is as old as its `due_on` and `issued_on`; it counts in the ledger on `posted_on` (a bill's issue, the day of going live).
    `service_point_no`: what was supplied, of a document of billing. `route_no`: the route (抄表段) it was read on; empty where it
    names none.
    """

    document_kind: str
    document_id: str
    account_no: str
    cycle: str
    issued_on: date
    due_on: date
    posted_on: date
    total_fen: int
    components: Sequence[tuple[str, int]]
    service_point_no: str | None = None
    route_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Issued bills that are reversed, as they were issued, and the bills that replace them.

    With `differences` (差额单) nothing is reversed: the bills stand, and these are issued beside them. So are the bills that are
    `added`: those of other periods than before, which no difference tells of.
    """

    correction_id: str
    account_no: str
    corrected_on: date
    reversals: Sequence[Debt]
    replacements: Sequence[Debt]
    differences: Sequence[Debt] = ()
    added: Sequence[Debt] = ()

    @property
    def issued(self) -> Sequence[Debt]:
        """Return the documents that it issues."""
        return [*self.differences, *self.added] if self.differences else self.replacements

    @property
    def reversed_(self) -> Sequence[Debt]:
        """Return the bills that it reverses."""
        return () if self.differences else self.reversals


@dataclass(slots=True, eq=False, kw_only=True)
class Receivable:
    """A claim on a customer (应收). A total below zero owes nothing: it is a credit of the same id.

    It keeps org unit, route and customer class as it was issued with them; None: not known. `month` is the month whose recovery
    it counts in (`recovery.month_of`). `posted_on`, `moved_on` and `reversed_on` are accounting dates: of its issue, the last on
    which something was set against it, released or taken back, and of its reversal.
    """

    receivable_id: str
    account_no: str
    org_unit: str
    document_kind: str
    document_id: str
    cycle: str
    issued_on: date
    due_on: date
    amount_fen: int
    outstanding_fen: int
    status: str
    cleared_on: date | None
    service_point_no: str | None = None
    route_no: str | None = None
    customer_class: str | None = None
    month: str | None = None
    posted_on: date | None = None
    moved_on: date | None = None
    reversed_on: date | None = None
    is_new: bool = False

    @property
    def age(self) -> tuple[date, date, str, str]:
        # the cycle tells apart the replacements that one correction issues on one day; their ids say nothing of their order
        return self.due_on, self.issued_on, self.cycle, self.document_id


@dataclass(slots=True, eq=False, kw_only=True)
class Credit:
    """Money of a customer that can settle receivables: a payment, or a bill or difference below zero.

    `source_id` orders the credits of one day and kind: the payment's channel and number there, or cycle and id of the document.
    """

    credit_id: str
    account_no: str
    source_kind: str
    source_id: str
    value_on: date
    amount_fen: int
    unallocated_fen: int
    is_new: bool = False

    @property
    def age(self) -> tuple[date, str, str]:
        return self.value_on, self.source_kind, self.source_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Money of a credit set against a receivable, or released from it (below zero); never edited.

    `made_on` is its day in the order of time, `counts_on` the day that it counts in: never in a month that was closed before.
    """

    credit_id: str
    receivable_id: str
    account_no: str
    amount_fen: int
    made_on: date
    counts_on: date
    cause_kind: str
    cause_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person has to look at; natural key (code, entity_kind, entity_id, subject)."""

    code: str
    entity_kind: str
    entity_id: str
    subject: str = ""
    account_no: str
    org_unit: str


@document
class Cause:
    """The document that moves money, its day, and the day that counts in the ledger."""

    kind: str
    id: str
    business_date: date
    accounting_date: date


@dataclass(slots=True, eq=False, kw_only=True)
class History:
    """All that an account has ever owed and paid.

    `rows` has what was set against each other by day, `ended` the days of what was taken back, `posted` those on which opening
    receivables count in the ledger.
    """

    debts: list[Receivable] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    rows: dict[tuple[str, str, date], int] = field(default_factory=dict)
    ended: dict[str, date] = field(default_factory=dict)
    posted: dict[str, date] = field(default_factory=dict)


@dataclass(slots=True, eq=False, kw_only=True)
class Account:
    """One customer's open sides: `credits` with something unallocated, `receivables` with something outstanding.

    `moved_on` is the last day on which money came, settled something or a document was taken back. What comes with a later day
    goes on from the open sides; for what comes with another, the `history` is told again.
    """

    account_no: str
    org_unit: str
    prepaid_fen: int
    customer_class: str = ""
    moved_on: date | None = None
    history: History | None = None
    credits: list[Credit] = field(default_factory=list)
    receivables: list[Receivable] = field(default_factory=list)
    is_changed: bool = False

    def move(self, day: date) -> None:
        """Note that something of the account moved on a day."""
        self.is_changed = True
        if self.moved_on is None or day > self.moved_on:
            self.moved_on = day


def owed_from(receivable: Receivable) -> date:
    """Return the first day on which a debt can be settled: its issue; one from before the books were opened is older."""
    return date.min if receivable.document_kind == OPENING else receivable.issued_on
