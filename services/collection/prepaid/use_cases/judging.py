"""How prepaid accounts stand: judged wherever what they rest on has changed, by what is left then."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.collection.ledger.store import accounts
from services.collection.prepaid import domain, store
from services.collection.prepaid.domain import PREPAID, Balance, Estimate, Rulebook, Rules, Verdict
from services.collection.prepaid.store import Account
from shared import natural
from shared.db.engine import Database, Tx
from shared.events.fact import newest
from shared.events.prepaid import (
    DailyChargeEstimated,
    PrepaidBalanceLow,
    PrepaidBalanceOverdrawn,
    PrepaidBalanceRecovered,
)

ACCOUNTS_MAX: Final = 1000  # of a unit of work: some tenths of a second


async def hear(tx: Tx, facts: Sequence[DailyChargeEstimated]) -> None:
    """Keep the newest estimate of each contract, in any order; accounts of which one is new are judged.

    An account that is not known yet is judged once it is.
    """
    changed = await store.put_estimates(tx, newest(facts, lambda fact: fact.contract_no))
    if changed:
        await accounts.lock_accounts(tx, sorted(changed))  # who judges one at this moment has not seen its estimate
        await store.ensure(tx, {fact.account_no: fact.org_unit for fact in facts if fact.account_no in changed})
        await store.mark(tx, sorted(changed))


Release = Callable[[Tx, Sequence[str]], Awaitable[None]]
"""Lets go of what was to be cut, or was, of accounts that have enough again."""


async def turn(database: Database, rulebook: Rulebook, zone: ZoneInfo, release: Release) -> int:
    """Judge some of the accounts that are to be judged, and return how many these were."""
    async with database.view() as view:
        numbers = await store.due(view, ACCOUNTS_MAX)
    if not numbers:
        return 0
    async with database.begin() as tx:
        free = await judge(tx, numbers, rulebook, zone)
        if free:
            await release(tx, free)
    return len(numbers)


async def judge(tx: Tx, numbers: Sequence[str], rulebook: Rulebook, zone: ZoneInfo) -> list[str]:
    """Judge accounts by what is left of them now, tell what is new, and return those of which nothing is overdrawn any more.

    A constant number of statements.
    """
    known = await accounts.locked(tx, numbers)
    rows = await store.accounts(tx, numbers)
    money = await accounts.money(tx, numbers)
    estimates = await store.estimates(tx, numbers)
    today = tx.now.astimezone(zone).date()
    rules = domain.rules_on(rulebook, today)
    await store.leave(tx, sorted({row["account_no"] for row in rows} - known.keys()))
    changed: list[Account] = []
    free: list[str] = []
    for row in rows:
        account_no = row["account_no"]
        if account_no not in known:
            continue
        own = estimates.get(account_no, [])
        prepaid_fen, owed_fen = money[account_no]
        balance = Balance(prepaid_fen=prepaid_fen, owed_fen=owed_fen, estimate_fen=domain.estimated(own))
        is_prepaid = any(each.mode == PREPAID for each in own)
        standing = store.standing(row)
        found = (
            domain.judge(rules, standing, balance, own, today)
            if rules is not None and is_prepaid
            else domain.of_nobody(standing)
        )
        after = _after(row, balance, own, found, rules, tx.now)
        changed.append(_tell(tx, after, found, rules, own, known[account_no].org_unit, today))
        if row["overdrawn_on"] is not None and after["overdrawn_on"] is None:
            free.append(account_no)
    await store.write(tx, changed)
    return free


def _after(
    row: Account, balance: Balance, own: Sequence[Estimate], found: Verdict, rules: Rules | None, now: datetime
) -> Account:
    return {
        **row,
        **asdict(balance),
        **asdict(found.standing),
        "available_fen": balance.available_fen,
        "state": found.standing.state,
        "mode": PREPAID if any(each.mode == PREPAID for each in own) else "postpaid",
        "through": max((each.through for each in own), default=None),
        "below_fen": rules.below_fen if rules else 0,
        "code": "" if found.recovered else row["code"],
        "due": 0,
        "judged_at": now,
    }


def _tell(
    tx: Tx, row: Account, found: Verdict, rules: Rules | None, own: Sequence[Estimate], org_unit: str, today: Any
) -> Account:
    row = {**row, "org_unit": org_unit}
    if found.recovered:
        tx.publish([recovered(tx, row)])
    if rules is None or (found.low is None and not found.overdrawn):
        return row
    number = row["notices"]
    kind = "prepaid overdrawn" if found.overdrawn else "prepaid low"
    said: dict[str, Any] = {
        **{name: row[name] for name in ("account_no", "org_unit", "available_fen", "prepaid_fen", "owed_fen")},
        "estimate_fen": row["estimate_fen"],
        "service_point_no": next(each.service_point_no for each in own if each.mode == PREPAID),
        "announcement_id": natural.key_id(today, kind, row["account_no"], number),
        "through": row["through"],
        "episode": row["episode"],
        "told_on": today,
    }
    if found.overdrawn:
        wait = rules.cut_after
        minutes = None if wait is None else int(wait / timedelta(minutes=1))
        tx.publish([PrepaidBalanceOverdrawn(**said, cut_after_minutes=minutes)])
        return {**row, "announcement_id": said["announcement_id"]}
    assert found.low is not None
    tx.publish([PrepaidBalanceLow(**said, level=found.low, level_fen=rules.warn_fen[found.low - 1])])
    return row


def recovered(tx: Tx, row: Account) -> PrepaidBalanceRecovered:
    """Return what tells that there is enough again."""
    return PrepaidBalanceRecovered(
        account_no=row["account_no"],
        org_unit=row["org_unit"],
        available_fen=row["available_fen"],
        episode=row["episode"] - 1,
        recovered_at=tx.now,
    )
