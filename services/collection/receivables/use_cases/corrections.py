"""Corrections reverse issued bills and replace them, or add a difference."""

from collections.abc import Sequence, Set
from datetime import date

from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import CORRECTION, Correction, Debt, Finding
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import loading, months
from services.collection.receivables import store
from services.collection.receivables.use_cases.bills import WAITS_FOR_ACCOUNT
from services.collection.supply.use_cases import settling
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, DONE, Outcome

OTHER_ACCOUNT = Outcome(
    "conflicting_duplicate", "correction.other_account", "The correction names a document of another account"
)


async def post_corrections(tx: Tx, *, policy: Policy, corrections: Sequence[Correction]) -> list[Outcome]:
    """Post corrections of issued bills, each as one ledger group; one of an unknown account waits for it."""
    opened = await months.open_from(tx)
    books = await loading.open_books(tx, policy, opened, (c.account_no for c in corrections))
    known = [c for c in corrections if c.account_no in books.accounts]
    if len(known) < len(corrections):
        await _wait_corrections(tx, [c for c in corrections if c.account_no not in books.accounts])
    elsewhere: set[tuple[str, str]] = set()
    if known:
        documents = {debt.document_id for c in known for debt in (*c.reversed_, *c.issued)}
        elsewhere = await loading.load_for_reversal(tx, books, document_ids=sorted(documents), credit_ids=[])
        days: dict[str, list[date]] = {}
        for correction in known:
            days.setdefault(correction.account_no, []).extend(_days(books, correction))
        await loading.load_for_days(tx, books, days)
    outcomes = [_post(books, correction, elsewhere) for correction in corrections]
    await settling.save(tx, books)
    return outcomes


def _days(books: Books, correction: Correction) -> list[date]:
    """Return the days of what is new in a correction; its own twice where what it issues is of another day than it is."""
    day = correction.corrected_on
    unknown = [bill for bill in correction.reversed_ if (bill.document_kind, bill.document_id) not in books.documents]
    other = any(debt.issued_on != day for debt in correction.issued)
    return [*sorted({bill.issued_on for bill in unknown}), day, *([day] if other else [])]


def _post(books: Books, correction: Correction, elsewhere: Set[tuple[str, str]]) -> Outcome:
    account = books.accounts.get(correction.account_no)
    if account is None:
        return WAITS_FOR_ACCOUNT
    if any(
        _is_foreign(books, debt, account.account_no, elsewhere) for debt in (*correction.reversed_, *correction.issued)
    ):
        books.findings.append(
            Finding(
                code=OTHER_ACCOUNT.code,
                entity_kind=CORRECTION,
                entity_id=correction.correction_id,
                account_no=account.account_no,
                org_unit=account.org_unit,
            )
        )
        return OTHER_ACCOUNT
    return DONE if books.correct(correction) else ALREADY_DONE


def _is_foreign(books: Books, debt: Debt, account_no: str, elsewhere: Set[tuple[str, str]]) -> bool:
    """Return whether a document says it is another account's, or is posted as one of another."""
    key = debt.document_kind, debt.document_id
    posted = books.documents.get(key)
    return debt.account_no != account_no or key in elsewhere or (posted is not None and posted.account_no != account_no)


async def _wait_corrections(tx: Tx, corrections: Sequence[Correction]) -> None:
    unique = {c.correction_id: c for c in corrections}
    await store.wait(
        tx,
        {
            "kind": [CORRECTION] * len(unique),
            "document_id": list(unique),
            "waiting_for": [c.account_no for c in unique.values()],
            "cycle": [""] * len(unique),
            "amount_fen": [0] * len(unique),
            "payload": [store.WHOLE_CORRECTION.dump_json(c).decode() for c in unique.values()],
        },
    )
