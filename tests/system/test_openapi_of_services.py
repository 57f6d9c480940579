"""What the four OpenAPI documents say is what the services do: no server error, no undocumented answer."""

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from services.command import local
from shared.bus.embedded import EmbeddedEventLog
from shared.db import migrations
from shared.settings import SERVICES, settings_class
from tests import live, webapp

EXAMPLES = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
]


@pytest.fixture(scope="module", params=SERVICES)
def schema(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    name: str = request.param
    folder: Path = tmp_path_factory.mktemp(name)

    async def build() -> tuple[FastAPI, Callable[[], Awaitable[None]]]:
        loaded = settings_class(name).load(
            {
                "WATTLINE_TOKEN_KEY": webapp.KEY,
                "WATTLINE_DEVICE_MASTER_KEY": webapp.KEY,
                "WATTLINE_DATA_DIR": str(folder),
            }
        )
        await migrations.upgrade(loaded.database_url_of(name), name)
        service = local.build(name, loaded, EmbeddedEventLog(folder / "events.db"))
        return service.app, service.database.close

    with live.served(build) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_of_a_service_is_documented_and_none_is_a_server_error(schema: Any, mode: GenerationMode) -> None:
    headers = webapp.bearer(*local.SCOPES)
    failures: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            with contextlib.suppress(Unsatisfiable):  # nothing of the operation can be wrong
                run()
        except Exception as failure:
            failures.append(f"{operation.method.upper()} {operation.path}\n{failure}")
    assert not failures, "\n\n".join(failures)
