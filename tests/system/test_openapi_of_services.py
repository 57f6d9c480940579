"""What the four OpenAPI documents say is what the services do, on the data of a small town.

Three sorts of calls are made of every route: its own example, what schemathesis makes of its schema with known numbers filled in,
and what the schema forbids. None may end in a server error or in an answer that is not documented, and 30 % of all must succeed.
"""

import contextlib
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from requests.auth import AuthBase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.settings import SERVICES
from shared.web import devices
from tests.kits import installation
from tests.kits.installation import Installation
from tests.kits.seeds import ASKED_FOR, Seeds, Values, filled

EXAMPLE_CALLS, GENERATED_CALLS, WRONG_CALLS = 6, 4, 3
SUCCEEDS_PERCENT_MIN = 30
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
KNOWN_SHARE = 0.8  # of the parameters and fields of a generated call that get a known value
FROM_DEVICES = {"/v1/reads", "/v1/curves"}
ELSEWHERE = (
    "/v1/receipts/{gateway}",  # the town has none
    "/v1/accounts/{account_no}/plans",  # an example cannot name what is owed in a list
    "/v1/parties/{party_no}/points/{point_no}/verify",  # the code stands in a mail alone
    "/v1/dunning-cases/{case_no}/cuts",  # no case of the town has come so far
    "/v1/prepaid-accounts/{account_no}/rechecks",  # no estimate of the town has jumped
)
"""Routes of which is shown beside their code that they succeed."""
SESSION = requests.Session()
SESSION.trust_env = False


class Signed(AuthBase):
    """Signs as the route asks: a token, a channel's signature, and every other time as a device."""

    def __init__(self, path: str, token: dict[str, str], device_id: str | None, keys: Mapping[str, bytes]) -> None:
        self._keys = keys
        self._path = path
        self._token = token
        self._device_id = device_id

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        assert isinstance(body, str | bytes)
        content = body.encode() if isinstance(body, str) else body
        request.headers.update(self._token)
        if self._path.endswith("/callbacks"):
            request.headers["X-Channel-Signature"] = installation.signed(content)
        if self._device_id is not None:
            key = self._keys[self._device_id]
            signed = devices.sign(
                key=key, device_id=self._device_id, method="POST", target=request.path_url, body=content
            )
            request.headers.update(signed)
        return request


class Route:
    """Makes the calls of one route, and counts what became of them."""

    def __init__(self, operation: Any, document: dict[str, Any], token: dict[str, str], seeds: Seeds) -> None:
        self.name = f"{operation.method.upper()} {operation.path}"
        self.statuses: Counter[int] = Counter()
        self.refusals: dict[int, str] = {}
        self.failures: list[str] = []
        self._operation = operation
        self._path = operation.path
        self._described = document["paths"][operation.path][operation.method]
        self._seeds = seeds
        self._token = token
        self._chance = random.Random(self.name)

    def call_examples(self) -> None:
        for n in range(EXAMPLE_CALLS):
            values = self._seeds.next(self._path)
            parts = self._parameters(values)
            media_type, content = self._example(values)
            if media_type:
                parts |= {"media_type": media_type, "body": content}
            self._make(self._operation.Case(**parts), values["own_device_id"] if n % 2 else None)

    def call_generated(self, mode: GenerationMode, count: int) -> None:
        @seed(2026)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=self._operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            if mode is GenerationMode.POSITIVE:
                self._fill(case)
            self._make(case, None)

        with contextlib.suppress(Unsatisfiable):  # nothing of the route can be wrong
            run()

    def _make(self, case: Any, device_id: str | None) -> None:
        by = device_id if self._path in FROM_DEVICES else None
        auth = Signed(self._path, self._token, by, self._seeds.device_keys)
        if case.headers and "if-match" in case.headers:
            case.headers["if-match"] = self._seeds.version_seen(case.formatted_path)
        answer = case.call(session=SESSION, auth=auth)
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 300 and answer.status_code not in self.refusals:
            self.refusals[answer.status_code] = answer.text[:300]
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as failure:
            self.failures.append(f"{self.name}\n{failure.exceptions[0]}")
        except Exception as failure:
            self.failures.append(f"{self.name}\n{failure}")

    def _fill(self, case: Any) -> None:
        """Give most parameters and fields of a generated call known values."""
        values = self._seeds.next(self._path)
        for container in (case.path_parameters, case.query):
            for name in container or {}:
                if name in values and self._chance.random() < KNOWN_SHARE:
                    container[name] = values[name]
        if isinstance(case.body, dict | list):
            case.body = filled(case.body, values, lambda: self._chance.random() < KNOWN_SHARE)

    def _parameters(self, values: Values) -> Values:
        """Return the required parameters of a call, by place."""
        given: Values = {"path_parameters": {}, "query": {}, "headers": {}}
        place = {"path": "path_parameters", "query": "query", "header": "headers"}
        for parameter in self._described.get("parameters", []):
            name = parameter["name"]
            if parameter["required"] or name == "if-match" or (self._path, name) in ASKED_FOR:
                given[place[parameter["in"]]][name] = values.get(name, "1")
        return given

    def _example(self, values: Values) -> tuple[str, Any]:
        """Return media type and body of the example in the document, for another home of the town."""
        for media_type, described in self._described.get("requestBody", {}).get("content", {}).items():
            body = described["example"]
            if isinstance(body, str):
                return media_type, body.replace(installation.TOWN[0].meter_no, values["meter_no"])
            return media_type, body if "charges" in body or "tariff" in body else filled(body, values)
        return "", None


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_is_documented_none_is_a_server_error_and_enough_calls_succeed(
    town: Installation, service: str
) -> None:
    schema = schemathesis.openapi.from_url(f"{town.urls[service]}/openapi.json")
    seeds = Seeds(service, town)
    operations: list[Any] = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    # who tested reading had a hand in the reads, and may not decide on their bills
    token = town.token(f"tester-of-{service}")
    routes = [Route(operation, schema.raw_schema, token, seeds) for operation in operations]
    assert len(routes) == sum(len(methods) for methods in schema.raw_schema["paths"].values())
    for call in (
        Route.call_examples,
        lambda route: route.call_generated(GenerationMode.POSITIVE, GENERATED_CALLS),
        lambda route: route.call_generated(GenerationMode.NEGATIVE, WRONG_CALLS),
    ):
        for route in routes:
            call(route)
    failures = [failure for route in routes for failure in route.failures]
    assert not failures, "\n\n".join(failures)
    judged = [route for route in routes if not any(path in route.name for path in ELSEWHERE)]
    few = [route for route in judged if _percent(route.statuses) < SUCCEEDS_PERCENT_MIN]
    assert not few, "\n\n".join(f"{route.name} {route.statuses} {route.refusals}" for route in few)


def _percent(statuses: Counter[int]) -> int:
    return 100 * sum(count for status, count in statuses.items() if 200 <= status < 300) // statuses.total()
