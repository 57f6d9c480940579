"""Route x org unit, on the data of a town of two bureaus: what `docs/access.md` declares of each route is what it does.

Every route is called for things of one bureau by callers of the other, of none, of that one, of one above, and of the utility.
"""

from typing import Any

import pytest

from shared.settings import SERVICES
from tests.kits import access, installation
from tests.kits.access import Declared
from tests.kits.installation import Installation
from tests.kits.seeds import ASKED_FOR, Seeds, Values, filled

OTHER = "auth.other_org_unit"
OF_THE_UTILITY = ("/v1/approvals/decisions", "/v1/suspense/{payment_id}/resolution")
"""Where the thing that is called about, dead letters and money of nobody known, is the whole utility's."""
ALSO = {"/v1/approvals/decisions": frozenset({"dead_letters:run"})}
"""What a decision needs beside the scope of its route: that of the kind of approval."""


class Caller:
    """Calls routes as their documents say, with what there is in the town."""

    def __init__(self, town: Installation, service: str) -> None:
        self.service = service
        self._town = town
        self._seeds = Seeds(service, town)
        self._document = town.client.get(town.urls[service] + "/openapi.json").json()

    def call(self, method: str, path: str, scopes: frozenset[str], of: str) -> tuple[tuple[str, ...], int, Any]:
        """Return org units of the caller, which are of this kind, and status and answer of a call about a thing of one bureau."""
        values = self._seeds.next(path)
        own = values["org_unit"]
        foreign = access.FOREIGN if own == access.OWN else access.OWN
        units = {"own": (own,), "foreign": (foreign,)}.get(of, access.UNITS[of])
        described = self._document["paths"][path.replace(":path", "")][method.lower()]
        formatted, query, headers = self._parameters(path, described, values)
        headers |= self._town.token(f"tester-of-{self.service}", scopes=sorted(scopes), org_units=units)
        media_type, body = _body(described, values)
        answer = self._town.client.request(
            method,
            self._town.urls[self.service] + formatted,
            params=query,
            headers=headers | media_type,
            **({"content": body} if isinstance(body, str) else {"json": body} if body is not None else {}),
        )
        return units, answer.status_code, answer.json()

    def _parameters(self, path: str, described: Any, values: Values) -> tuple[str, Values, Values]:
        query: Values = {}
        headers: Values = {}
        formatted = path.replace(":path", "")
        for parameter in described.get("parameters", []):
            name, place = parameter["name"], parameter["in"]
            value = str(values.get(name, "1"))
            if place == "path":
                formatted = formatted.replace(f"{{{name}}}", value)
            elif place == "query" and (parameter["required"] or (path, name) in ASKED_FOR):
                query[name] = value
            elif name == "if-match":
                headers[name] = self._seeds.version_seen(formatted)
            elif place == "header" and parameter["required"]:
                headers[name] = value
        return formatted, query, headers


def _body(described: Any, values: Values) -> tuple[dict[str, str], Any]:
    for media_type, content in described.get("requestBody", {}).get("content", {}).items():
        example = content["example"]
        if isinstance(example, str):
            example = example.replace(installation.TOWN[0].meter_no, values["meter_no"])
            return {"Content-Type": media_type}, example
        known = {name: value for name, value in values.items() if name not in ("kind", "id")}  # of what is traced
        return {}, example if "charges" in example or "tariff" in example else filled(example, known)
    return {}, None


def refused(status: int, answer: Any) -> bool:
    """Return whether an answer says that what was asked for is another's, or is not there."""
    if status == 200 and isinstance(answer, dict) and "outcomes" in answer:
        codes = [outcome.get("code") or "" for outcome in answer["outcomes"]]
        return all(code == OTHER or "unknown" in code for code in codes)
    return status == 404 or (status == 403 and answer["code"] == OTHER)


def check(path: str, route: Declared, of: str, units: tuple[str, ...], status: int, answer: Any) -> str:
    """Return what is wrong with an answer; empty where it is as declared."""
    may = of == "all" if path in OF_THE_UTILITY or route.whose == access.UTILITY else of in ("own", "parent", "all")
    if route.whose == access.UTILITY:
        wrong = (status == 403) is may
    elif route.whose in (access.NOBODYS, access.ASKERS):
        wrong = status >= 400
    elif route.whose == access.ROWS:
        seen = {item.get("org_unit") for item in answer.get("items", [])} - {None}
        inside = [unit for unit in seen if any(own in ("*", unit) or unit.startswith(own + "/") for own in units)]
        wrong = status != 200 or len(inside) < len(seen) or (of == "none" and answer["items"] != [])
    else:
        wrong = refused(status, answer) is may
    return f"{of}: {status} {str(answer)[:300]}" if wrong else ""


def in_turn(item: tuple[tuple[str, str], Declared]) -> tuple[bool, bool]:
    """Return the place of a route: what one puts another shows, and what is annulled is not there for others."""
    (method, path), _ = item
    return method != "PUT", path.endswith("/annulment")


@pytest.mark.parametrize("service", SERVICES)
def test_whose_a_thing_is_decides_on_every_route(town: Installation, service: str) -> None:
    caller = Caller(town, service)
    faults = []
    for (method, path), route in sorted(access.declared(service).items(), key=in_turn):
        if route.scopes or route.who == access.TOKEN:
            for of in access.UNITS:
                if fault := check(
                    path, route, of, *caller.call(method, path, route.scopes | ALSO.get(path, frozenset()), of)
                ):
                    faults.append(f"{method} {path} ({route.whose}) {fault}")
    assert not faults, "\n".join(faults)


def test_a_link_that_is_opened_stands_in_no_line_of_a_log(town: Installation) -> None:
    """Its address is the right to answer: whoever reads a log must not have it."""
    token = Seeds("notify", town).next("/v1/links/{token}")["token"]
    address = f"{town.urls['notify']}/v1/links/{token}"
    statuses = [
        town.client.get(address).status_code,
        town.client.post(address, data={"answer": "neither"}).status_code,
        town.client.put(address, content=b"?").status_code,
        town.client.get(address, params={"answer": "yes"}).status_code,
    ]
    assert statuses == [200, 422, 405, 400]
    assert "question.unknown_answer" in (log := town.log.read_text())
    assert token not in log
