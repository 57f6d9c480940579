"""Opening and changing accounts: whole states, idempotent, in batches; what has waited for a contract is billed at once."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Row

from services.billing.accounts.domain import (
    OF_ANOTHER_ACCOUNT,
    OVERLAP,
    Claims,
    Named,
    goes_on,
    link_faults,
    named_anew,
    without,
)
from services.billing.bills.use_cases import billed_days, billing
from services.billing.bills.use_cases.billed_days import Word
from services.billing.context import Context
from services.billing.contracts import domain
from services.billing.contracts.domain import Account, AccountWrong
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import ended as ended_store
from services.billing.contracts.store import links as links_store
from services.billing.contracts.store import points as points_store
from services.billing.contracts.store.contracts import Stated
from services.billing.review.domain import findings
from shared import batch_put
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.events import billing as events
from shared.events.fact import newest
from shared.events.reading import ServicePointChanged
from shared.org_units import covers
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

ACCOUNTS_MAX = 1000  # of one unit of work
ACTOR = "billing"  # who refuses what was decided before this service knew whose it was


class ContractsOverlap(BusinessError):
    status = 409
    code = OVERLAP
    title = "Another contract supplies the service point on some of these days"


class ContractOfAnotherAccount(BusinessError):
    status = 409
    code = OF_ANOTHER_ACCOUNT
    title = "The contract belongs to another account"


class EndedByClosing(BusinessError):
    status = 409
    code = "account.contract_ended_by_closing"
    title = "A closing has ended the contract with its final read: supply from then on is a new contract"


CONFLICTS = (ContractsOverlap, ContractOfAnotherAccount, EndedByClosing)


async def put(
    tx: Tx,
    wanted: Sequence[Account],
    *,
    actor: str,
    units: Sequence[str],
    context: Context,
    approved: int | None = None,
) -> list[Outcome]:
    """Bring accounts to the wanted states, publish those that changed, and bill what waited for them.

    One outcome for each, in order: done, already_done (the same state), or refused with a code. An account is refused where it
    contradicts itself, another account's contract, or what it was: a contract ends, or is moved or annulled with a reason; it
    never vanishes; it names no point outside the org `units` of who puts it, now or, where reading has not told of it yet,
    when it does (`know_points`). Bills of days that it covers no more are taken back as reading tells their usages anew. Bills of
    days whose account data or contract are others now are calculated again; of issued ones the policy says what becomes of them.
    What changes days of issued bills of an amount that the policy names awaits a second person, unless one has `approved` it.
    """
    given = Counter(a.account_no for a in wanted)
    faults = {a.account_no: fault for a in wanted if (fault := _fault(a, units)) is not None}
    good = [a for a in wanted if given[a.account_no] == 1 and a.account_no not in faults]
    contracts = [c for a in good for c in a.contracts]
    behind = [one.service_point_no for c in contracts for one in c.sub_meters]
    points = [*(c.service_point_no for c in contracts), *behind]
    owners = await points_store.anchor(tx, points)
    at = await contracts_store.contracts_at(tx, points, [c.contract_no for c in contracts])
    numbers = {a.account_no for a in good}
    # with those of the same points, whose usages may be billed here too: accounts are locked in one order, then usages
    await contracts_store.lock(tx, sorted(numbers | {row.account_no for row in at}))
    stored = await contracts_store.load(tx, sorted(numbers))
    olds = {number: item for number, (item, _) in stored.items()}
    hidden = {number for number, old in olds.items() if not covers(units, old.account.org_unit)}
    states = [contracts_store.stated(account) for account in wanted]
    fine = numbers - hidden
    changing = [s.account for s in states if s.account.account_no in fine and s != olds.get(s.account.account_no)]
    named = {
        a.account_no: named_anew(a, olds[a.account_no].account if a.account_no in olds else None, owners, units)
        for a in changing
    }
    faults |= {
        no: refused(OTHER_ORG_UNIT, c, id=no) for no, by in named.items() for c, one in by.items() if one.foreign
    }
    faults |= await _unknown_names(tx, [account for account in changing if account.account_no not in faults], context)
    claims = Claims(at, {no: old.account.contracts for no, old in olds.items()})
    wrong = claims.refusals([account for account in changing if account.account_no not in faults])
    faults |= {no: refused(*each, id=no) for no, each in wrong.items()}
    faults |= await _ended_by_closing(tx, [account for account in changing if account.account_no not in faults], olds)
    if behind:
        faults |= await _link_faults(tx, [account for account in changing if account.account_no not in faults], behind)

    left = [account for account in changing if account.account_no not in faults]
    word = Word(actor=actor, units=units, approved=approved)
    faults |= await billed_days.ask(tx, left, stored, word=word, context=context)

    def refusal(item: Stated, old: Stated | None) -> Outcome | None:
        if item != old and item.account.account_no in hidden:
            return refused(OTHER_ORG_UNIT, id=item.account.account_no)
        return faults.get(item.account.account_no)

    return await batch_put.put(
        tx,
        states,
        kind="account",
        number=lambda item: item.account.account_no,
        stored=stored,
        refusal=refusal,
        write=partial(_write_named, tx, named=named, units=units, at=at, stored=stored, actor=actor, context=context),
        actor=actor,
    )


async def put_approved(tx: Tx, account: Account, word: Word, *, context: Context) -> Outcome:
    """Bring an account to a state that a second person has approved."""
    (outcome,) = await put(tx, [account], actor=word.actor, units=word.units, context=context, approved=word.approved)
    return outcome


async def know_points(tx: Tx, facts: Sequence[ServicePointChanged], *, context: Context) -> None:
    """Know whose service points are, and decide on what named them before: what is another bureau's is refused.

    A contract on such a point is annulled with the code as its reason, a sub-meter left out; both are listed as refused.
    """
    told = await points_store.put(tx, newest(facts, lambda fact: fact.service_point_no))
    numbers = sorted(await points_store.accounts_that_ask(tx, told)) if told else []
    if not numbers:
        return
    stored = await contracts_store.load(tx, numbers)
    asked = await points_store.asked_by(tx, numbers)
    owners = await points_store.owners(tx, {point for by in asked.values() for point in by})
    foreign = {
        no: refused_
        for no, by in asked.items()
        if (refused_ := [p for p in by if p in owners and not covers(by[p], owners[p])])
    }
    states = [
        (contracts_store.stated(now), version + 1)
        for old, version in stored.values()
        if (now := without(old.account, foreign, reason=OTHER_ORG_UNIT)) != old.account
    ]
    if states:
        await _write(tx, states, stored=stored, actor=ACTOR, context=context)
    left = {no: {p: word for p, word in by.items() if p not in owners} for no, by in asked.items()}
    await points_store.note(tx, {no: (left[no], foreign.get(no, ())) for no in asked})
    tx.audit(
        [
            AuditEntry(
                action="contract.refused", entity_kind="contract", entity_id=no, actor=ACTOR, reason=OTHER_ORG_UNIT
            )
            for no in foreign
        ]
    )


async def _write_named(
    tx: Tx,
    changed: Sequence[tuple[Stated, int]],
    *,
    named: Mapping[str, Mapping[str, Named]],
    units: Sequence[str],
    at: Sequence[Row[Any]],
    **how: Any,
) -> set[str]:
    applied = await _write(tx, changed, **how)
    before = {row.contract_no: points_store.asked_of(row.asked) for row in at}
    asked = {
        contract_no: ({**before.get(contract_no, {}), **dict.fromkeys(one.unknown, units)}, ())
        for account_no in applied
        for contract_no, one in named.get(account_no, {}).items()
        if one.unknown or contract_no in before
    }
    if asked:
        await points_store.note(tx, asked)
    return applied


async def _write(
    tx: Tx,
    changed: Sequence[tuple[Stated, int]],
    *,
    stored: Mapping[str, tuple[Stated, int]],
    actor: str,
    context: Context,
) -> set[str]:
    applied = await contracts_store.upsert(tx, changed)
    new = [(item.account, version) for item, version in changed if item.account.account_no in applied]
    known = [(stored[a.account_no][0].account, a, version) for a, version in new if a.account_no in stored]
    tx.audit([entry for old, now, version in known for entry in _moves(old, now, version, actor)])
    tx.publish([fact(account, version) for account, version in new])
    since = {no: day for old, now, _ in known for no, day in domain.changed_since(old, now).items()}
    before = {c.contract_no for old, _, _ in known for c in old.contracts if c.sub_meters}
    linked = [c for a, _ in new for c in a.contracts if c.sub_meters or c.contract_no in before]
    if linked:
        await links_store.write(tx, linked)
    points = [c.service_point_no for a, _ in new for c in a.contracts]
    await billing.bill_changed(tx, points, since, context=context, cause=findings.ACCOUNT_CHANGED)
    return applied


def _moves(old: Account, now: Account, version: int, actor: str) -> list[AuditEntry]:
    """Return an audit row for each contract that was moved, annulled or reinstated."""
    olds = {contract.contract_no: contract for contract in old.contracts}
    return [
        AuditEntry(
            action="contract.annulled" if new.annulled else "contract.reinstated" if was.annulled else "contract.moved",
            entity_kind="contract",
            entity_id=new.contract_no,
            actor=actor,
            reason=new.reason,
            before_version=version - 1,
            after_version=version,
        )
        for new in now.contracts
        if (was := olds.get(new.contract_no)) is not None and domain.is_moved(was, new)
    ]


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
    """Return an account's whole state as a fact. The class is the latest one."""
    return events.AccountChanged(
        account_no=account.account_no,
        version=version,
        org_unit=account.org_unit,
        customer_class=account.facts[-1].customer_class,
        opened_on=account.opened_on,
        closed_on=account.closed_on,
        contracts=tuple(
            events.Contract(
                contract_no=c.contract_no,
                service_point_no=c.service_point_no,
                from_=c.from_,
                to=c.to,
                curve_minutes=c.curve_minutes,
                annulled=c.annulled,
                payment_modes=tuple(events.PaymentMode(from_=one.from_, mode=one.mode) for one in c.payment_modes),
                cycle_months=c.cycle_months,
            )
            for c in account.contracts
        ),
        customer_no=account.customer_no or None,
    )


def _states(rows: Mapping[str, Row[Any]], contracts: Sequence[Row[Any]]) -> list[Account]:
    of_account = contracts_store.by_account(contracts)
    return [contracts_store.account_of(row, of_account.get(no, ())) for no, row in rows.items()]


def _fault(account: Account, units: Sequence[str]) -> Outcome | None:
    if not covers(units, account.org_unit):
        return refused(OTHER_ORG_UNIT, id=account.account_no)
    try:
        domain.check(account)
    except AccountWrong as wrong:
        return refused(wrong.code, wrong.pointer, id=account.account_no)
    return None


async def _unknown_names(tx: Tx, accounts: Sequence[Account], context: Context) -> dict[str, Outcome]:
    """Return by account what it names that the tariffs of its contracts do not know."""
    known = (await context.books.current(tx)).book.versions if accounts else {}
    found = {}
    for account in accounts:
        try:
            domain.check_names(account, known)
        except AccountWrong as wrong:
            found[account.account_no] = refused(wrong.code, wrong.pointer, id=account.account_no)
    return found


async def _ended_by_closing(tx: Tx, accounts: Sequence[Account], olds: Mapping[str, Stated]) -> dict[str, Outcome]:
    """Return by account which contract that a closing has ended would go on, or never have been. The accounts are locked."""
    last = {a.account_no: goes_on(olds[a.account_no].account.contracts, a) for a in accounts if a.account_no in olds}
    numbers = [contract_no for by in last.values() for contract_no in by]
    ended = await ended_store.days(tx, numbers) if numbers else {}
    wrong = {no: [c for c, day in by.items() if c in ended and day > ended[c]] for no, by in last.items()}
    return {no: refused(EndedByClosing.code, contracts[0], id=no) for no, contracts in wrong.items() if contracts}


async def _link_faults(tx: Tx, accounts: Sequence[Account], behind: Sequence[str]) -> dict[str, Outcome]:
    """Return by account why it cannot have its sub-meters; what is refused keeps what it has, until nothing changes."""
    stored = await links_store.around(tx, behind)
    found: dict[str, tuple[str, str]] = {}
    while True:
        wanted = {account.account_no: account.contracts for account in accounts if account.account_no not in found}
        changing = {contract.contract_no for contracts in wanted.values() for contract in contracts}
        more = link_faults(wanted, [link for link in stored if link.contract_no not in changing])
        if not more:
            return {no: refused(code, contract_no, id=no) for no, (code, contract_no) in found.items()}
        found |= more
