"""What has its instant within a day: the customer is told again, then the order goes out; what is held is called back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from services.collection.cuts import domain
from services.collection.cuts.use_cases import prepaying
from services.collection.cuts.use_cases.ways import Ways, facts
from services.collection.ledger.store import accounts
from services.collection.supply import store as supply
from services.collection.supply.domain import CUT, IMMINENT, ORDERED, PLANNED
from services.collection.supply.store import Cut
from services.collection.supply.use_cases.orders import NOTHING_DUE, Orders, moved
from shared import natural
from shared.db.engine import Database, Tx, View
from shared.events.cuts import CutImminent

AT_ONCE = 200  # cuts of one turn: one unit of work, under a second; there is another turn at once
_GOING = (PLANNED, IMMINENT, ORDERED, CUT)
_DONE = (ORDERED, CUT)


async def turn(database: Database, ways: Ways) -> int:
    """Do what is due by now, and return of how many cuts; each once, whoever else is at it."""
    return await _go_on(database, ways) + await prepaying.turn(database, ways)


async def _go_on(database: Database, ways: Ways) -> int:
    async with database.view() as view:
        going = await supply.in_states(view, _GOING, limit=supply.IN_FORCE_MAX)
        found = list(await _steps(view, going, database.clock.now(), ways))[:AT_ONCE]
    if not found:
        return 0
    async with database.begin() as tx:
        await accounts.lock_accounts(tx, sorted({cut["account_no"] for cut in going if cut["cut_no"] in found}))
        cuts = {cut["cut_no"]: cut for cut in await supply.some(tx, found) if cut["state"] in _GOING}
        orders = Orders(tx)
        for cut_no, step in (await _steps(tx, list(cuts.values()), tx.now, ways)).items():
            cut = cuts[cut_no]
            if step == "next":
                orders.put(_next(tx, orders, cut, ways))
            elif step == "banned":
                orders.put(moved(cut, "put_off", code=step, **NOTHING_DUE))
            else:
                orders.release([cut], step)
        return len(await orders.write())


Step = Literal["next", "banned", "held", "protected"]


async def _steps(view: View, cuts: Sequence[Cut], now: datetime, ways: Ways) -> dict[str, Step]:
    """Return what is to be done of cuts that are going, by number: the next thing, or what stops them.

    A ban stops no order that is out: what is called back, or restored, is what nobody may be cut for any more. Who holds a debt
    or marks a point holds no lock of ours: what came about meanwhile is seen on the next turn, also of what is cut by then.
    """
    if not cuts:
        return {}
    known = await facts(view, cuts, now, ways.day(now))
    found: dict[str, Step] = {}
    for cut in cuts:
        stopped = known.stops(cut, now, cut["expires_at"] or now + timedelta(minutes=1))
        if stopped and not (stopped == "banned" and cut["state"] in _DONE):
            found[cut["cut_no"]] = stopped
        elif not stopped and cut["due_at"] is not None and cut["due_at"] <= now:
            found[cut["cut_no"]] = "next"
    return found


def _next(tx: Tx, orders: Orders, cut: Cut, ways: Ways) -> Cut:
    """Tell that a planned cut is imminent, or order one that was told; too late for its hours it waits for another day."""
    rules = domain.rules_on(ways.rulebook, ways.day(tx.now))
    wait = timedelta(minutes=rules.imminent_minutes if rules else 0)
    starts = tx.now + wait if cut["state"] == PLANNED else tx.now
    if rules is None or cut["expires_at"] is None or starts >= cut["expires_at"]:
        return moved(cut, "put_off", code="hours_over", **NOTHING_DUE)
    if cut["state"] == PLANNED:
        starts = max(starts, cut["cut_at"])
        tx.publish([_imminent(tx, cut, starts, ways)])
        return moved(cut, "tell", cut_at=starts, due_at=starts)
    after = orders.ask(cut, "cut", not_before=tx.now, expires_at=cut["expires_at"])
    return moved(after, "order", due_at=None)


def _imminent(tx: Tx, cut: Cut, starts: datetime, ways: Ways) -> CutImminent:
    day = ways.day(tx.now)
    names = ("account_no", "cut_no", "service_point_no", "org_unit", "outstanding_fen")
    return CutImminent(
        **{name: cut[name] for name in names},
        imminent_id=natural.key_id(day, "cut imminent", cut["cut_no"], cut["announcement"], day),
        not_before=starts,
        told_on=day,
        causation_id=cut["cut_no"],
    )
