"""The double-entry ledger (复式账): what a transaction is made of. Debit is positive, credit negative, the sum is 0 fen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.collection.ledger.domain.policy import Rules
from shared.frozen import document

RECEIPT, SUSPENSE, RESOLUTION, RETURN = "receipt", "suspense", "resolution", "return"
ISSUE, REVERSAL, PREPAYMENT_APPLIED, REALLOCATION = "issue", "reversal", "prepayment_applied", "reallocation"


class Unbalanced(AssertionError):
    """A transaction does not sum to 0 fen: a bug, never a user's fault."""


@document
class Entry:
    ledger_account: str
    amount_fen: int
    component: str = ""


@dataclass(slots=True, kw_only=True)  # it sums its sides as it is made; nobody changes it afterwards
class Transaction:
    """One document's effect on the books; natural key (document_kind, document_id, kind, accounting_date).

    `business_date` is the day of the document, `accounting_date` the day it counts in (later where that month was closed).
    A document has several of a kind only where it moves money of several days. `group_id` joins the transactions of one
    correction. `account_no` is empty for money of an unknown customer.
    Raises `Unbalanced` unless its entries sum to 0 fen; each side is summed on its own, and the table compares them again.
    """

    document_kind: str
    document_id: str
    kind: str
    account_no: str
    org_unit: str
    business_date: date
    accounting_date: date
    group_id: str = ""
    entries: Sequence[Entry]
    debit_fen: int = field(init=False)
    credit_fen: int = field(init=False)

    def __post_init__(self) -> None:
        debit_fen = credit_fen = 0
        for entry in self.entries:
            if entry.amount_fen > 0:
                debit_fen += entry.amount_fen
            else:
                credit_fen -= entry.amount_fen
        if debit_fen != credit_fen:
            raise Unbalanced(f"{self.document_kind} {self.document_id} {self.kind}")
        self.debit_fen = debit_fen
        self.credit_fen = credit_fen


def debt_entries(
    components: Iterable[tuple[str, int]], total_fen: int, rules: Rules
) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Return the entries of an issued debt and its findings as (code, component).

    A total below zero is a credit to the customer's prepayment. A component without a mapping goes to the `unmapped`
    account, what the components lack to the total to `difference`: money is never lost, somebody has to look at it.
    """
    entries = (
        [Entry(ledger_account=rules.receivable if total_fen > 0 else rules.prepayment, amount_fen=total_fen)]
        if total_fen
        else []
    )
    findings: list[tuple[str, str]] = []
    rest_fen = total_fen
    for component, amount_fen in components:
        if not amount_fen:
            continue
        code = rules.components.get(component)
        if code is None:
            code = rules.roles["unmapped"]
            findings.append(("bill.component_unmapped", component))
        entries.append(Entry(ledger_account=code, amount_fen=-amount_fen, component=component))
        rest_fen -= amount_fen
    if rest_fen:
        entries.append(Entry(ledger_account=rules.roles["difference"], amount_fen=-rest_fen))
        findings.append(("bill.components_differ_from_total", ""))
    return entries, findings


def opening_entries(total_fen: int, rules: Rules) -> list[Entry]:
    """Return the entries of a debt from before the books were opened."""
    return [
        Entry(ledger_account=rules.receivable, amount_fen=total_fen),
        Entry(ledger_account=rules.roles["opening"], amount_fen=-total_fen),
    ]


def reversed_(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that undo these: same accounts, same components, opposite amounts."""
    return [
        Entry(ledger_account=entry.ledger_account, amount_fen=-entry.amount_fen, component=entry.component)
        for entry in entries
    ]


def netted(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries summed by account and component, in order of first use, without those that cancel out."""
    sums: dict[tuple[str, str], int] = {}
    for entry in entries:
        key = entry.ledger_account, entry.component
        sums[key] = sums.get(key, 0) + entry.amount_fen
    return [
        Entry(ledger_account=code, amount_fen=amount_fen, component=component)
        for (code, component), amount_fen in sums.items()
        if amount_fen
    ]


def applied(amount_fen: int, rules: Rules) -> list[Entry]:
    """Return the entries that settle receivables from prepayment; a negative amount releases them again."""
    return [
        Entry(ledger_account=rules.prepayment, amount_fen=amount_fen),
        Entry(ledger_account=rules.receivable, amount_fen=-amount_fen),
    ]
