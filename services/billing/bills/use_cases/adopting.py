"""After a restore: bills that went out since the dump stand as collection has posted them; what differs is corrected.

From an amount of the policy on a second person approves exactly these documents, in place of exactly what is there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Row

from services.billing.bills.domain import bills
from services.billing.bills.domain.bills import bill_id
from services.billing.bills.domain.policy import ADOPTION, KINDS
from services.billing.bills.store import adopted as store
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import told
from services.billing.bills.use_cases import asked as asked_for
from services.billing.bills.use_cases import calculation, two_people
from services.billing.bills.use_cases.asked import Asked
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.usages.store import usages as usages_store
from shared import approvals
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.billing import BillIssued
from shared.outcome import ALREADY_DONE, DONE, REPEATED, Outcome, refused

VERSIONS_MAX: Final = 50  # of one bill; a tenth of it is a contract that nobody can settle
BILL: Final = "bill"
InPlace = Sequence[Mapping[str, Any]]
Keepers = Mapping[str, "Keeper"]
"""Who keeps the documents of a kind that is no bill."""
UNKNOWN = refused(
    "bill.key_unknown", "No contract and usage of the account make this bill: tell billing what it rests on first"
)
NOT_A_BILL = refused(
    "bill.is_a_difference", "A difference is the sum of two bills: decide on the bill that is in force"
)


class ChangedMeanwhile(BusinessError):
    status = 412
    code = "bill.changed_meanwhile"
    title = "What the documents take the place of is another than when it was asked for: withdraw it, and ask again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A document as collection has posted it. `components`: [(component, fen), …]; `correction_id`: where no run issued it.

    `cycle`, `service_point_no`, `taken_back_on`: of what is no bill.
    """

    document_kind: str
    document_id: str
    issued_on: date
    due_on: date
    total_fen: int
    components: Sequence[tuple[str, int]]
    stands: bool
    correction_id: str | None = None
    cycle: str | None = None
    service_point_no: str | None = None
    taken_back_on: date | None = None


class Keeper(Protocol):
    """Keeps documents of a kind that is no bill, as they are posted to one account."""

    async def look(self, tx: Tx, account: Row[Any], posted: Sequence[Posted]) -> list[Outcome | InPlace]:
        """Return what becomes of each: its outcome, or what it takes the place of."""

    async def keep(self, tx: Tx, account: Row[Any], posted: Sequence[Posted], *, actor: str) -> None:
        """Write documents as they are posted."""


@dataclass(frozen=True, slots=True)
class _Key:
    contract: Row[Any]
    usage: Row[Any]
    version: int


@dataclass(frozen=True, slots=True)
class _Keeping:
    """A document that is to be kept, what its number stands for, and the bill that is under it."""

    posted: Posted
    key: _Key
    row: Row[Any] | None


_POSTED: Final = TypeAdapter(list[Posted])
Others = Mapping[Keeper, Sequence[Posted]]


async def adopt(
    tx: Tx,
    account_no: str,
    posted: Sequence[Posted],
    *,
    context: Context,
    actor: str,
    keepers: Keepers,
    approved: InPlace | None = None,
) -> list[Outcome] | None:
    """Keep the bills of an account as they are posted, in place of what billing has under their numbers; None: no such account.

    A posted bill was told and stays what it is. Its lines are not known; the contract is calculated again from the first of them
    on, and what comes out otherwise, or with other lines, goes out as a correction. Whose bill a number is follows from the
    contracts and usages that are known. A number that is given twice is refused.

    Where a document, or a bill whose place one takes, is of an amount for which policy wants a second person, all of them wait
    for one. `approved`: what a second person saw in their place; raises ChangedMeanwhile where it is another by now.
    """
    contracts = await contracts_store.contracts_of(tx, [account_no])
    await contracts_store.lock_at(tx, [contract.service_point_no for contract in contracts])
    account = (await contracts_store.lock(tx, [account_no])).get(account_no)
    if account is None:
        return None
    outcomes, keeping = await _sorted_out(tx, account_no, posted)
    others, instead = await _others(tx, account, posted, outcomes, keepers)
    if posted and all(outcome.status == "refused" for outcome in outcomes):
        return outcomes
    in_place = [*await _in_place(tx, account_no, keeping), *instead]
    wanted = [*(each.posted for each in keeping), *(one for of_kind in others.values() for one in of_kind)]
    if approved is not None:
        if len(wanted) < len(posted) or in_place != approved:
            raise ChangedMeanwhile
    elif asked := await _ask(tx, account, wanted, in_place, context=context, actor=actor):
        return [one if one.status == "refused" else approvals.outcome(asked) for one in outcomes]
    for each in keeping:
        await _keep(tx, account, each.key, each.posted, each.row)
    kept = [each.posted.document_id for each in keeping]
    new = [each.posted.document_id for each in keeping if each.row is None or not _is_told(each.row)]
    await _tell(tx, new)
    await _calculate(tx, account_no, kept, context=context, actor=actor)
    for keeper, of_kind in others.items():
        await keeper.keep(tx, account, of_kind, actor=actor)
    tx.audit([AuditEntry(action="bill.adopted", entity_kind=BILL, entity_id=bill, actor=actor) for bill in kept])
    return outcomes


async def _others(
    tx: Tx, account: Row[Any], posted: Sequence[Posted], outcomes: list[Outcome], keepers: Keepers
) -> tuple[Others, list[Mapping[str, Any]]]:
    """Note what becomes of documents that are no bills; return those that are to be kept, and what is in their place."""
    others: dict[Keeper, Sequence[Posted]] = {}
    instead: list[Mapping[str, Any]] = []
    for kind, keeper in keepers.items():
        places = [
            place for place, one in enumerate(posted) if one.document_kind == kind and outcomes[place].code != REPEATED
        ]
        wanted: list[Posted] = []
        for place, found in zip(places, await keeper.look(tx, account, [posted[n] for n in places]), strict=True):
            if isinstance(found, Outcome):
                outcomes[place] = found
            else:
                outcomes[place] = DONE
                wanted.append(posted[place])
                instead += found
        if wanted:
            others[keeper] = wanted
    return others, instead


async def _sorted_out(tx: Tx, account_no: str, posted: Sequence[Posted]) -> tuple[list[Outcome], list[_Keeping]]:
    """Return what becomes of each document, and those that are to be kept."""
    keys, given = await _keys(tx, account_no), Counter(one.document_id for one in posted)
    own = await store.by_id(tx, [one.document_id for one in posted])
    outcomes: list[Outcome] = []
    keeping: list[_Keeping] = []
    for one in posted:
        key, row = keys.get(one.document_id), own.get(one.document_id)
        if given[one.document_id] > 1:
            outcomes.append(refused(REPEATED, id=one.document_id))
        elif one.document_kind != BILL or key is None:
            outcomes.append(NOT_A_BILL if one.document_kind != BILL else UNKNOWN)
        elif row is not None and _is_posted(row, one):
            outcomes.append(ALREADY_DONE)
        else:
            keeping.append(_Keeping(one, key, row))
            outcomes.append(DONE)
    return outcomes, keeping


async def _in_place(tx: Tx, account_no: str, keeping: Sequence[_Keeping]) -> list[dict[str, Any]]:
    """Return the bills whose place documents take: under their numbers, on their days, and on days that no contract covers."""
    days = [
        (each.key.contract.service_point_no, each.key.usage.period_from, each.key.usage.period_to) for each in keeping
    ]
    rows = [each.row for each in keeping if each.row is not None]
    rows += [*await bills_store.uncovered(tx, account_no), *(await bills_store.sharing_days(tx, days) if days else ())]
    by_id = {row.bill_id: row for row in rows}
    shown = "bill_id", "status", "total_fen", "row_version"
    return [{name: getattr(row, name) for name in shown} for _, row in sorted(by_id.items())]


async def _ask(
    tx: Tx, account: Row[Any], wanted: Sequence[Posted], in_place: InPlace, *, context: Context, actor: str
) -> Approval | None:
    """Ask for a second person's approval where policy wants one."""
    amounts = [*(each.total_fen for each in wanted), *(bill["total_fen"] for bill in in_place)]
    if not amounts:
        return None
    second = (await two_people.rules(tx, context)).scope(ADOPTION, max(map(abs, amounts)))
    if second is None:
        return None
    documents = orjson.loads(orjson.dumps(wanted))
    return await approvals.ask(
        tx,
        kind=ADOPTION,
        subject_id=account.account_no,
        content={"account_no": account.account_no, "documents": documents, "in_place": in_place},
        org_unit=account.org_unit,
        requested_by=actor,
        reason="",
        second=second,
    )


def kind_of_approval(context: Context, keepers: Keepers) -> approvals.Kind:
    """Return the kind of approval that keeps documents as they are posted."""

    async def carry_out(tx: Tx, approval: Approval, _actor: str) -> None:
        content = approval.content
        documents, in_place = _POSTED.validate_python(content["documents"]), content["in_place"]
        actor = approval.requested_by
        of = content["account_no"]
        kept = await adopt(tx, of, documents, context=context, actor=actor, keepers=keepers, approved=in_place)
        if kept is None:
            raise ChangedMeanwhile

    return approvals.Kind(name=ADOPTION, scope=KINDS[ADOPTION], carry_out=carry_out)


def _is_told(row: Row[Any]) -> bool:
    """Return whether a bill is out here as one of a run."""
    return row.issued_on is not None and row.correction_id is None


async def _tell(tx: Tx, new: Sequence[str]) -> None:
    """Tell bills of runs that were not told as such here: who was restored as well hears of them; for others nothing changes."""
    rows = (await store.by_id(tx, new)).values()
    bills_told = [told.as_issued(row._mapping, row.issued_on, row.due_on) for row in rows if row.correction_id is None]
    tx.publish([BillIssued(account_no=bill.account_no, bill=bill) for bill in bills_told])


async def _calculate(tx: Tx, account_no: str, kept: Sequence[str], *, context: Context, actor: str) -> None:
    """Calculate what stands as posted again; what else is in force on its days, made since the restore, is taken out.

    So is what is in force on days that the account's contracts do not cover: the cut of its usage was told before.

    What was taken back is not billed anew: it was replaced, or a reviewer had decided so and decides again.
    """
    rows = [*(await store.by_id(tx, kept)).values(), *await bills_store.uncovered(tx, account_no)]
    if not rows:
        return
    days = [(row.service_point_no, row.period_from, row.period_to) for row in rows]
    found = await asked_for.on_days(tx, rows, of_any_contract=True)
    await usages_store.set_waiting(tx, [usage.usage_id for usage in found.loose], usages_store.CONTRACT_MISSING)
    standing = [row for row in rows if row.status == bills.ISSUED and row.bill_id in kept]
    in_force = [bill for bill in await bills_store.sharing_days(tx, days) if bill.status in bills.EFFECTIVE]
    billed = {(bill.contract_no, bill.period_from, bill.period_to) for bill in in_force}
    taken_back = {(row.contract_no, row.period_from, row.period_to) for row in rows if row.status == bills.REVERSED}
    for no, *period in taken_back - billed:
        found.requests[no].fresh.pop(tuple(period), None)
    bare = {row.bill_id for row in rows} - set(kept)
    others = [b for b in in_force if b.bill_id in bare or (b.bill_id not in kept and _stands_beside(b, standing))]
    terms = await contracts_store.terms_by_number(tx, [bill.contract_no for bill in others])
    for bill in others:
        request = found.requests.setdefault(bill.contract_no, Asked(terms=terms[bill.contract_no]))
        request.out[bill.bill_id] = bill.period_from, bill.period_to
    for request in found.requests.values():
        # where policy wants two, they have decided on the documents and on what is in their place
        request.by_two = True
    await calculation.calculate(tx, found.requests, context=context, actor=actor)
    tx.after_commit(context.wake.set)


def _stands_beside(bill: Row[Any], standing: Sequence[Row[Any]]) -> bool:
    """Return whether a bill is of days that one of those is of, by another version or for another contract."""
    return any(
        bill.service_point_no == row.service_point_no
        and bill.period_from < row.period_to
        and row.period_from < bill.period_to
        and (
            bill.contract_no != row.contract_no
            or (bill.period_from, bill.period_to) == (row.period_from, row.period_to)
        )
        for row in standing
    )


async def _keys(tx: Tx, account_no: str) -> Mapping[str, _Key]:
    """Return what the numbers of the account's bills can stand for."""
    contracts = await contracts_store.contracts_of(tx, [account_no])
    usages = await usages_store.of_points(tx, sorted({contract.service_point_no for contract in contracts}))
    return {
        bill_id(contract.contract_no, usage.period_from, usage.period_to, version): _Key(contract, usage, version)
        for contract in contracts
        for usage in usages.get(contract.service_point_no, ())
        for version in range(1, VERSIONS_MAX + 1)
    }


def _is_posted(row: Row[Any], one: Posted) -> bool:
    """Return whether a bill is out as it is posted. One that billing has taken back since is taken back there too, in time."""
    out = (bills.ISSUED, bills.ADJUSTED, bills.REVERSED) if one.stands else (bills.REVERSED,)
    names = "total_fen", "issued_on", "due_on"
    same = row.status in out and all(getattr(row, name) == getattr(one, name) for name in names)
    return same and (row.correction_id is None) == (one.correction_id is None) and _same_parts(row, one)


def _same_parts(row: Row[Any], one: Posted) -> bool:
    parts = {name: fen for name, fen in orjson.loads(row.components) if fen}
    return parts == {name: fen for name, fen in one.components if fen}


async def _keep(tx: Tx, account: Row[Any], key: _Key, one: Posted, row: Row[Any] | None) -> None:
    values: dict[str, Any] = {
        "status": bills.ISSUED if one.stands else bills.REVERSED,
        "issued_on": one.issued_on,
        "due_on": one.due_on,
        "held_at": None,
        "correction_id": one.correction_id,
    }
    if row is not None and row.total_fen == one.total_fen and _same_parts(row, one):
        await store.put(tx, row, values)  # it is the bill that went out, and only that is not known
        return
    values |= {
        "total_fen": one.total_fen,
        "components": orjson.dumps(one.components).decode(),
        "tariffs": "[]",
        "findings": "[]",
        "ladder_state": "",
        "by_difference": False,
        "group_id": None,
    }
    if row is not None:
        await store.put(tx, row, values, lines=store.NO_LINES)
        return
    contract, usage = key.contract, key.usage
    await store.insert(
        tx,
        values
        | {
            "bill_id": one.document_id,
            "account_no": contract.account_no,
            "contract_no": contract.contract_no,
            "service_point_no": contract.service_point_no,
            "org_unit": account.org_unit,
            "route_no": usage.route_no,
            "cycle": usage.cycle,
            "period_from": usage.period_from,
            "period_to": usage.period_to,
            "version": key.version,
            "usage_id": usage.usage_id,
            "row_version": 1,
            "energy_wh": usage.import_wh,
            "estimated": usage.estimated,
        },
    )
