"""What OpenAPI says is what the service does."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from shared.db.engine import Database
from shared.web.scopes import OPERATING
from tests.kits import live, webapp
from tests.kits.effort import examples

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
)
OPERATIONS = [
    ("GET", "/v1/notes"),
    ("POST", "/v1/notes"),
    ("POST", "/v1/notes/{note_no}/decisions"),
    ("POST", "/v1/pushes"),
    ("GET", "/v1/jobs/{job}/runs"),
    ("POST", "/v1/jobs/{job}/runs"),
    ("GET", "/v1/audit-entries"),
    ("GET", "/v1/audit-head"),
    ("GET", "/v1/dead-letters"),
    ("POST", "/v1/dead-letters/replay"),
    ("GET", "/v1/control-totals"),
    ("GET", "/v1/trace/{kind}/{id}"),
]


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    async def build() -> tuple[FastAPI, Callable[[], Awaitable[None]]]:
        folder: Path = tmp_path_factory.mktemp("web")
        database = Database(f"sqlite+aiosqlite:///{folder}/tiny.db")
        await webapp.create_tables(database)
        return webapp.build(database), database.close

    with live.served(build) as url:
        yield url


@pytest.fixture(scope="module")
def schema(base_url: str) -> Any:
    return schemathesis.openapi.from_url(f"{base_url}/openapi.json")


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_to_a_drawn_request_is_documented(
    schema: Any, method: str, path: str, mode: GenerationMode
) -> None:
    headers = webapp.bearer(*OPERATING, "notes:read", "notes:write")

    operation = schema[path][method]

    @settings(
        max_examples=examples(20),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=list(CHECKS))

    run()


def test_every_route_documents_its_policy_and_its_problems(base_url: str) -> None:
    document = httpx.get(f"{base_url}/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            for status in ("400", "404", "405", "422", "429", "500", "503"):
                assert status in responses, (method, path, status)
            for status in ("429", "503"):
                assert "Retry-After" in responses[status].get("headers", ()) or path == "/health/ready", (method, path)
            assert ("401" in responses) == ("403" in responses) == bool(operation.get("security")), (method, path)
            assert (
                ("413" in responses) == ("408" in responses) == ("requestBody" in operation or path == "/v1/files")
            ), (method, path)
    assert document["paths"]["/v1/notes"]["post"]["security"] == [{"token": ["notes:write"]}]
    assert "note.already_there" in document["paths"]["/v1/notes"]["post"]["responses"]["409"]["description"]
    assert "412" in document["paths"]["/v1/notes/{note_no}/decisions"]["post"]["responses"]
