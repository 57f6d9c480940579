"""Billing usages as they come: those in force are billed or wait, the bills of those that are not any more are taken out."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.billing.bills.domain.bills import EFFECTIVE, HELD, PROPOSED
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import hands
from services.billing.bills.use_cases import asked as asked_for
from services.billing.bills.use_cases import calculation
from services.billing.bills.use_cases.asked import Asked
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import links as links_store
from services.billing.rating import rating_types
from services.billing.review.domain import findings
from services.billing.usages.domain import Usage
from services.billing.usages.store import usages as usages_store
from services.billing.usages.use_cases import Recorded
from shared.db.engine import Tx


async def bill(tx: Tx, recorded: Recorded, *, context: Context) -> None:
    """Bill the usages of a batch that are in force; those without a contract wait.

    A bill of a usage that is displaced is found by its point and days, whether or not a contract covers them now: it is replaced,
    and where it was issued, taken back in one correction with the bills of its contract for the same days.
    """
    mains = await _mains(tx, recorded)
    taken_out, again = await _taken_out(tx, recorded) if recorded.displaced else ({}, [])
    asked, missing = await _by_contract(tx, [*recorded.standing, *again])
    await usages_store.set_waiting(tx, missing, usages_store.CONTRACT_MISSING)
    asked = _joined(asked, taken_out)
    if mains:
        await _again(tx, asked, mains, findings.SUB_METER_CHANGED)
    await calculation.calculate(tx, asked, context=context)
    if recorded.late:  # their bills are those of newer versions; who read these has a hand in them too
        rows = await bills_store.sharing_days(tx, [usage.days for usage in recorded.late])
        await hands.note(tx, [row for row in rows if row.status in (HELD, PROPOSED)])


async def bill_waiting(tx: Tx, service_points: Sequence[str], *, context: Context) -> None:
    """Bill what waits at service points whose contracts have just been written."""
    await bill_changed(tx, service_points, rating_types.NOTHING, context=context)  # pragma: no cover, see bill_answered


async def bill_changed(
    tx: Tx, service_points: Sequence[str], changed: Mapping[str, date], *, context: Context, cause: str = ""
) -> None:
    """Bill what waits at service points, and bill again what rests on facts of contracts that changed from a day on.

    `cause` tells what changed. Bills that are not out yet are replaced; of issued ones the policy says whether the correction is
    proposed or carried out. The accounts are locked.
    """
    waiting = await usages_store.take_waiting(tx, service_points) if service_points else []
    if not waiting and not changed:
        return
    asked, missing = await _by_contract(tx, waiting)
    left = set(missing)
    await usages_store.set_waiting(tx, [u.usage_id for u in waiting if u.usage_id not in left], "")
    if changed:
        await _again(tx, asked, changed, cause)
        asked = _joined(asked, await _stranded(tx, changed))
    if not asked:
        return
    await calculation.calculate(tx, asked, context=context)
    tx.after_commit(context.wake.set)


async def bill_answered(tx: Tx, *, context: Context) -> int:
    """Bill waiting usages whose contract came at the very moment they began to wait, and return at how many points.

    Accounts are locked before usages, as by who puts an account.
    """
    points = await usages_store.answered(tx)
    if points:  # pragma: no cover, account and usage came in two transactions at the same moment
        await contracts_store.lock_at(tx, points)
        await bill_waiting(tx, points, context=context)
    return len(points)


async def _again(tx: Tx, asked: dict[str, Asked], changed: Mapping[str, date], cause: str) -> None:
    """Ask for the bills of contracts from a day on once more."""
    first_days = await bills_store.touched(tx, changed)
    for no, term in (await contracts_store.terms_by_number(tx, list(first_days))).items() if first_days else ():
        request = asked.setdefault(no, Asked(terms=term))
        request.again, request.cause = min(first_days[no], request.again or first_days[no]), cause


async def _stranded(tx: Tx, changed: Mapping[str, date]) -> dict[str, Asked]:
    """Ask for the days of bills that contracts do not cover any more and whose usages were cut before that was known here."""
    rows = await bills_store.stranded(tx, changed)
    if not rows:
        return {}
    await contracts_store.lock_at(tx, [row.service_point_no for row in rows])
    found = await asked_for.on_days(tx, rows, of_any_contract=True)
    await usages_store.set_waiting(tx, [usage.usage_id for usage in found.loose], usages_store.CONTRACT_MISSING)
    return found.requests


async def _mains(tx: Tx, recorded: Recorded) -> dict[str, date]:
    """Lock the contracts that take usages of a batch off their own, and return the first such day of each.

    Whether their bills or these usages come first decides nothing: each waits for the lock of the main meter's account.
    """
    if not recorded.new:
        return {}
    days = [(usage.service_point_no, usage.period_from, usage.period_to) for usage in recorded.new]
    found = await links_store.mains_of(tx, days)
    if not found:
        return {}
    # with all of the batch, so that accounts are locked in one order
    await contracts_store.lock_at(tx, [*(point for point, _, _ in days), *(link.main for link, _ in found)])
    first: dict[str, date] = {}
    for link, day in found:
        first[link.contract_no] = min(day, first.get(link.contract_no, day))
    return first


async def _by_contract(tx: Tx, usages: Sequence[Usage]) -> tuple[dict[str, Asked], list[str]]:
    """Join usages with the contracts that cover them; return also the ids of those without one."""
    terms = await contracts_store.terms_of(tx, [(u.service_point_no, u.period_from, u.period_to) for u in usages])
    asked: dict[str, Asked] = {}
    for i, term in terms.items():
        usage = usages[i]
        of_contract = asked.setdefault(term.contract_no, Asked(terms=term))
        of_contract.fresh[usage.period_from, usage.period_to] = usage
    return asked, [usage.usage_id for i, usage in enumerate(usages) if i not in terms]


async def _taken_out(tx: Tx, recorded: Recorded) -> tuple[dict[str, Asked], list[Usage]]:
    """Return, by contract, the bills in force of displaced usages, to take out, and the days of what was proposed on such ones.

    Beside them the other usages in force on the days of these bills, which had been rejected: they are calculated again with what
    has come since. What is proposed the calculation takes up.
    """
    # of all points of the batch, so that accounts are locked in one order
    await contracts_store.lock_at(tx, [usage.service_point_no for usage in recorded.new])
    days = [(usage.service_point_no, usage.period_from, usage.period_to) for usage in recorded.newer]
    rows = [row for row in await bills_store.sharing_days(tx, days) if row.usage_id in recorded.displaced]
    in_force = [row for row in rows if row.status in EFFECTIVE]
    if not rows:
        return {}, []
    days_out = [(row.service_point_no, row.period_from, row.period_to) for row in in_force]
    standing = await usages_store.standing(tx, days_out) if in_force else []
    new = {usage.usage_id for usage in recorded.standing}
    terms = await contracts_store.terms_by_number(tx, [row.contract_no for row in rows])
    asked = {no: Asked(terms=term) for no, term in terms.items()}
    reasons = {usage.service_point_no: usage.replaces_reason for usage in recorded.newer if usage.replaces_reason}
    for row in in_force:
        asked[row.contract_no].out[row.bill_id] = row.period_from, row.period_to
        asked[row.contract_no].reason = reasons.get(row.service_point_no, "")
    for row in rows:
        if row.status == PROPOSED:
            request = asked[row.contract_no]
            request.again = min(request.again or row.period_from, row.period_from)
    return asked, [usage for usage in standing if usage.usage_id not in new]


def _joined(asked: dict[str, Asked], taken_out: dict[str, Asked]) -> dict[str, Asked]:
    """Return both in one: a bill that is taken out where its contract has a new usage of the same period is just replaced."""
    for no, old in taken_out.items():
        new = asked.setdefault(no, Asked(terms=old.terms))
        new.fresh = old.fresh | new.fresh
        new.out = {bill_id: period for bill_id, period in old.out.items() if period not in new.fresh}
        new.reason = old.reason
        new.again = min(filter(None, (new.again, old.again)), default=None)
    return asked
