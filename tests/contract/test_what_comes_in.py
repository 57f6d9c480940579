"""Every route of every service, and every fact: what no utility can mean is refused with a code, never believed or ignored."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import TypeAdapter

from services.command import local
from shared import civil
from shared.bus.embedded import EmbeddedEventLog
from shared.events import catalogue, contract, envelope
from shared.events.fact import Fact
from shared.service import Service
from shared.settings import SERVICES, settings_class
from shared.web.auth import DevicePolicy, TokenPolicy
from shared.web.routing import Route
from tests.kits import webapp

DAYS = ("0001-01-01", "1949-12-31", "2200-01-01", "9999-12-31", "２０２６-01-01", "2026-02-30", "0", "20260101")
MONTHS = ("0001-01", "9999-12", "20２６-01", "2026-13", "2026-1")
WRONG = {"date": DAYS, "month": MONTHS, "choice": ("no-such-choice",), "integer": ("１", "x")}


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    name: str = request.param
    settings = settings_class(name).load(
        {name: value for name, value in webapp.ENVIRONMENT.items() if name != "WATTLINE_BODY_BYTES_MAX"}
        | {"WATTLINE_DATA_DIR": str(tmp_path)}
    )
    built = local.build(name, settings, EmbeddedEventLog(tmp_path / "events.db"))
    yield built
    await built.database.close()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    headers = webapp.bearer(*local.SCOPES)
    async with webapp.client(service.app) as opened:
        opened.headers.update(headers)
        yield opened


def with_tokens(service: Service) -> list[Route]:
    """Return the routes that a token opens; a channel's signature is of the body, and its route has no such parameters."""
    routes = [route for route in service.app.router.routes if isinstance(route, Route)]
    return [route for route in routes if isinstance(route.policy, TokenPolicy | DevicePolicy)]


def has_body(route: Route) -> bool:
    return route.body_field is not None or bool(route.media_types)


async def call(
    client: httpx.AsyncClient, route: Route, path: str, query: str = "", *, content: Any = b"{}"
) -> httpx.Response:
    (method,) = route.methods or ()
    media_type = (route.media_types or ("application/json",))[0]
    headers = {"Content-Type": media_type, "If-Match": '"1"', "Idempotency-Key": "1"}
    return await client.request(method, path, params=query, content=content, headers=headers)


def parameters(service: Service, route: Route) -> list[dict[str, Any]]:
    (method,) = route.methods or ()
    described = service.app.openapi()["paths"][route.path_format][method.lower()]
    return [each for each in described.get("parameters", []) if each["in"] in ("path", "query")]


def kind(parameter: dict[str, Any]) -> str:
    """Return which of the wrong values a parameter must refuse."""
    schema = parameter["schema"]
    (schema,) = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    if schema.get("format") == "date":
        return "date"
    if schema.get("pattern") == civil.MONTH:
        return "month"
    if "enum" in schema or str(schema.get("pattern", "")).startswith("^("):
        return "choice"
    return str(schema["type"])


async def test_a_query_parameter_that_is_unknown_repeated_or_empty_is_refused(
    service: Service, client: httpx.AsyncClient
) -> None:
    for route in with_tokens(service):
        queries = {"limt=1": "request.unknown_parameter"}
        for each in parameters(service, route):
            if each["in"] == "query":
                queries |= {f"{each['name']}=1&{each['name']}=2": "request.repeated_parameter"}
                queries |= {f"{each['name']}=": "request.empty_parameter"}
        for query, code in queries.items():
            answer = await call(client, route, route.path, query)
            assert (answer.status_code, answer.json()["code"]) == (400, code), (route.path, query)


async def test_a_parameter_of_another_form_or_of_a_day_that_nobody_means_is_refused(
    service: Service, client: httpx.AsyncClient
) -> None:
    tried = set()
    for route in with_tokens(service):
        for each in parameters(service, route):
            name, place = each["name"], each["in"]
            for value in WRONG.get(kind(each), ()):
                tried.add(kind(each))
                path = route.path_format.replace(f"{{{name}}}", value)
                query = f"{name}={value}" if place == "query" else ""
                answer = await call(client, route, path, query, content=b"{}" if has_body(route) else None)
                assert answer.status_code == 422, (route.path, name, value, answer.text)
                assert f"{place}/{name}" in [error["pointer"] for error in answer.json()["errors"]], (path, value)
    assert tried >= {"date", "month", "integer"}


async def in_chunks() -> AsyncIterator[bytes]:
    yield b"{}"


@pytest.mark.parametrize("chunked", [False, True], ids=["of a length", "in chunks"])
async def test_a_body_is_refused_where_none_is_taken(
    service: Service, client: httpx.AsyncClient, chunked: bool
) -> None:
    routes = [route for route in with_tokens(service) if not has_body(route)]
    assert routes
    for route in routes:
        answer = await call(client, route, route.path, content=in_chunks() if chunked else b"{}")
        assert (answer.status_code, answer.json()["code"]) == (400, "request.body_not_taken"), route.path


async def test_what_a_person_says_is_not_blank(service: Service, client: httpx.AsyncClient) -> None:
    asked = 0
    for route in with_tokens(service):
        fields = getattr(route.body_field and route.body_field.field_info.annotation, "model_fields", {})
        for name in (name for name in ("reason", "explanation") if name in fields and fields[name].is_required()):
            asked += 1
            answer = await call(client, route, route.path, content=orjson.dumps({name: " \n\u3000"}))
            assert answer.status_code == 422, route.path
            assert f"body/{name}" in [error["pointer"] for error in answer.json()["errors"]], (route.path, answer.text)
    assert asked


def in_schema(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every part of a core schema."""
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from in_schema(part)


def out_of_range(kind: Any) -> list[dict[str, Any]]:
    """Return the dates and instants of a type that may be any."""
    limits = {"date": (civil.FIRST, civil.END), "datetime": (civil.FIRST_INSTANT, civil.END_INSTANT)}
    parts = [part for part in in_schema(TypeAdapter(kind).core_schema) if part.get("type") in list(limits)]
    return [part for part in parts if (part.get("ge"), part.get("lt")) != limits[part["type"]]]


async def test_every_date_in_a_body_is_one_that_a_utility_can_mean(service: Service) -> None:
    bodies = [route for route in service.app.router.routes if isinstance(route, Route) and route.body_field is not None]
    assert bodies
    for route in bodies:
        assert route.body_field is not None
        assert not out_of_range(route.body_field.field_info.annotation), route.path


@pytest.mark.parametrize("fact", [pytest.param(fact, id=fact.type) for fact in catalogue.FACTS.values()])
def test_every_date_in_a_fact_is_one_that_a_utility_can_mean(fact: type[Fact]) -> None:
    assert not out_of_range(fact)


@pytest.mark.parametrize("day", DAYS)
def test_a_fact_of_a_day_that_nobody_means_is_not_read(day: str) -> None:
    fact = {
        "account_no": "A1",
        "payment_id": "P1",
        "org_unit": "zj",
        "channel": "app",
        "amount_fen": 1,
        "received_on": day,
    }
    with pytest.raises(envelope.Undecodable, match="invalid_fact"):
        envelope.unpack_one("collection.payment_received.v1", fact)
    with pytest.raises(envelope.Undecodable, match="invalid_items"):
        envelope.unpack("collection.payment_received.v1", httpx.Response(200, json={"items": [fact]}).content)
    assert envelope.unpack_one("collection.payment_received.v1", fact | {"received_on": "2026-02-06"})


@pytest.mark.parametrize("month", MONTHS)
def test_a_fact_of_a_month_that_nobody_means_is_not_read(month: str) -> None:
    example = contract.EXAMPLES / "reading.estimate_made.v1" / "1.json"
    (fact, *_) = json.loads(example.read_text())["items"]
    assert envelope.unpack_one("reading.estimate_made.v1", fact)
    with pytest.raises(envelope.Undecodable, match="invalid_fact"):
        envelope.unpack_one("reading.estimate_made.v1", fact | {"cycle": month})
