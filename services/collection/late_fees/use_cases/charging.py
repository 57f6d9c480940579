"""Fees are charged once their debts are settled, and calculated again when what they follow from has changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from services.collection.late_fees import domain, store
from services.collection.late_fees.domain import LIFE, Fee, Rulebook
from services.collection.late_fees.use_cases import working
from services.collection.ledger.domain.documents import LATE_FEE, Correction, Debt
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import accounts, late_settlements, months
from services.collection.receivables.use_cases import bills, corrections
from shared import natural
from shared.db import jobs
from shared.db.engine import Tx, View
from shared.events.disputes import DisputeChanged
from shared.events.late_fees import LateFeeCharged, LateFeeWithdrawn

ACCOUNTS_PER_CHUNK = 500  # one unit of work: some debts of each
COMPONENT = "late_fee"


@dataclass(frozen=True, slots=True)
class _New:
    """A fee to be charged, as its row and its working."""

    row: dict[str, Any]
    fee: Fee


async def chunks(view: View) -> Sequence[str]:
    """Return the ranges of accounts (`first<TAB>last`) whose fees are to be calculated again."""
    numbers = await late_settlements.noted(view)
    return jobs.ranges(numbers, ACCOUNTS_PER_CHUNK)


async def charge_chunk(
    tx: Tx, chunk: str, *, policy: Policy, rulebook: Rulebook, business_date: date
) -> dict[str, int]:
    """Charge what the accounts of a chunk have to pay for being late, as of a business date; withdraw what is otherwise now."""
    first, last = jobs.bounds(chunk)
    opened = await months.open_from(tx)
    account_nos = await late_settlements.noted(tx, first=first, last=last)
    await accounts.lock_accounts(tx, account_nos)
    return await charge(tx, account_nos, policy=policy, rulebook=rulebook, opened=opened, on=business_date)


async def charge(
    tx: Tx, account_nos: Sequence[str], *, policy: Policy, rulebook: Rulebook, opened: date | None, on: date
) -> dict[str, int]:
    """Charge and withdraw fees of locked accounts; what was settled after the day waits for its own."""
    found = domain.fees(rulebook, await working.settled(tx, rulebook, account_nos))
    early = {fee.account_no for fee in found if fee.settled_on > on}
    ready = [no for no in account_nos if no not in early]
    gone, new = await _changes(tx, ready, [fee for fee in found if fee.account_no not in early], rulebook, on)
    await _post(tx, gone, new, policy=policy, opened=opened, on=on)
    await late_settlements.done(tx, ready)
    return {"charged": len(new), "withdrawn": len(gone), "waiting": len(early)}


async def _changes(
    tx: Tx, account_nos: Sequence[str], fees: Sequence[Fee], rulebook: Rulebook, on: date
) -> tuple[list[Row[Any]], list[_New]]:
    """Return the fees that stand and are others now, and those to be charged."""
    known = await store.versions(tx, account_nos)
    standing = [row for row in known if store.stands(row)]
    lines = await store.lines(tx, [row.late_fee_id for row in standing])
    told = {(r.account_no, r.settled_on, r.rule): (r.amount_fen, lines.get(r.late_fee_id, ())) for r in standing}
    wanted = {(fee.account_no, fee.settled_on, fee.rule): fee for fee in fees}
    same = {key for key, fee in wanted.items() if told.get(key) == (fee.amount_fen, fee.lines)}
    gone = [row for row in standing if (row.account_no, row.settled_on, row.rule) not in same]
    last = {(row.account_no, row.settled_on, row.rule): row.version for row in known}
    units = await accounts.org_units(tx, sorted({fee.account_no for fee in fees}))
    new = [
        _New(_row(fee, last.get(key, 0) + 1, units[fee.account_no], rulebook, on), fee)
        for key, fee in wanted.items()
        if key not in same
    ]
    return gone, new


def _row(fee: Fee, version: int, org_unit: str, rulebook: Rulebook, on: date) -> dict[str, Any]:
    key = fee.account_no, fee.settled_on, fee.rule, version
    rules = rulebook.on(on)
    return {
        "late_fee_id": natural.key_id(fee.settled_on, "late fee", *key),
        "account_no": fee.account_no,
        "org_unit": org_unit,
        "settled_on": fee.settled_on,
        "rule": fee.rule,
        "version": version,
        "amount_fen": fee.amount_fen,
        "issued_on": on,
        "due_on": on + timedelta(days=rules.due_days if rules else 0),
        "state": LIFE.start(domain.CHARGED),
        "withdrawn_on": None,
    }


async def _post(
    tx: Tx, gone: Sequence[Row[Any]], new: Sequence[_New], *, policy: Policy, opened: date | None, on: date
) -> None:
    """Post what changes, the fees that take the place of others in one group with these, and tell it."""
    fresh: dict[str, list[Debt]] = defaultdict(list)
    for each in new:
        fresh[each.row["account_no"]].append(_debt(each.row, each.fee.route_no))
    old: dict[str, list[Debt]] = defaultdict(list)
    for row in gone:
        old[row.account_no].append(_debt(row._mapping))
    groups = [
        Correction(
            correction_id=natural.key_id(on, "late fee withdrawal", *(debt.document_id for debt in reversals)),
            account_no=account_no,
            corrected_on=on,
            reversals=reversals,
            replacements=fresh.pop(account_no, []),
        )
        for account_no, reversals in old.items()
    ]
    if groups:
        await corrections.post_corrections(tx, policy=policy, corrections=groups)
        await store.withdraw(tx, [row.late_fee_id for row in gone], state=LIFE.target("withdraw"), on=on)
    await bills.post_debts(tx, policy=policy, opened=opened, debts=[debt for of in fresh.values() for debt in of])
    if new:
        await store.add(tx, [each.row for each in new], {each.row["late_fee_id"]: each.fee.lines for each in new})
    tx.publish([_withdrawn(row, on) for row in gone])
    tx.publish([_charged(each.row) for each in new])


def _debt(row: Any, route_no: str = "") -> Debt:
    """Return a fee as a debt. One that is taken back is so by what was posted of it, its route too."""
    on, fen = row["issued_on"], row["amount_fen"]
    return Debt(
        document_kind=LATE_FEE,
        document_id=row["late_fee_id"],
        account_no=row["account_no"],
        cycle=f"{on:%Y-%m}",
        issued_on=on,
        due_on=row["due_on"],
        posted_on=on,
        total_fen=fen,
        components=[(COMPONENT, fen)],
        route_no=route_no,
    )


_TOLD = ("late_fee_id", "account_no", "org_unit", "settled_on", "amount_fen")


def _charged(row: dict[str, Any]) -> LateFeeCharged:
    return LateFeeCharged(
        **{name: row[name] for name in (*_TOLD, "issued_on", "due_on")}, causation_id=row["late_fee_id"]
    )


def _withdrawn(row: Row[Any], on: date) -> LateFeeWithdrawn:
    return LateFeeWithdrawn(
        **{name: row._mapping[name] for name in _TOLD}, withdrawn_on=on, causation_id=row.late_fee_id
    )


async def hear(tx: Tx, facts: Iterable[DisputeChanged]) -> None:
    """Note the accounts whose fees a dispute changes: on days on which it holds something no fee grows."""
    places = sorted({(fact.service_point_no, cycle) for fact in facts for cycle in fact.cycles})
    if found := await late_settlements.of_cycles(tx, places):
        await accounts.lock_accounts(tx, found)
        await late_settlements.note(tx, found)
