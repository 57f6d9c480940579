"""What has its instant within a day: the customer is told again, then the order goes out; what is held by then is called back."""

from datetime import datetime, timedelta

from services.collection.cuts import domain
from services.collection.cuts.use_cases.ways import Ways, facts
from services.collection.ledger.store import accounts
from services.collection.supply import store as supply
from services.collection.supply.domain import IMMINENT, ORDERED, PLANNED
from services.collection.supply.store import Cut
from services.collection.supply.use_cases.orders import NOTHING_DUE, Orders, moved
from shared import natural
from shared.db.engine import Database, Tx, View
from shared.events.cuts import CutImminent

AT_ONCE = 200  # cuts of one turn: one unit of work, under a second
_STOPPING = (PLANNED, IMMINENT, ORDERED)


async def turn(database: Database, ways: Ways) -> int:
    """Do what is due by now, and return of how many cuts; each once, whoever else is at it."""
    now = database.clock.now()
    async with database.view() as view:
        found = await _found(view, now, ways)
    if not found:
        return 0
    async with database.begin() as tx:
        await accounts.lock_accounts(tx, sorted({cut["account_no"] for cut in found}))
        cuts = [cut for cut in await supply.some(tx, [cut["cut_no"] for cut in found]) if cut["state"] in _STOPPING]
        known = await facts(tx, cuts, tx.now, ways.day(tx.now))
        orders = Orders(tx)
        for cut in cuts:
            code = known.stops(cut, tx.now, cut["expires_at"] or tx.now + timedelta(minutes=1))
            if code == "banned":
                if cut["state"] != ORDERED:
                    orders.put(moved(cut, "put_off", code=code, **NOTHING_DUE))
            elif code:
                orders.release([cut], "protected" if code == "protected" else "held")
            elif cut["due_at"] is not None and cut["due_at"] <= tx.now:
                orders.put(_next(tx, orders, cut, ways))
        return len(await orders.write())


async def _found(view: View, now: datetime, ways: Ways) -> list[Cut]:
    """Return the cuts that are due, and those of which nothing is owed any more that is not held."""
    due = await supply.due(view, now, AT_ONCE)
    going = await supply.in_states(view, _STOPPING, limit=AT_ONCE)
    known = await facts(view, going, now, ways.day(now))
    stopped = [cut for cut in going if known.stops(cut, now, cut["expires_at"] or now + timedelta(minutes=1))]
    return list({cut["cut_no"]: cut for cut in [*due, *stopped]}.values())


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
