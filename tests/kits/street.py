"""A few supplies on one line of four services, lived through over REST: set up, read month by month, visited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.command import local
from services.command.local import SCOPES
from tests.kits import billing
from tests.kits.calls import Line
from tests.kits.parties import person

UNIT = "zj/hangzhou"
ZONE = "+08:00"


@dataclass(frozen=True)
class Place:
    """A supply: its account, its contract `C-…`, its meter `M-…` with the registers of `opening`, the address of its customer.

    `of_contract` and `of_facts`: what these have besides.
    """

    name: str
    tariff: str
    customer_class: str = "residential"
    route_no: str = "R1"
    org_unit: str = UNIT
    opening: Mapping[str, str] = field(default_factory=lambda: {"import": "100.00"})
    of_contract: Mapping[str, Any] = field(default_factory=dict)
    of_facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def account_no(self) -> str:
        return self.name

    @property
    def meter_no(self) -> str:
        return f"M-{self.name}"

    @property
    def address(self) -> str:
        return f"{self.name}@example.org"

    def account(self, since: str) -> dict[str, Any]:
        contract = {"contract_no": f"C-{self.name}", "service_point_no": self.name, "from": since}
        tariffs = [{"from": since, "tariff": self.tariff}]
        return {
            "account_no": self.account_no,
            "org_unit": self.org_unit,
            "opened_on": since,
            "facts": [{"from": since, "customer_class": self.customer_class, **self.of_facts}],
            "contracts": [{**contract, "tariffs": tariffs, **self.of_contract}],
        }

    def person(self, since: str) -> dict[str, Any]:
        return person(f"P-{self.name}", self.account_no, self.org_unit, self.address, since=since)


def lets_in(line: Line, *people: str) -> None:
    """Give people a token each."""
    for who in people:
        line.tokens[who] = local.mint(line.town.settings["reading"], subject=who, scopes=SCOPES, seconds=3600)


async def settle(line: Line, places: Sequence[Place], since: str, *tariffs: dict[str, Any]) -> None:
    """Activate tariffs, and set up supplies with their meters, accounts and customers from a day on."""
    for tariff in tariffs:
        await line.approve(await line.call("PUT", "billing", billing.path_of(tariff), tariff))
    routes = {place.route_no: place.org_unit for place in places}
    for path, items in (
        ("routes", [{"route_no": no, "org_unit": unit, "read_day": 1} for no, unit in routes.items()]),
        ("service-points", [{"service_point_no": each.name, "route_no": each.route_no} for each in places]),
        ("meters", [_meter(each) for each in places]),
        ("installations", [_installed(each, since) for each in places]),
    ):
        await line.call("PUT", "reading", f"/v1/{path}", {"items": items})
    await line.call("PUT", "billing", "/v1/accounts", {"items": [each.account(since) for each in places]})
    await line.call("PUT", "notify", "/v1/parties", {"items": [each.person(since) for each in places]})
    await line.quiet()


def _meter(place: Place) -> dict[str, Any]:
    registers = [{"quantity": quantity, "digits": 6, "scale": 2} for quantity in place.opening]
    return {"meter_no": place.meter_no, "org_unit": place.org_unit, "registers": registers}


def _installed(place: Place, since: str) -> dict[str, Any]:
    installed = {"installed_on": since, "unit": "kWh", "opening": dict(place.opening)}
    return {"service_point_no": place.name, "meter_no": place.meter_no} | installed


async def read(line: Line, day: str, shown: Mapping[str, Mapping[str, str]]) -> None:
    """Plan a cycle, push what meters show on its day, and close its routes."""
    await job(line, "reading", "plan-cycles", day)
    await push(line, day, shown)
    await job(line, "reading", "close-routes", f"{day[:8]}02")


async def push(line: Line, day: str, shown: Mapping[str, Mapping[str, str]]) -> None:
    """Push what meters show at the beginning of a day."""
    reads = [
        {
            "meter_no": meter,
            "read_at": f"{day}T00:00:00{ZONE}",
            "source": "remote",
            "unit": "kWh",
            "registers": dict(one),
        }
        for meter, one in shown.items()
    ]
    await line.call("POST", "reading", "/v1/reads", {"items": reads})


async def month(line: Line, day: str, shown: Mapping[str, float | Mapping[str, str]]) -> None:
    """Plan, read and close a cycle, and let its bills go out; a number is what the total register shows, in kWh."""
    of = {meter: {"import": f"{one:.2f}"} if isinstance(one, int | float) else one for meter, one in shown.items()}
    await read(line, day, of)
    await job(line, "billing", "release-runs", f"{day[:8]}02")


async def job(line: Line, service: str, name: str, day: str) -> dict[str, int]:
    """Run a job of a business date; return what it counted, zeros left out."""
    answer = await line.call("POST", service, f"/v1/jobs/{name}/runs", {"business_date": day})
    await line.quiet()
    return {name: count for name, count in answer["counts"].items() if count}


async def report(line: Line, order_no: str, who: str, at: str, **what: Any) -> str:
    """Say how a visit to site ended; return what became of that."""
    said = {"order_no": order_no, "visited_at": f"{at}T09:00:00{ZONE}"} | what
    headers = {"Authorization": f"Bearer {line.tokens[who]}"}
    answer = await line.clients["reading"].post("/v1/site-orders/reports", json={"items": [said]}, headers=headers)
    assert answer.status_code == 200, answer.text
    await line.quiet()
    (outcome,) = answer.json()["outcomes"]
    return str(outcome.get("code") or outcome["status"])
