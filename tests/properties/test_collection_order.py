"""What settles what is a function of the documents: in whatever order they come, the books are those of the order of time."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from random import Random
from typing import Any

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
    Account,
    Correction,
    Debt,
    History,
)
from tests.kits.collection import POLICY
from tests.kits.effort import examples

KINDS = ("bill", "pay", "refund", "correct", "adjust", "cancel", "charge", "adjustment", "payout")
NO, CASH, RECEIVABLE, PREPAYMENT = "A1", "1001", "1122", "2203"


@dataclass(frozen=True)
class Payment:
    payment_id: str
    day: date
    amount_fen: int


@dataclass(frozen=True)
class Refund:
    payment_id: str
    day: date


Document = Debt | Correction | Payment | Refund


def day_of(one: Document) -> date:
    if isinstance(one, Debt):
        return one.issued_on
    return one.corrected_on if isinstance(one, Correction) else one.day


def debt(name: str, day: date, fen: int, chosen: Random, kind: str = BILL) -> Debt:
    levy = fen // 3
    of_one = {CHARGE: "penalty", PAYOUT: "payout", ADJUSTMENT: "energy"}
    parts = [(of_one[kind], fen)] if kind in of_one else [("energy", fen - levy), ("renewables levy", levy)]
    return Debt(
        document_kind=kind,
        document_id=name,
        account_no=NO,
        cycle="2026-01",
        issued_on=day,
        due_on=day + timedelta(days=chosen.randint(0, 40)),  # a later bill can be due before an older one
        posted_on=day,
        total_fen=fen,
        components=parts,
    )


def world(chosen: Random, *, span: int) -> list[Document]:
    """Draw the documents of one account, in the order of their days."""
    days = sorted(date(2026, 1, 1) + timedelta(days=chosen.randrange(span)) for _ in range(chosen.randint(3, 16)))
    found: list[Document] = []
    standing: list[Debt] = []
    adjusted: list[Debt] = []
    paid: list[str] = []
    for n, day in enumerate(days):
        kind = chosen.choice([*KINDS, "bill", "pay"])
        fen = chosen.randint(-400, 1_000)
        if kind == "pay":
            found.append(Payment(f"P{n:02}", day, chosen.randint(1, 900)))
            paid.append(f"P{n:02}")
        elif kind == "refund" and paid:
            found.append(Refund(paid.pop(chosen.randrange(len(paid))), day))
        elif kind in ("correct", "cancel") and standing:
            old = standing.pop(chosen.randrange(len(standing)))
            new = [debt(f"B{n:02}", day, fen, chosen)] if kind == "correct" else []
            found.append(
                Correction(correction_id=f"K{n:02}", account_no=NO, corrected_on=day, reversals=[old], replacements=new)
            )
            standing += new
        elif kind == "adjust" and (standing or adjusted):
            if standing:
                adjusted.append(
                    standing.pop(chosen.randrange(len(standing)))
                )  # it is adjusted from now on, never reversed
            old = chosen.choice(adjusted)
            told = debt(f"D{n:02}", day, fen, chosen, DIFFERENCE)
            found.append(
                Correction(
                    correction_id=f"K{n:02}",
                    account_no=NO,
                    corrected_on=day,
                    reversals=[old],
                    replacements=[],
                    differences=[told],
                )
            )
        elif kind == "charge":
            one = debt(f"C{n:02}", day, abs(fen) + 1, chosen, CHARGE)
            found.append(one)
            if chosen.random() < 0.5:
                gone = day + timedelta(days=chosen.randint(0, 30))
                back = Correction(
                    correction_id=one.document_id, account_no=NO, corrected_on=gone, reversals=[one], replacements=[]
                )
                found.append(back)
        elif (
            kind == "adjustment"
        ):  # of a tested meter or a case: to pay or to get back, taken back by one of the opposite
            found.append(debt(f"A{n:02}", day, fen, chosen, ADJUSTMENT))
            if chosen.random() < 0.5:
                gone = day + timedelta(days=chosen.randint(0, 30))
                found.append(debt(f"A{n:02}-", gone, -fen, chosen, ADJUSTMENT))
        elif kind == "payout":  # what a closing had left of the money
            found.append(debt(f"S{n:02}", day, abs(fen) + 1, chosen, PAYOUT))
        else:
            one = debt(f"B{n:02}", day, fen, chosen)
            found.append(one)
            standing.append(one)
    return sorted(found, key=day_of)


def any_order(documents: list[Document], chosen: Random) -> list[Document]:
    """Mix them; only a refund, which a person decides on, comes after its payment."""
    mixed = chosen.sample(documents, len(documents))
    place = {one.payment_id: n for n, one in enumerate(mixed) if isinstance(one, Payment)}
    late = [(max(n, place[one.payment_id]) if isinstance(one, Refund) else n) for n, one in enumerate(mixed)]
    return [mixed[n] for n in sorted(range(len(mixed)), key=lambda n: (late[n], isinstance(mixed[n], Refund)))]


def books(*, with_history: bool) -> Books:
    account = Account(account_no=NO, org_unit="zj", prepaid_fen=0, history=History() if with_history else None)
    return Books(policy=POLICY, open_from=None, accounts=[account])


def post(made: Books, one: Document) -> None:
    if isinstance(one, Debt):
        if (one.document_kind, one.document_id) not in made.documents:
            made.issue(one)
    elif isinstance(one, Correction):
        made.correct(one)
    elif isinstance(one, Payment):
        cause = made.cause(PAYMENT, one.payment_id, one.day)
        made.receive(NO, cause, one.amount_fen, CASH, transactions.RECEIPT)
    else:
        made.reverse_payment(one.payment_id, made.cause(PAYMENT, one.payment_id, one.day), CASH)


def shape(made: Books) -> dict[str, Any]:
    """Return what the books hold without generated ids: also which money settled what on which day, and each day's ledger."""
    names = {one.receivable_id: one.document_id for one in made.new_receivables}
    rows: dict[Any, int] = defaultdict(int)
    for a in made.allocations:
        rows[names.get(a.credit_id, a.credit_id), names[a.receivable_id], a.made_on] += a.amount_fen
    ledger: dict[Any, int] = defaultdict(int)
    for t in made.transactions:
        for entry in t.entries:
            ledger[t.accounting_date, entry.ledger_account, entry.component] += entry.amount_fen
    return {
        "debts": sorted((r.document_id, r.outstanding_fen, r.status, str(r.cleared_on)) for r in made.new_receivables),
        "credits": sorted((names.get(c.credit_id, c.credit_id), c.unallocated_fen) for c in made.new_credits),
        "settled": {key: fen for key, fen in rows.items() if fen},
        "ledger": {key: fen for key, fen in ledger.items() if fen},
        "prepaid": made.accounts[NO].prepaid_fen,
        "told": sorted(r.document_id for r in made.turned("cleared")),
    }


@given(st.randoms(use_true_random=False), st.integers(1, 90))
@settings(max_examples=examples(150))
def test_any_order_of_arrival_ends_in_the_books_of_the_order_of_time(chosen: Random, span: int) -> None:
    documents = world(chosen, span=span)
    in_time, mixed = books(with_history=True), books(with_history=True)
    for one in documents:
        post(in_time, one)
    for one in any_order(documents, chosen):
        post(mixed, one)

    assert shape(mixed) == shape(in_time)
    for made in (in_time, mixed):
        by_day = sorted(
            (t.accounting_date, entry.ledger_account, entry.amount_fen)
            for t in made.transactions
            for entry in t.entries
        )
        sums: dict[str, int] = defaultdict(int)
        for day, of_day in groupby(by_day, key=lambda row: row[0]):
            for _, code, fen in of_day:
                sums[code] += fen
            assert sums[RECEIVABLE] >= 0 >= sums[PREPAYMENT], f"settled with money that had not come: {day}"


@given(st.randoms(use_true_random=False))
@settings(max_examples=examples(100))
def test_what_comes_in_time_goes_on_from_the_open_sides_into_the_same_books(chosen: Random) -> None:
    documents = [next(of_day) for _, of_day in groupby(world(chosen, span=90), key=day_of)]
    known = {one.payment_id for one in documents if isinstance(one, Payment)}
    documents = [one for one in documents if not isinstance(one, Refund) or one.payment_id in known]
    whole, short = books(with_history=True), books(with_history=False)
    for one in documents:
        unknown = isinstance(one, Correction) and any(
            (b.document_kind, b.document_id) not in short.documents for b in one.reversed_
        )
        if unknown:  # its bill was left out: a document of another day comes with it
            continue
        assert short.late({NO: [day_of(one)]}) == []
        for made in (whole, short):
            post(made, one)

    assert shape(short) == shape(whole)
