"""Orders whose time has come: sent to the head-end, given to a person, ended; and what becomes of each call.

The row says that a call is under way before it is made. Who dies in between leaves a row whose lease ends: then the head-end is
asked by our number before anything is sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.store import rolling_out
from services.reading.policies.domain import Policies
from services.reading.policies.domain.supply import SupplyRules
from services.reading.supply import domain, store
from services.reading.supply.domain import (
    HEAD_END,
    NO_METER,
    PERSON,
    UNKNOWN_POINT,
    WAITING,
    Answer,
    Asked,
    Order,
    Said,
)
from services.reading.supply.use_cases import facts, locking
from shared.db.engine import Tx

LOOKED_AT_MAX = 200  # rows of one look: what needs no call, such as what expires, must not wait for calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By which orders are carried out. `lease`: how long a call may be under way; `head_end`: whether there is one."""

    policies: Policies
    zone: ZoneInfo
    lease: timedelta
    head_end: bool

    def on(self, now: datetime) -> SupplyRules:
        """Return the rules of the policy of an instant."""
        return self.policies.on_or_first(calendar.local_day(now, self.zone)).supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that is to be made: an order is sent, or asked for. Not any more from `until` on: it is somebody else's then."""

    kind: Literal["send", "ask"]
    asked: Asked
    claim: int
    until: datetime


async def take(tx: Tx, *, rules: Rules, calls_max: int) -> list[Call]:
    """Take the orders that are due, and return the calls to make, at most `calls_max`; what needs none is done here."""
    due = await store.due(tx, tx.now, LOOKED_AT_MAX)
    if not due:
        return []
    points = sorted({point for _, point in due})
    known = await locking.hold(tx, points)
    wanted = {number for number, _ in due}
    orders = await store.lock_unfinished_at(tx, points)
    types = await rolling_out.types_at(tx, points, calendar.local_day(tx.now, rules.zone))
    flying: dict[str, list[Order]] = {}
    for order in orders:
        if order.in_flight:
            flying.setdefault(order.point, []).append(order)
    taker = _Taker(now=tx.now, rules=rules, types=types, known=known, flying=flying, left=calls_max)
    place = {number: n for n, (number, _) in enumerate(due)}
    mine = [each for each in orders if each.order_no in wanted and each.due_at is not None and each.due_at <= tx.now]
    before, now, calls = list[Order](), list[Order](), list[Call]()
    for order in sorted(mine, key=lambda each: place[each.order_no]):
        after, call = taker.look(order)
        if call is not None:
            calls.append(call)
        if after != order:
            before.append(order)
            now.append(after)
    await store.write(tx, now)
    facts.tell(tx, before, now)
    return calls


@dataclass(kw_only=True)
class _Taker:
    now: datetime
    rules: Rules
    types: dict[str, str | None]
    known: frozenset[str]
    flying: dict[str, list[Order]]
    left: int

    def look(self, order: Order) -> tuple[Order, Call | None]:
        """Return an order as it is now, and the call that it needs."""
        if order.in_flight:
            return self._call(order, "ask") if self.rules.head_end else (order, None)
        if self.now >= order.asked.expires_at:
            return domain.expire(order, self.now), None
        if order.way is None:
            order = self._on_its_way(order)
        if order.state != WAITING or order.way == PERSON:
            return order, None
        for before in self.flying.get(order.point, ()):
            held = domain.hold(order, before, self.now, self.rules.on(self.now))
            if held is not None:
                return held, None
        return self._call(order, "send") if self.rules.head_end else (domain.by_hand(order), None)

    def _on_its_way(self, order: Order) -> Order:
        if order.point not in self.known:
            return domain.fail(order, UNKNOWN_POINT, self.now)
        if order.point not in self.types:
            return domain.fail(order, NO_METER, self.now)
        switched = self.types[order.point] in self.rules.on(self.now).switch_types
        return replace(order, way=HEAD_END) if switched and self.rules.head_end else domain.by_hand(order)

    def _call(self, order: Order, kind: Literal["send", "ask"]) -> tuple[Order, Call | None]:
        if not self.left:
            return order, None
        self.left -= 1
        begin = domain.send if kind == "send" else domain.ask
        after = begin(order, self.now, self.rules.lease)
        if kind == "send":
            self.flying.setdefault(order.point, []).append(after)
        assert after.due_at is not None
        return after, Call(kind=kind, asked=order.asked, claim=after.claims, until=after.due_at)


async def settle(tx: Tx, answers: Sequence[tuple[Call, Answer]], rules: Rules) -> int:
    """Store what became of calls; return how many of them were somebody else's by then, and say nothing new.

    That an order was carried out, or is refused, counts whoever says it.
    """
    if not answers:
        return 0
    locked = await locking.orders(tx, sorted({call.asked.order_no for call, _ in answers}))
    overtaken = 0
    before, now = list[Order](), list[Order]()
    for call, answer in answers:
        order = locked[call.asked.order_no]
        after = _answered(order, call, answer, tx.now, rules)
        if after is None:
            overtaken += 1
            continue
        before.append(order)
        now.append(after)
    await store.write(tx, now)
    facts.tell(tx, before, now)
    return overtaken


def _answered(order: Order, call: Call, answer: Answer, now: datetime, rules: Rules) -> Order | None:
    policy = rules.on(now)
    if answer.result == "done":
        if order.state == domain.DONE:
            return None
        at = answer.switched_at or now
        if at <= now + domain.CLOCKS_APART:
            on = calendar.local_day(at, rules.zone)
            return domain.switch(order, at, on, Said(by=HEAD_END, reported_by=HEAD_END), now)
        answer = Answer(result="in_doubt", code="call.in_the_future")
    if not order.in_flight:
        return None
    if answer.result in ("refused", "failed"):
        code = domain.REFUSED if answer.result == "refused" else domain.HEAD_END_FAILED
        return domain.fail(order, code, now, detail=answer.code)
    if order.claims != call.claim:
        return None
    if answer.result == "accepted":
        return domain.accept(order, now, policy)
    if answer.result == "never_had" or (answer.result == "not_sent" and call.kind == "send"):
        return domain.come_back(order, now, policy, code=answer.code)
    return domain.doubt(order, answer.code, now, policy)
