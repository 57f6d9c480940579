"""A town of four services as who calls it sees it, under rules by which nobody has to decide on a bill."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from services.billing.bills.domain.policy import PROPOSE, STYLES
from services.billing.settings import DEFAULT_POLICY
from services.command import local, reconcile
from services.command.local import SCOPES
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.ports import EventLog
from shared.settings import SERVICES
from shared.wake import Wake
from tests.kits import verdicts
from tests.kits.town import NO_ENVIRONMENT, Town, town
from tests.kits.traffic import Traffic

NO_RULES = dict.fromkeys(("implausible_home", "first_bill", "changed_supply", "drawn_sample"), "off")
"""Review rules by which somebody would have to decide on a bill."""
POLICY = "billing.json"
PAUSE_SECONDS, QUIET_SECONDS_MAX = 0.01, 120
TO_BE_DONE = ("wattline_journal_pending", "wattline_notices_queued", 'wattline_dead_letters{state="ready"}')
TAKEN = ("done", "accepted", "already_done", "already_accepted", "waiting", "awaiting_approval")


class Line:
    """The four services as they are called."""

    def __init__(self, where: Town, traffic: Traffic) -> None:
        self.town = where
        self._traffic = traffic
        self.clients = {
            name: httpx.AsyncClient(transport=where.houses[name], base_url=f"http://{name}") for name in SERVICES
        }
        self.tokens = {
            who: local.mint(where.settings["reading"], subject=who, scopes=SCOPES, seconds=3600)
            for who in ("clerk", "reviewer", "second-reviewer")
        }

    async def call(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        *,
        who: str = "clerk",
        seen: int | None = None,
        key: str = "",
    ) -> Any:
        content = None if body is None else orjson.dumps(body)
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        answer = await self.clients[service].request(method, path, content=content, headers=headers)
        assert answer.is_success, f"{method} {path} {body}: {answer.status_code} {answer.text}"
        found = answer.json()
        for outcome in found.get("outcomes", []) if isinstance(found, dict) else []:
            assert outcome["status"] in TAKEN, (path, outcome)
        return found

    async def decide(self, bill: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        """Decide on a bill as a reviewer, who finds its findings right; where it takes two people, another one approves that."""
        path = f"/v1/bills/{bill['bill_id']}/decisions"
        proposed = await self.items("billing", "/v1/bills?status=proposed") if bill["status"] == "proposed" else []
        together = [bill, *(each for each in proposed if each["contract_no"] == bill["contract_no"])]
        body = {**body, "verdicts": verdicts.on(*together)}
        await self.approve(await self.call("POST", "billing", path, body, who="reviewer", seen=bill["row_version"]))

    async def approve(self, found: Mapping[str, Any], service: str = "billing") -> None:
        """Approve as a second person what an answer of a service says was asked for, if anything."""
        awaiting = {each["id"] for each in found.get("outcomes", ()) if each["status"] == "awaiting_approval"}
        pending = await self.items(service, "/v1/approvals?state=pending") if awaiting else []
        for one in [found] if "approval_id" in found else [each for each in pending if each["approval_id"] in awaiting]:
            asked = {name: one[name] for name in ("approval_id", "content_hash")}
            seen = {"decision": "approve", "explanation": "seen by a second one", "items": [asked]}
            await self.call("POST", service, "/v1/approvals/decisions", seen, who="second-reviewer")

    async def items(self, service: str, path: str) -> list[dict[str, Any]]:
        found = await self.call("GET", service, f"{path}{'&' if '?' in path else '?'}limit=500")
        items: list[dict[str, Any]] = found["items"]
        return items

    async def quiet(self) -> None:
        """Wait until no service has anything left to tell or to hear."""
        async with asyncio.timeout(QUIET_SECONDS_MAX):
            while not await self._is_quiet():  # noqa: ASYNC110 - journals say so to who asks
                await asyncio.sleep(PAUSE_SECONDS)

    async def _is_quiet(self) -> bool:
        """Return whether nothing was under way when this was called: nothing was sent meanwhile, and nothing was to be sent."""
        sent = self._traffic.sent
        if not self._is_idle() or not all([await self._has_done(name) for name in SERVICES]):
            return False
        return self._is_idle() and self._traffic.sent == sent

    def _is_idle(self) -> bool:
        issuer: Wake = self.town.houses["billing"].service.app.state.context.wake
        return self._traffic.is_heard() and issuer.idle

    async def _has_done(self, name: str) -> bool:
        answer = await self.clients[name].get("/metrics")
        told = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if line[:1] != "#")
        return not any(float(told.get(gauge, 0)) for gauge in TO_BE_DONE)

    async def agrees(self, cycles: Iterable[str]) -> None:
        """Assert that the control totals of all services agree in these cycles, and the books of collection with themselves."""
        wrong = [(cycle, one) for cycle, one in await self.compared(cycles) if not one.agrees]
        assert not wrong, wrong
        assert (await self.call("GET", "collection", "/v1/invariants"))["holds"]

    async def compared(self, cycles: Iterable[str]) -> list[tuple[str, reconcile.Result]]:
        """Return each rule of `wattline reconcile` with its two numbers, by cycle."""
        found = []
        for cycle in cycles:
            path = f"/v1/control-totals?cycle={cycle}"
            totals = {name: await self.call("GET", name, path) for name in SERVICES}
            found += [(cycle, result) for result in reconcile.compare(totals)]
        return found


@asynccontextmanager
async def line(
    work: Path,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
    *,
    style: str = STYLES[0],
    changed_facts: str = PROPOSE,
    by_calendar: bool = True,
    by_two: Sequence[str] = (),
    unexplained: str = "off",
    review: Mapping[str, Any] = NO_RULES,
    event_log: EventLog | None = None,
) -> AsyncIterator[Line]:
    """Give a town with empty books, which corrects in this style and by this rule, and the way to it.

    `by_two`: what two people do there whatever its amount. `unexplained`: whether runs wait for reasons. `review`: its review
    rules that are not as shipped.
    """
    _write_policy(work, {"style": style, "changed_facts": changed_facts}, by_calendar, by_two, unexplained, review)
    own = {"WATTLINE_BILLING_POLICY": str(work / POLICY)}
    traffic = Traffic(event_log or EmbeddedEventLog(work / "events.db"))
    async with town(work, environment=own | environment, event_log=traffic) as where:
        yield Line(where, traffic)


def _write_policy(
    work: Path,
    corrections: Mapping[str, str],
    by_calendar: bool,
    by_two: Sequence[str],
    unexplained: str,
    review: Mapping[str, Any],
) -> None:
    work.mkdir(exist_ok=True)
    policy = json.loads(DEFAULT_POLICY.read_text())
    policy["versions"][0]["review"] |= review
    policy["versions"][0]["run"] = {
        "sum_change_percent": 100_000,
        "unread": {"percent": 100, "over_points": 0},
        "unexplained": unexplained,
        "after_change": "off",
    }
    policy["versions"][0]["corrections"] |= {**corrections, "hold_on": ["billing.not_rated"]}
    for kind in by_two:
        del policy["versions"][0]["approvals"][kind]
    if not by_calendar:  # years for which there is none
        policy["versions"][0]["release"] = {"*": {"mode": "automatic", "issue_after_days": 0, "due_days": 20}}
    (work / POLICY).write_text(json.dumps(policy))
