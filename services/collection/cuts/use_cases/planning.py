"""Each morning the cuts of the day are planned: those whose customers were told in time, where nothing speaks against it."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.collection.cuts import domain
from services.collection.cuts.domain import Rules
from services.collection.cuts.use_cases import proposing
from services.collection.cuts.use_cases.ways import Facts, Ways, facts
from services.collection.ledger.store import accounts
from services.collection.supply import store as supply
from services.collection.supply.domain import ANNOUNCED, ARREARS, PLANNED
from services.collection.supply.store import Cut
from services.collection.supply.use_cases.orders import Orders, moved
from shared.db import jobs
from shared.db.engine import Tx, View

PER_CHUNK = 500  # one unit of work


async def chunks(view: View, ways: Ways, business_date: date) -> Sequence[str]:
    """Return the ranges of cuts (`first<TAB>last`) that wait for their day; raises `YearUnknown`."""
    rules = domain.rules_on(ways.rulebook, business_date)
    if rules is None:
        return []
    domain.why_not(rules, ways.calendar, business_date, "")
    numbers = [cut["cut_no"] for cut in await supply.in_states(view, (ANNOUNCED,), limit=supply.IN_FORCE_MAX)]
    return jobs.ranges(numbers, PER_CHUNK)


async def plan(tx: Tx, chunk: str, *, ways: Ways, business_date: date) -> dict[str, int]:
    """Plan the cuts of a chunk for a business date, tell of those again whose days have passed, and say why others wait."""
    first, last = jobs.bounds(chunk)
    rules = domain.rules_on(ways.rulebook, business_date)
    assert rules is not None, "there are chunks only where the policy cuts"
    seen = await supply.in_states(tx, (ANNOUNCED,), first=first, limit=PER_CHUNK)
    await accounts.lock_accounts(tx, sorted({cut["account_no"] for cut in seen}))
    numbers = [cut["cut_no"] for cut in seen if cut["cut_no"] <= last]
    cuts = [cut for cut in await supply.some(tx, numbers) if cut["state"] == ANNOUNCED]
    known = await facts(tx, cuts, tx.now, business_date)
    orders = Orders(tx)
    counts = {"planned": 0, "announced": 0, "waiting": 0, "withdrawn": 0}
    for cut in cuts:
        after = planned(tx, cut, rules, known, ways, business_date)
        if after is None:
            orders.release([cut], "protected")
            counts["withdrawn"] += 1
            continue
        counts[_what(cut, after)] += 1
        if after != cut:
            orders.put(after)
    await orders.write()
    return counts


def _what(cut: Cut, after: Cut) -> str:
    if after["state"] == PLANNED:
        return "planned"
    return "announced" if after["announcement"] > cut["announcement"] else "waiting"


def planned(tx: Tx, cut: Cut, rules: Rules, known: Facts, ways: Ways, day: date) -> Cut | None:
    """Return a cut as it is planned for a day, or why it waits; None where it is not to be any more.

    Who is prepaid was told before his cut was proposed, by a policy of its own: no days of notice count.
    """
    since, until = domain.hours(rules, day, ways.zone)
    stops = known.stops(cut, since, until)
    if stops == "protected":
        return None
    of_class = known.classes.get(cut["account_no"], "")
    of_arrears = cut["cause"] == ARREARS
    where = domain.when(rules, rules.notice(of_class), cut["told_on"], day) if of_arrears else ""
    if where == "too_late" and stops != "held":
        return proposing.announced(tx, moved(cut, "announce_again"), ways, dict(known.classes), dict(known.marks), day)
    code = where or stops or domain.why_not(rules, ways.calendar, day, of_class)
    start = max(since, tx.now + timedelta(minutes=rules.imminent_minutes))
    if not code and start >= until:
        code = "hours_over"
    if code:
        return {**cut, "code": code}
    due_at = start - timedelta(minutes=rules.imminent_minutes)
    return moved(cut, "plan", code="", cut_at=start, expires_at=until, due_at=due_at)
