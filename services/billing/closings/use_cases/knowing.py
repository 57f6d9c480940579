"""All that is known of closings: site orders, notices, answers, usages, bills, money, meters. A fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.bills import ISSUED
from services.billing.bills.store import of_contracts
from services.billing.closings.domain import findings, life
from services.billing.closings.domain.closing import (
    DELIVERED,
    DONE,
    Billed,
    Closing,
    Known,
    Visit,
    last_day,
    moved,
)
from services.billing.closings.store import closings as store
from services.billing.closings.store import findings as findings_store
from services.billing.closings.store import told
from services.billing.closings.store.told import NoticeTold
from services.billing.closings.use_cases import site_orders, undecided
from services.billing.contracts.store import contracts as contracts_store
from services.billing.usages.domain import Usage
from services.billing.usages.store import meters as meters_store
from services.billing.usages.store import usages as usages_store
from services.billing.usages.store.meters import Stood
from shared.db.engine import Tx


async def known(tx: Tx, closings: Sequence[Closing], *, on: date) -> dict[str, Known]:
    """Return what is known of closings by their numbers; the accounts are locked."""
    numbers = [each.closing_no for each in closings]
    orders = [number for each in closings for number in (each.check_order_no, each.read_order_no) if number is not None]
    visits = await site_orders.visits(tx, orders)
    notices = await told.notices(tx, numbers)
    objections = await told.objections(tx, numbers)
    used = await _used(tx, closings, on)
    bills = await bills_of(tx, closings)
    settled = await told.settlements(tx, numbers)
    meters = await told.meters(tx, sorted({each.service_point_no for each in closings}))
    ends = await _ends(tx, closings)
    contracts = await contracts_store.contracts_of(tx, sorted({each.account_no for each in closings}))
    of_no = {row.contract_no: row for row in contracts}
    others = await _others(tx, closings, contracts, on)
    about = await findings_store.about(tx, numbers)
    open_ = await undecided.of(tx, closings)
    found = {}
    for each in closings:
        number, mine = each.closing_no, notices.get(each.closing_no, [])
        read, contract = visits.get(each.read_order_no or ""), of_no.get(each.contract_no)
        delivered = [notice.on for notice in mine if notice.outcome == DELIVERED and notice.on is not None]
        in_time, late = _objected(each, objections.get(number, ()))
        known = Known(
            check=visits.get(each.check_order_no),
            read=read,
            told_on=min(delivered, default=None),
            failed=_failed(mine),
            objected_on=in_time,
            objected_late_on=late,
            used_wh=used.get(number, 0),
            billed=_billed(each, bills.get(each.contract_no, ())),
            bill_changed=_changed(each, bills.get(each.contract_no, ())),
            ends_account=number not in others or others[number].ends_account,
            others_unbilled=number in others and others[number].unbilled,
            settled=settled.get(number),
            read_moved=_moved(read, ends.get(each.service_point_no, ())),
            contract_to=contract.to_date if contract else None,
            annulled=contract is None or contract.annulled,
            meters_back_on=_back(each, ends.get(each.service_point_no, ()), meters.get(each.service_point_no, {})),
            undecided=open_.get(number, {}),
        )
        found[number] = replace(known, held=findings.is_held(each, known, about.get(number, {})))
    return found


async def bills_of(tx: Tx, closings: Sequence[Closing]) -> dict[str, list[Row[Any]]]:
    """Return by contract the bills in force of closings whose contract has ended, from the first day without use on."""
    starts = {each.contract_no: each.since for each in closings if each.state in life.AFTER_THE_END}
    return await of_contracts.since(tx, starts) if starts else {}


async def last_days(tx: Tx, closings: Sequence[Closing]) -> dict[str, date]:
    """Return through which day closings that have ended are billed: a PUT may have ended the contract earlier still."""
    contracts = await contracts_store.contracts_of(tx, sorted({each.account_no for each in closings}))
    to = {row.contract_no: row.to_date for row in contracts}
    return {each.closing_no: last_day(each, to.get(each.contract_no)) for each in closings}


def _failed(notices: Sequence[NoticeTold]) -> bool:
    return bool(notices) and all(notice.outcome != DELIVERED for notice in notices)


def _objected(closing: Closing, days: Sequence[date]) -> tuple[date | None, date | None]:
    """Return the first day of an objection within the period, and of one after it."""
    until = closing.objection_until
    in_time = [day for day in days if until is None or day <= until]
    return min(in_time, default=None), min((day for day in days if day not in in_time), default=None)


async def _used(tx: Tx, closings: Sequence[Closing], on: date) -> dict[str, int]:
    """Return by closing the Wh that meters which were read have measured since its first day without use, up to its end."""
    last = {each.closing_no: each.ends_on or max(on, each.since) for each in closings}
    days = {(each.service_point_no, each.since, max(last[each.closing_no], each.since)) for each in closings}
    usages = await usages_store.standing(tx, sorted(days), also_waiting=True) if days else []
    at: dict[str, list[Usage]] = {}
    for usage in usages:
        if not usage.estimated and (usage.import_wh or any(usage.energy.values())):
            at.setdefault(usage.service_point_no, []).append(usage)
    return {
        each.closing_no: sum(
            max(usage.import_wh, *usage.energy.values(), 0)
            for usage in at.get(each.service_point_no, ())
            if usage.period_to > each.since and usage.period_from < last[each.closing_no]
        )
        for each in closings
    }


def _billed(closing: Closing, bills: Sequence[Row[Any]]) -> Billed | None:
    """Return through which day the contract is billed without a gap by issued bills."""
    through, last = closing.since, None
    for bill in bills:
        if bill.period_from > through or bill.status != ISSUED:
            break
        through, last = bill.period_to, bill
    if last is None:
        return None
    return Billed(through=through, bill_id=last.bill_id, total_fen=last.total_fen, estimated=last.estimated)


def _changed(closing: Closing, bills: Sequence[Row[Any]]) -> str:
    """Return which bills of a contract are others since its last one was told; empty where they are as they were."""
    if closing.bill_id is None or closing.billed_on is None:
        return ""
    if not bills:
        return "no bill"
    anew = [bill for bill in bills if bill.status != ISSUED or bill.issued_on > closing.billed_on]
    if bills[-1].bill_id != closing.bill_id and bills[-1] not in anew:
        anew.append(bills[-1])
    return ", ".join(f"{bill.period_from} to {bill.period_to}: {bill.total_fen} fen" for bill in anew)


async def _ends(tx: Tx, closings: Sequence[Closing]) -> dict[str, list[Stood]]:
    """Return by point the ends of usages since it is unused, of closings whose final read or whose meters are awaited."""
    wanted = [each for each in closings if each.state in (life.FINAL_READ, life.SETTLED)]
    days = {(each.service_point_no, each.since, date.max) for each in wanted}
    return await meters_store.at_ends(tx, sorted(days)) if days else {}


def _moved(read: Visit | None, ends: Sequence[Stood]) -> bool | None:
    """Return whether the final read shows other registers than the last usage up to its day that tells them of its meter."""
    if read is None or read.state != DONE:
        return None
    for stood in reversed(ends):
        if stood.period_to <= read.on and (found := moved(read, stood.shown)) is not None:
            return found
    return None


def _back(closing: Closing, ends: Sequence[Stood], back: Mapping[str, date]) -> date | None:
    """Return since when all meters are back that stood at the point at the end of its last usage; None: not all are."""
    day = closing.ends_on
    if day is None:
        return None
    last = [stood for stood in ends if stood.period_to <= day]
    came = {meter_no: on for meter_no, on in back.items() if on >= day}
    if last and not last[-1].meter_nos <= came.keys():
        return None
    return max(came.values(), default=None)


@dataclass(frozen=True, slots=True)
class _Others:
    """The other contracts of an account: whether this closing ends it, and whether one of them is to be billed before."""

    ends_account: bool
    unbilled: bool


async def _others(tx: Tx, closings: Sequence[Closing], contracts: Sequence[Row[Any]], on: date) -> dict[str, _Others]:
    """Return by closing whose contract has ended what becomes of the other contracts of its account.

    The closing that gets its final bill last ends the account, so one of an account a day gets it: money is paid out once all is
    billed. A contract that has ended without a closing is waited for.
    """
    ended = [each for each in closings if each.state in (life.ENDED, life.BILLED)]
    if not ended:
        return {}
    accounts = sorted({each.account_no for each in ended})
    rows = [row for row in contracts if not row.annulled]
    by_contract = {each.contract_no: each for each in await store.of_accounts(tx, accounts)}
    alone = [row for row in rows if row.to_date is not None and row.contract_no not in by_contract]
    through = await of_contracts.issued_through(tx, [row.contract_no for row in alone])
    found = {}
    for each in ended:
        mine = [row for row in rows if row.account_no == each.account_no and row.contract_no != each.contract_no]
        near = [by_contract[row.contract_no] for row in mine if row.contract_no in by_contract]
        far = [row for row in mine if row.contract_no not in by_contract]
        open_ = [row for row in far if row.to_date is None or row.to_date > on]
        unbilled = any(
            row.to_date is not None and row.to_date <= on and through.get(row.contract_no, row.from_date) < row.to_date
            for row in far
        )
        billed_on = each.billed_on or on
        before = [one.billed_on is not None and one.billed_on < billed_on for one in near]
        today = any(one.billed_on is not None and one.billed_on >= on for one in near)
        found[each.closing_no] = _Others(not open_ and all(before), unbilled or today)
    return found
