"""Issued bills and opening receivables become claims; corrections reverse and replace them, or add a difference."""

from collections.abc import Callable, Sequence
from datetime import date

from services.collection.adapters import store
from services.collection.application import posting
from services.collection.domain import months
from services.collection.domain.books import Books
from services.collection.domain.documents import CORRECTION, OPENING, Correction, Debt, Finding
from services.collection.domain.policy import Policy
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, Outcome


async def post_bills(tx: Tx, *, policy: Policy, bills: Sequence[Debt]) -> list[Outcome]:
    """Post issued bills; a bill of an unknown account waits for it, one of a closed month counts in the next open one."""
    return await _post(tx, policy=policy, opened=await store.open_from(tx), debts=bills)


async def post_openings(
    tx: Tx, *, policy: Policy, openings: Sequence[Debt], today: date, actor: str, sees: Callable[[str], bool]
) -> list[Outcome]:
    """Post what customers owed when the utility went live, against the `opening` account.

    Refused: a posting day in a closed month or in the future, an account of another org unit.
    An account that is not known yet: the item waits for it.
    """
    await store.hold_arrivals(tx, alone=False)
    opened = await store.open_from(tx)
    org_units = await store.org_units(tx, [debt.account_no for debt in openings])
    outcomes: dict[int, Outcome] = {}
    for index, debt in enumerate(openings):
        if months.is_closed(debt.posted_on, opened):
            outcomes[index] = Outcome("refused", "ledger.month_closed", "The accounting month is closed")
        elif debt.posted_on > today:
            outcomes[index] = Outcome("refused", "receivable.dated_in_future", "The posting day lies in the future")
        elif debt.account_no in org_units and not sees(org_units[debt.account_no]):
            outcomes[index] = Outcome("refused", "auth.other_org_unit", "The account belongs to another org unit")
    rest = [index for index in range(len(openings)) if index not in outcomes]
    posted = await _post(tx, policy=policy, opened=opened, debts=[openings[index] for index in rest])
    outcomes.update(zip(rest, posted, strict=True))
    tx.audit(
        [
            AuditEntry(
                action="receivable.open", entity_kind=OPENING, entity_id=openings[index].document_id, actor=actor
            )
            for index, outcome in outcomes.items()
            if outcome.status in ("done", "waiting")
        ]
    )
    return [outcomes[index] for index in range(len(openings))]


async def _post(tx: Tx, *, policy: Policy, opened: date | None, debts: Sequence[Debt]) -> list[Outcome]:
    if not debts:
        return []
    books = await store.open_books(tx, policy, opened, (debt.account_no for debt in debts))
    await _load_money(tx, books, debts)
    posted = await store.existing_documents(tx, debts)
    outcomes: list[Outcome] = []
    waiting: dict[tuple[str, str], str] = {}
    to_wait: list[tuple[int, Debt]] = []
    for index, debt in enumerate(debts):
        key = debt.document_kind, debt.document_id
        found = posted.get(key) or books.documents.get(key)
        if found is not None:
            same = (found.account_no, found.amount_fen, found.due_on) == (debt.account_no, debt.total_fen, debt.due_on)
            outcomes.append(ALREADY_DONE if same else _conflict(books, debt))
        elif debt.account_no in books.accounts:
            outcomes.append(Outcome("done", id=books.issue(debt).receivable_id))
        else:
            to_wait.append((index, debt))
            outcomes.append(Outcome("waiting", "account.unknown", "Waits for its account"))
    if to_wait:
        waiting = await _wait(tx, [debt for _, debt in to_wait])
        for index, debt in to_wait:
            if waiting.get((debt.document_kind, debt.document_id)) != store.DEBT.dump_json(debt).decode():
                outcomes[index] = _conflict(books, debt)
    await posting.save(tx, books)
    return outcomes


async def _load_money(tx: Tx, books: Books, debts: Sequence[Debt]) -> None:
    """Load the open sides of the accounts where a new debt can meet money: most have neither prepayment nor a credit."""
    credited = {debt.account_no for debt in debts if debt.total_fen < 0}
    accounts = [no for no, account in books.accounts.items() if account.prepaid_fen or no in credited]
    if accounts:
        await store.load_open_sides(tx, books, accounts)


def _conflict(books: Books, debt: Debt) -> Outcome:
    account = books.accounts.get(debt.account_no)
    books.findings.append(
        Finding(
            "receivable.conflicting_duplicate",
            debt.document_kind,
            debt.document_id,
            "",
            debt.account_no,
            account.org_unit if account else "",
        )
    )
    return Outcome(
        "conflicting_duplicate", "receivable.conflicting_duplicate", "The document came before with other content"
    )


async def _wait(tx: Tx, debts: Sequence[Debt]) -> dict[tuple[str, str], str]:
    """Store debts until their account is known; return what waits under their keys, now or from before."""
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
        },
    )
    if old := [key for key in first if key not in new]:
        for kind in {kind for kind, _ in old}:
            stored = await store.waiting(tx, kind, [document_id for k, document_id in old if k == kind])
            payloads.update({(kind, document_id): payload for document_id, payload in stored.items()})
    return payloads


async def post_corrections(tx: Tx, *, policy: Policy, corrections: Sequence[Correction]) -> None:
    """Post corrections of issued bills, each as one ledger group; one of an unknown account waits for it."""
    opened = await store.open_from(tx)
    books = await store.open_books(tx, policy, opened, (c.account_no for c in corrections))
    known = [c for c in corrections if c.account_no in books.accounts]
    if len(known) < len(corrections):
        await _wait_corrections(tx, [c for c in corrections if c.account_no not in books.accounts])
    if not known:
        return
    documents = {debt.document_id for c in known for debt in (*c.reversals, *c.replacements, *c.differences)}
    await store.load_for_reversal(tx, books, document_ids=sorted(documents), credit_ids=[])
    await store.load_open_sides(tx, books, list(books.accounts))
    for correction in known:
        books.correct(correction)
    await posting.save(tx, books)


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


async def post_waiting(tx: Tx, *, policy: Policy, account_nos: Sequence[str]) -> int:
    """Post what waited for these accounts, in the order in which it came, and return how many documents that were."""
    rows = await store.take_waiting(tx, account_nos)
    waves: list[tuple[list[Debt], list[Correction]]] = []
    last: dict[str, tuple[int, str]] = {}
    for row in rows:
        wave, kind = last.get(row.waiting_for, (0, ""))
        if kind == CORRECTION and row.kind != CORRECTION:
            wave += 1  # a bill that came after a correction of its account is posted after it
        last[row.waiting_for] = wave, row.kind
        if wave == len(waves):
            waves.append(([], []))
        bills, corrections = waves[wave]
        if row.kind == CORRECTION:
            corrections.append(store.WHOLE_CORRECTION.validate_json(row.payload))
        else:
            bills.append(store.DEBT.validate_json(row.payload))
    for bills, corrections in waves:
        await post_bills(tx, policy=policy, bills=bills)
        if corrections:
            await post_corrections(tx, policy=policy, corrections=corrections)
    return len(rows)
