"""Issued bills become claims."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import OPENING, Debt
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import loading, months
from services.collection.ledger.use_cases import commands
from services.collection.receivables import store
from services.collection.supply.use_cases import settling
from shared import org_units
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, Outcome

CONFLICT = Outcome(
    "conflicting_duplicate", "receivable.conflicting_duplicate", "The document came before with other content"
)
WAITS_FOR_ACCOUNT = Outcome("waiting", commands.AccountUnknown.code, "Waits for its account")


async def post_bills(tx: Tx, *, policy: Policy, bills: Sequence[Debt]) -> list[Outcome]:
    """Post issued bills; a bill of an unknown account waits for it, one of a closed month counts in the next open one."""
    return await post_debts(tx, policy=policy, opened=await months.open_from(tx), debts=bills)


async def post_debts(
    tx: Tx, *, policy: Policy, opened: date | None, debts: Sequence[Debt], word: str = org_units.NOT_ASKED
) -> list[Outcome]:
    """Post debts of any kind; the caller holds the first open day. `word`: whose it is, for what has to wait."""
    if not debts:
        return []
    books = await loading.open_books(tx, policy, opened, (debt.account_no for debt in debts))
    posted = await loading.existing_documents(tx, debts)
    if posted:
        await loading.load_issue_entries(tx, books, [document_id for _, document_id in posted])
    new = [debt for debt in debts if (debt.document_kind, debt.document_id) not in posted] if posted else debts
    await _load_money(tx, books, new)
    outcomes: list[Outcome] = []
    waiting: dict[tuple[str, str], str] = {}
    to_wait: list[tuple[int, Debt]] = []
    for index, debt in enumerate(debts):
        key = debt.document_kind, debt.document_id
        found = posted.get(key) or books.documents.get(key)
        if found is not None:
            outcomes.append(ALREADY_DONE if books.is_posted(debt, found) else CONFLICT)
        elif debt.account_no in books.accounts:
            outcomes.append(Outcome("done", id=books.issue(debt).receivable_id))
        else:
            to_wait.append((index, debt))
            outcomes.append(WAITS_FOR_ACCOUNT)
    if to_wait:
        waiting = await _wait(tx, [debt for _, debt in to_wait], word)
        for index, debt in to_wait:
            stored = waiting[debt.document_kind, debt.document_id]
            if not _are_alike(stored, store.DEBT.dump_json(debt).decode()):
                books.contradict(debt)
                outcomes[index] = CONFLICT
    await settling.save(tx, books)
    return outcomes


async def _load_money(tx: Tx, books: Books, debts: Sequence[Debt]) -> None:
    """Load what new debts meet: most accounts have neither prepayment nor a credit, and nothing moved since the debt's day."""
    money = {no for no, account in books.accounts.items() if account.prepaid_fen}
    money |= {debt.account_no for debt in debts if debt.total_fen < 0} & books.accounts.keys()
    days: dict[str, list[date]] = {}
    for debt in debts:
        account = books.accounts.get(debt.account_no)
        if account is None:
            continue
        day = _day(debt)
        if debt.account_no in money or (account.moved_on is not None and day <= account.moved_on):
            days.setdefault(debt.account_no, []).append(day)
    if money:
        await loading.load_open_sides(tx, books, sorted(money))
    if days:
        await loading.load_late(tx, books, days)


def _day(debt: Debt) -> date:
    return date.min if debt.document_kind == OPENING else debt.issued_on


async def _wait(tx: Tx, debts: Sequence[Debt], word: str) -> dict[tuple[str, str], str]:
    """Store debts until their account is known; return what waits under their keys, now or from before.

    What several brought alike is the word of all of them.
    """
    first = {(debt.document_kind, debt.document_id): debt for debt in reversed(debts)}
    payloads = {key: store.DEBT.dump_json(debt).decode() for key, debt in first.items()}
    new = await store.wait(
        tx,
        {
            "kind": [kind for kind, _ in first],
            "document_id": [document_id for _, document_id in first],
            "waiting_for": [debt.account_no for debt in first.values()],
            "cycle": [debt.cycle for debt in first.values()],
            "amount_fen": [debt.total_fen for debt in first.values()],
            "payload": list(payloads.values()),
            "word": [word] * len(first),
        },
    )
    if old := [key for key in first if key not in new]:
        for kind in {kind for kind, _ in old}:
            stored = await store.waiting(tx, kind, [document_id for k, document_id in old if k == kind])
            same = {
                no: row.word
                for no, row in stored.items()
                if row.word != word and _are_alike(row.payload, payloads[kind, no])
            }
            if same:
                await store.speak(tx, kind, {no: org_units.both(kept, word) for no, kept in same.items()})
            payloads.update({(kind, document_id): row.payload for document_id, row in stored.items()})
    return payloads


def _are_alike(stored: str, told: str) -> bool:
    """Return whether two documents that wait say the same; what waits since before points and routes were told says none."""
    if stored == told:
        return True
    one, other = store.DEBT.validate_json(stored), store.DEBT.validate_json(told)
    if '"route_no"' not in stored:
        other = replace(other, route_no="")
    if '"service_point_no"' not in stored:
        other = replace(other, service_point_no=None)
    return one == other
