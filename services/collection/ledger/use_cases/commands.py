"""What the use cases share: the posting day of a command, and the facts that changed books tell of."""

from collections.abc import Callable
from datetime import date

from services.collection.ledger.domain import months
from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import CLEARED, OPEN, Account
from services.collection.ledger.store import accounts, late_settlements, saving
from services.collection.ledger.store.months import open_from
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.collection import ReceivableCleared, ReceivableReopened

Sees = Callable[[str], bool]
"""Tells whether who commands may see an org unit."""


class AccountUnknown(BusinessError):
    status = 404
    code = "account.unknown"
    title = "There is no such account"


class MonthClosed(BusinessError):
    status = 409
    code = "ledger.month_closed"
    title = "The accounting month is closed"


class DatedInFuture(BusinessError):
    status = 422
    code = "payment.dated_in_future"
    title = "The day lies in the future"


async def open_for_command(tx: Tx, business_date: date, today: date) -> date | None:
    """Return the first open day; raises `MonthClosed`, or `DatedInFuture`, where a command may not post on its day."""
    if business_date > today:
        raise DatedInFuture
    opened = await open_from(tx)
    if months.is_closed(business_date, opened):
        raise MonthClosed(f"{months.of(business_date)} is closed")
    return opened


def account_of(books: Books, account_no: str, sees: Sees) -> Account:
    """Return an account of the books; raises `AccountUnknown` where there is none that the caller may see."""
    account = books.accounts.get(account_no)
    if account is None or not sees(account.org_unit):
        raise AccountUnknown
    return account


async def locked(tx: Tx, account_no: str, sees: Sees) -> str:
    """Lock an account, and return its org unit; raises `AccountUnknown` where there is none that the caller may see."""
    row = (await accounts.locked(tx, [account_no])).get(account_no)
    if row is None or not sees(row.org_unit):
        raise AccountUnknown
    return str(row.org_unit)


async def save(tx: Tx, books: Books, causation_id: str = "") -> None:
    """Write the books back, and tell which receivables are settled and which are owed again."""
    await saving.save(tx, books)
    if late := books.settled_late():
        await late_settlements.note(tx, late)
    tx.publish(
        [
            ReceivableCleared(
                account_no=receivable.account_no,
                receivable_id=receivable.receivable_id,
                document_kind=receivable.document_kind,
                document_id=receivable.document_id,
                cleared_on=receivable.cleared_on,
                causation_id=causation_id,
            )
            for receivable in books.turned(CLEARED)
            if receivable.cleared_on is not None
        ]
    )
    tx.publish(
        [
            ReceivableReopened(
                account_no=receivable.account_no,
                receivable_id=receivable.receivable_id,
                document_kind=receivable.document_kind,
                document_id=receivable.document_id,
                outstanding_fen=receivable.outstanding_fen,
                causation_id=causation_id,
            )
            for receivable in books.turned(OPEN)
        ]
    )
