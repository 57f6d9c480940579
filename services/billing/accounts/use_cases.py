"""Opening and changing accounts: whole states, idempotent, in batches; what has waited for a contract is billed at once."""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.bills.use_cases import waiting
from services.billing.context import Context
from services.billing.contracts import domain
from services.billing.contracts import store as contracts_store
from services.billing.contracts.domain import Account, AccountWrong
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.events import billing as events
from shared.outcome import ALREADY_DONE, DONE, Outcome

Span = tuple[date, date | None]
ACCOUNTS_MAX = 1000  # of one unit of work


class Contended(BusinessError):
    status = 503
    code = "account.contended"
    title = "The account is being changed by somebody else; try again"


async def put(
    tx: Tx, wanted: Sequence[Account], *, actor: str, may_see: Callable[[str], bool], context: Context
) -> list[Outcome]:
    """Bring accounts to the wanted states, publish those that changed, and bill what waited for them.

    One outcome for each, in order: done, already_done (the same state), or refused with a code. An account is refused where it
    contradicts itself, another account's contract, or what it was: contracts end, they never vanish or move.
    """
    twice = {no for no, count in Counter(a.account_no for a in wanted).items() if count > 1}
    outcomes: list[Outcome | None] = [_refusal(a, twice, may_see) for a in wanted]
    good = [i for i, outcome in enumerate(outcomes) if outcome is None]
    await contracts_store.anchor(tx, [c.service_point_no for i in good for c in wanted[i].contracts])
    stored = await contracts_store.lock(tx, sorted(wanted[i].account_no for i in good))
    contracts = await contracts_store.contracts_at(
        tx,
        [c.service_point_no for i in good for c in wanted[i].contracts],
        [c.contract_no for i in good for c in wanted[i].contracts],
    )
    own = await contracts_store.contracts_of(tx, list(stored))
    own_of = _by_account(own)
    claims = _Claims([*contracts, *own])
    changed: list[tuple[Account, str, int]] = []
    for i in good:
        account = wanted[i]
        row = stored.get(account.account_no)
        digest = _digest(account)
        if row is not None and row.digest == digest:
            outcomes[i] = ALREADY_DONE
            continue
        if row is not None and not may_see(row.org_unit):
            outcomes[i] = Outcome("refused", "auth.other_org_unit")
            continue
        outcomes[i] = claims.refusal(account, own_of.get(account.account_no, ())) or DONE
        if outcomes[i] is DONE:
            changed.append((account, digest, 1 if row is None else row.version + 1))
    if changed:
        await _write(tx, changed, actor=actor, context=context)
    return [outcome for outcome in outcomes if outcome is not None]


async def _write(tx: Tx, changed: Sequence[tuple[Account, str, int]], *, actor: str, context: Context) -> None:
    if await contracts_store.upsert(tx, changed) != len(changed):
        raise Contended
    tx.publish([fact(account, version) for account, _, version in changed])
    tx.audit(
        [
            AuditEntry(
                action="account.put",
                entity_kind="account",
                entity_id=account.account_no,
                actor=actor,
                before_version=version - 1 or None,
                after_version=version,
            )
            for account, _, version in changed
        ]
    )
    await waiting.bill_waiting(tx, [c.service_point_no for a, _, _ in changed for c in a.contracts], context=context)


async def republish(tx: Tx, account_nos: Sequence[str]) -> int:
    """Publish the current state of accounts again, for a new consumer or a restored one."""
    rows = await contracts_store.lock(tx, sorted(account_nos))
    contracts = await contracts_store.contracts_of(tx, list(rows))
    facts = [fact(state, rows[state.account_no].version) for state in _states(rows, contracts)]
    tx.publish(facts)
    return len(facts)


async def republish_after(tx: Tx, after: str) -> str | None:
    """Publish the next accounts behind a number, and return the last of them, None at the end."""
    numbers = await contracts_store.after(tx, after, ACCOUNTS_MAX)
    if not numbers:
        return None
    await republish(tx, numbers)
    return numbers[-1]


STATES: dict[str, Callable[[Tx, str], Awaitable[str | None]]] = {"account": republish_after}
"""Publishing the current state of reference entities again: `wattline republish billing --state account`."""


async def get(view: View, account_no: str) -> tuple[Account, int] | None:
    """Return an account's state and version."""
    rows = {row.account_no: row for row in await contracts_store.rows(view, [account_no])}
    if not rows:
        return None
    (state,) = _states(rows, await contracts_store.contracts_of(view, [account_no]))
    return state, rows[account_no].version


def fact(account: Account, version: int) -> events.AccountChanged:
    """Give an account's whole state as a fact. The class is the latest one."""
    return events.AccountChanged(
        account_no=account.account_no,
        version=version,
        org_unit=account.org_unit,
        customer_class=account.facts[-1].customer_class,
        opened_on=account.opened_on,
        closed_on=account.closed_on,
        contracts=tuple(
            events.Contract(contract_no=c.contract_no, service_point_no=c.service_point_no, from_=c.from_, to=c.to)
            for c in account.contracts
        ),
    )


def _states(rows: dict[str, Row[Any]], contracts: Sequence[Row[Any]]) -> list[Account]:
    by_account = _by_account(contracts)
    return [contracts_store.account_of(row, by_account.get(no, [])) for no, row in rows.items()]


def _by_account(contracts: Sequence[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for contract in contracts:
        found.setdefault(contract.account_no, []).append(contract)
    return found


def _digest(account: Account) -> str:
    return hashlib.sha256(orjson.dumps(account, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _refusal(account: Account, twice: set[str], may_see: Callable[[str], bool]) -> Outcome | None:
    if account.account_no in twice:
        return Outcome("refused", "account.twice_in_batch")
    if not may_see(account.org_unit):
        return Outcome("refused", "auth.other_org_unit")
    try:
        domain.check(account)
    except AccountWrong as wrong:
        return Outcome("refused", wrong.code, wrong.pointer)
    return None


class _Claims:
    """Which contract holds which service point, as the batch is worked through one account after the other."""

    def __init__(self, stored: Sequence[Row[Any]]) -> None:
        self._account_of: dict[str, str] = {}
        self._at: dict[str, dict[str, Span]] = {}
        for c in stored:
            self._take(c.account_no, c.contract_no, c.service_point_no, (c.from_date, c.to_date))

    def refusal(self, account: Account, own: Sequence[Row[Any]]) -> Outcome | None:
        """Say why an account cannot have its contracts, or take them."""
        named = {c.contract_no: c for c in account.contracts}
        for old in own:
            new = named.get(old.contract_no)
            if new is None:
                return Outcome("refused", "account.contract_missing", old.contract_no)
            if new.service_point_no != old.service_point_no:
                return Outcome("refused", "account.contract_moved", old.contract_no)
        for c in account.contracts:
            if self._account_of.get(c.contract_no, account.account_no) != account.account_no:
                return Outcome("refused", "account.contract_of_another_account", c.contract_no)
            for other, (from_, to) in self._at.get(c.service_point_no, {}).items():
                if other not in named and domain.overlap(c.from_, c.to, from_, to):
                    return Outcome("refused", "account.contracts_overlap", c.contract_no)
        for c in account.contracts:
            self._take(account.account_no, c.contract_no, c.service_point_no, (c.from_, c.to))
        return None

    def _take(self, account_no: str, contract_no: str, service_point_no: str, span: Span) -> None:
        self._account_of[contract_no] = account_no
        self._at.setdefault(service_point_no, {})[contract_no] = span
