"""A head-end that cuts and restores supply, over real HTTP: obedient, or as a test wants it."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.reading.supply.sender import SupplySender
from shared import webhooks
from shared.events.supply import SupplyOrderRequested, SupplyOrderWithdrawn
from shared.service import Service
from tests.kits import gateways
from tests.kits.gateways import Asked, Reply

NOW = datetime(2026, 11, 15, 4, tzinfo=UTC)
SECRET = "whsec_" + "c3VwcGx5IHN1cHBseSBzdXBwbHkgc3VwcGx5"


@dataclass
class HeadEnd:
    """Takes each order once, under its number, and carries out the highest sequence of a point alone.

    `plans`: by order what is done with each call of it, one after the other; then `done`:
    `done`, `accept` (done later: `finish`), `refuse`, `fail`, `drop` (done, and hangs up), `lose` (hangs up before it was taken),
    `silent` (done, and says nothing), `mute` (says nothing of a question), `slow`, `forget` (accepts and forgets),
    `huge`, `nonsense`, `late` (done in the future), or a number: a status of HTTP.
    """

    plans: dict[str, list[str]] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    carried_out: list[tuple[str, str, str]] = field(default_factory=list)  # order, point, action
    sequences: dict[str, int] = field(default_factory=dict)
    turned_away: set[str] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    at: datetime = NOW
    web: gateways.Web = field(default_factory=gateways.Web)

    def __call__(self, asked: Asked) -> Reply:
        number = asked.json["order_no"] if asked.method == "POST" else asked.path.rpartition("/")[2]
        self._prove(asked, number)
        if asked.method == "GET":
            self.asked[number] += 1
            self.calls.append(("ask", number))
            return self._said(number, self._next(number) if self._plans(number, "mute") else "")
        assert asked.headers["idempotency-key"] == number
        self.sent[number] += 1
        self.calls.append(("send", number))
        return self._take(asked.json, self._next(number))

    def _prove(self, asked: Asked, number: str) -> None:
        key = webhooks.key_of(SECRET)
        timestamp = asked.headers["webhook-timestamp"]
        assert asked.headers["webhook-id"] == number
        assert asked.headers["webhook-signature"] == webhooks.signatures([key], number, timestamp, asked.body)

    def _plans(self, number: str, what: str) -> bool:
        return (self.plans.get(number) or [""])[0] == what

    def _next(self, number: str) -> str:
        planned = self.plans.get(number)
        return planned.pop(0) if planned else "done"

    def _take(self, order: dict[str, Any], plan: str) -> Reply:
        number = order["order_no"]
        if plan == "lose":
            return Reply(fault="drop")
        if plan.isdigit():
            self.turned_away |= {number} if plan == "429" else set()
            return Reply(int(plan), {"title": "no"})
        if number not in self.states:
            self._begin(order, plan)
        if plan in ("drop", "silent", "slow"):
            return Reply(fault=plan)
        if plan == "huge":
            return Reply(200, b"x" * 200_000)
        if plan == "nonsense":
            return Reply(200, {"order_no": "another", "state": "done"})
        reply = self._said(number, plan)
        if plan == "forget":
            del self.states[number]
        return reply

    def _begin(self, order: dict[str, Any], plan: str) -> None:
        number, point = order["order_no"], order["service_point_no"]
        if plan in ("refuse", "fail"):
            state = {"refuse": "refused", "fail": "failed"}[plan]
            self.states[number] = {"state": state, "code": "meter_not_reached"}
        elif self.sequences.get(point, 0) > order["sequence"]:
            self.states[number] = {"state": "refused", "code": "superseded"}
        elif plan in ("accept", "forget"):
            self.states[number] = {"state": "accepted", "order": order}
        else:
            self._carry_out(order)

    def _carry_out(self, order: dict[str, Any]) -> None:
        number, point = order["order_no"], order["service_point_no"]
        assert number not in [done for done, _, _ in self.carried_out]
        self.sequences[point] = max(order["sequence"], self.sequences.get(point, 0))
        self.carried_out.append((number, point, order["action"]))
        self.states[number] = {"state": "done", "switched_at": self.at.isoformat()}

    def finish(self, number: str) -> dict[str, Any]:
        """Carry out an order that was accepted, and return what the head-end tells of it."""
        state = self.states[number]
        if state["state"] == "accepted":
            self._carry_out(state["order"])
        return {"order_no": number, **{k: v for k, v in self.states[number].items() if k != "order"}}

    def _said(self, number: str, plan: str) -> Reply:
        if plan == "mute":
            return Reply(fault="silent")
        found = self.states.get(number)
        if found is None:
            return Reply(404, {"order_no": number, "state": "unknown"})
        said = {"order_no": number, **{name: value for name, value in found.items() if name != "order"}}
        if plan == "late":
            said["switched_at"] = "2099-01-01T00:00:00Z"
        return Reply(202 if said["state"] == "accepted" else 200, said)


@asynccontextmanager
async def serving(head_end: HeadEnd | None = None) -> AsyncIterator[HeadEnd]:
    """Serve a head-end on a port of this machine."""
    head_end = head_end or HeadEnd()
    async with gateways.serving(head_end) as web:
        head_end.web = web
        yield head_end


def environment(head_end: HeadEnd, **more: str) -> dict[str, str]:
    """Return the settings of a reading service that calls a head-end."""
    return {
        "WATTLINE_SUPPLY_URL": head_end.web.url,
        "WATTLINE_SUPPLY_SECRET": SECRET,
        "WATTLINE_SUPPLY_TIMEOUT_SECONDS": "0.5",
        "WATTLINE_SUPPLY_LEASE_SECONDS": "60",
    } | more


def callback(said: dict[str, Any]) -> bytes:
    """Return what a head-end posts of an order."""
    return json.dumps(said).encode()


def sender_of(service: Service) -> SupplySender:
    """Return the loop of a service that carries orders out, to be driven by hand."""
    loops = [getattr(each, "__self__", None) for each in service.background]
    (sender,) = [each for each in loops if isinstance(each, SupplySender)]
    return sender


def asked(number: str, action: str = "cut", sequence: int = 1, **more: Any) -> SupplyOrderRequested:
    """Return an order that collection asks for."""
    values: dict[str, Any] = {
        "order_no": number,
        "account_no": "A1",
        "service_point_no": "S0001",
        "org_unit": "zj/hangzhou",
        "action": action,
        "not_before": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(days=2),
        "sequence": sequence,
        "reason": "arrears" if action == "cut" else "settled",
        "asked_on": date(2026, 11, 14),
    }
    return SupplyOrderRequested(**values | more)


def withdrawn(number: str, **more: Any) -> SupplyOrderWithdrawn:
    """Return that an order is not needed any more."""
    values: dict[str, Any] = {
        "order_no": number,
        "account_no": "A1",
        "service_point_no": "S0001",
        "org_unit": "zj/hangzhou",
        "reason": "settled",
        "withdrawn_at": NOW,
    }
    return SupplyOrderWithdrawn(**values | more)
