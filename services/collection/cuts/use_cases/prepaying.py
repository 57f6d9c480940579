"""Who is prepaid and has nothing left is cut: told before, proposed by the service, approved by a person, planned by the day."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from services.collection.cuts import domain, store
from services.collection.cuts.use_cases import planning
from services.collection.cuts.use_cases.ways import Ways, facts
from services.collection.dunning.store.holds import wholly
from services.collection.ledger.domain.policy import APPROVALS, CUTTING
from services.collection.ledger.store import accounts
from services.collection.prepaid import domain as prepaid
from services.collection.prepaid import store as prepaid_store
from services.collection.prepaid.store import Account
from services.collection.supply import store as supply
from services.collection.supply.domain import ANNOUNCED, ENDED, LIFE, PREPAID, PROPOSED
from services.collection.supply.store import Cut
from services.collection.supply.use_cases.orders import NOTHING_DUE, Orders
from shared import approvals, natural
from shared.approvals import Asking
from shared.db.audit import AuditEntry
from shared.db.engine import Database, Tx

CAUSE: Final = "nothing_prepaid"
"""The kind of cause by which notify names what tells that nothing is left."""
BY: Final = "system:prepaid"
WHY: Final = "nothing is left of what was paid in, and the customer was told"
PER_TURN: Final = 200  # one unit of work, under a second
AGAIN: Final = timedelta(minutes=15)  # what keeps a cut from being proposed ends without a word: it is looked at again


async def told(tx: Tx, proofs: Iterable[tuple[str, datetime]], ways: Ways) -> None:
    """Note when customers were told that nothing is left, as (id, instant): the first time counts, others are of before."""
    at: dict[str, datetime] = {}
    for announcement_id, instant in proofs:
        at[announcement_id] = min(instant, at.get(announcement_id, instant))
    seen = await prepaid_store.of_announcements(tx, sorted(at))
    if not seen:
        return
    await accounts.lock_accounts(tx, sorted({row["account_no"] for row in seen}))
    rules = prepaid.rules_on(ways.prepaid, ways.day(tx.now))
    changed = []
    for row in await prepaid_store.of_announcements(tx, sorted(at)):
        after = prepaid.told(rules, prepaid_store.standing(row), at[row["announcement_id"]])
        changed.append({**row, "told_at": after.told_at, "propose_at": after.propose_at})
    await prepaid_store.write(tx, changed)


async def turn(database: Database, ways: Ways) -> int:
    """Propose what is to be proposed by now, and plan what was approved; return how many cuts changed."""
    async with database.view() as view:
        due = await prepaid_store.to_propose(view, database.clock.now(), PER_TURN)
        waiting = [cut for cut in await supply.in_states(view, (ANNOUNCED,), limit=supply.IN_FORCE_MAX) if _is_own(cut)]
    done = 0
    if due:
        async with database.begin() as tx:
            done += await propose(tx, due, ways)
    if waiting:
        async with database.begin() as tx:
            done += await _plan(tx, waiting[:PER_TURN], ways)
    return done


def _is_own(cut: Cut) -> bool:
    return bool(cut["cause"] == PREPAID)


async def propose(tx: Tx, account_nos: list[str], ways: Ways) -> int:
    """Propose to cut the prepaid supplies of accounts whose time has come; a person approves each. Say why others wait."""
    await accounts.lock_accounts(tx, account_nos)
    rows = [row for row in await prepaid_store.accounts(tx, account_nos) if _is_due(row, tx.now)]
    numbers = [row["account_no"] for row in rows]
    today = ways.day(tx.now)
    estimates = await prepaid_store.estimates(tx, numbers)
    points = {
        no: [each.service_point_no for each in own if each.mode == PREPAID and each.amount_fen >= 0]
        for no, own in estimates.items()
    }
    every = sorted({point for own in points.values() for point in own})
    marks, known = await store.marks(tx, every, today), await supply.at_points(tx, every)
    held = await wholly(tx, numbers, today)
    allowed = domain.rules_on(ways.rulebook, today) is not None
    cuts: list[Cut] = []
    changed: list[Account] = []
    for row in rows:
        mine = points.get(row["account_no"], [])
        code = _why_not(row, mine, marks, known, is_held=row["account_no"] in held, is_allowed=allowed)
        changed.append({**row, "code": code, "propose_at": tx.now + AGAIN if code else None})
        if not code:
            cuts += [_row(tx, row, point, known, ways) for point in sorted(set(mine))]
    await prepaid_store.write(tx, changed)
    await _ask(tx, cuts, ways)
    return len(cuts)


def _is_due(row: Account, now: datetime) -> bool:
    return row["overdrawn_on"] is not None and row["propose_at"] is not None and row["propose_at"] <= now


def _why_not(
    row: Account,
    points: list[str],
    marks: Mapping[str, set[str]],
    known: list[Cut],
    *,
    is_held: bool,
    is_allowed: bool,
) -> str:
    """Return the code of what keeps a cut from being proposed, or nothing."""
    if not is_allowed:
        return "no_rules"
    if row["doubt"] in (prepaid.WANTED, prepaid.WRONG):
        return "recheck"
    if is_held:
        return "held"
    if any(domain.protects(marks.get(point, ())) for point in points):
        return "protected"
    if any(cut["state"] != ENDED and cut["service_point_no"] in points for cut in known):
        return "under_way"
    return "" if points else "no_point"


def _row(tx: Tx, row: Account, point: str, known: list[Cut], ways: Ways) -> Cut:
    at_point = [cut for cut in known if cut["service_point_no"] == point]
    day = ways.day(tx.now)
    return {
        **NOTHING_DUE,
        "cut_no": natural.key_id(day, "cut", row["account_no"], point, len(at_point)),
        "account_no": row["account_no"],
        "case_no": "",
        "service_point_no": point,
        "org_unit": row["org_unit"],
        "state": LIFE.start(PROPOSED),
        "code": "",
        "cause": PREPAID,
        "outstanding_fen": max(1, row["below_fen"] - row["available_fen"]),
        "due_on": row["overdrawn_on"],
        "proposed_on": day,
        "proposed_by": BY,
        "approved_by": None,
        "announcement": 1,
        "announcement_id": row["announcement_id"],
        "announced_on": ways.day(row["told_at"]),
        "told_on": ways.day(row["told_at"]),
        "order_no": "",
        "orders": 0,
        "sequence": max((cut["sequence"] for cut in at_point), default=0),
        "switched_at": None,
        "restore_by": None,
        "restored_at": None,
    }


async def _ask(tx: Tx, cuts: list[Cut], ways: Ways) -> None:
    if not cuts:
        return
    await supply.add_prepaid(tx, cuts)
    today = ways.day(tx.now)
    asked = [_asking(cut, ways.second(CUTTING, today, cut["outstanding_fen"])) for cut in cuts]
    await approvals.ask_all(tx, CUTTING, asked)
    tx.audit(
        [
            AuditEntry(action="cut.propose", entity_kind="cut", entity_id=cut["cut_no"], actor=BY, reason=WHY)
            for cut in cuts
        ]
    )


def _asking(cut: Cut, second: str | None) -> Asking:
    content: dict[str, Any] = {
        name: cut[name] for name in ("account_no", "service_point_no", "outstanding_fen", "cause")
    }
    return Asking(
        subject_id=cut["cut_no"],
        content=content | {"due_on": str(cut["due_on"])},
        org_unit=cut["org_unit"],
        requested_by=BY,
        reason=WHY,
        second=second or APPROVALS[CUTTING],
    )


async def _plan(tx: Tx, waiting: list[Cut], ways: Ways) -> int:
    """Plan approved cuts for today where nothing speaks against it, and say why others wait; return how many changed."""
    day = ways.day(tx.now)
    rules = domain.rules_on(ways.rulebook, day)
    if rules is None:
        return 0
    await accounts.lock_accounts(tx, sorted({cut["account_no"] for cut in waiting}))
    cuts = [cut for cut in await supply.some(tx, [cut["cut_no"] for cut in waiting]) if cut["state"] == ANNOUNCED]
    known = await facts(tx, cuts, tx.now, day)
    orders = Orders(tx)
    for cut in cuts:
        after = planning.planned(tx, cut, rules, known, ways, day)
        if after is None:
            orders.release([cut], "protected")
        elif after != cut:
            orders.put(after)
    return len(await orders.write())
