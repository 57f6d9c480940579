"""Route x role: every route of every service declares its policy, and what is not allowed is refused before anything is read."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.command import local
from shared import web
from shared.bus.embedded import EmbeddedEventLog
from shared.service import Service
from shared.settings import SERVICES, settings_class
from shared.web.auth import DevicePolicy, Policy, PublicPolicy, ScopePolicy
from tests.kits import webapp

PUBLIC = {"/health/live", "/health/ready", "/metrics", "/openapi.json"}


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


def scopes_of(policy: Policy) -> set[str]:
    if isinstance(policy, ScopePolicy):
        return set(policy.any_of)
    if isinstance(policy, DevicePolicy) and policy.or_scope:
        return set(policy.or_scope.any_of)
    return set()


async def answer(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
    # braces of the template are as good as any value: a refusal comes before parameters and body are read
    given = await client.request(method, path, headers=headers)
    return given.status_code, given.json()["code"]


async def test_every_route_declares_its_policy_and_refuses_everybody_else(service: Service) -> None:
    roles = {scope: webapp.bearer(scope) for scope in local.SCOPES}
    async with webapp.client(service.app) as client:
        for method, path, policy in web.policies(service.app):
            if isinstance(policy, PublicPolicy):
                continue
            known = isinstance(policy, ScopePolicy | DevicePolicy)
            status, code = await answer(client, method, path, {})
            assert status == 401, (method, path)
            assert code.startswith("auth.") is known, (method, path)
            for scope, token in roles.items():
                if scope not in scopes_of(policy):
                    # a policy of a service's own (a channel's signature) knows no tokens
                    device_only = isinstance(policy, DevicePolicy) and policy.or_scope is None
                    refused = (403, "auth.missing_scope") if known and not device_only else (401, code)
                    assert await answer(client, method, path, token) == refused, (method, path, scope)


async def test_only_a_few_routes_are_public(service: Service) -> None:
    public = {path for _, path, policy in web.policies(service.app) if isinstance(policy, PublicPolicy)}
    assert public == PUBLIC


async def test_every_scope_that_a_route_asks_for_is_one_that_the_installation_gives(service: Service) -> None:
    asked = {scope for _, _, policy in web.policies(service.app) for scope in scopes_of(policy)}
    assert asked <= set(local.SCOPES)


async def test_no_route_hides_behind_another(service: Service) -> None:
    seen = set()
    for method, path, _ in web.policies(service.app):
        assert (method, path) not in seen
        seen.add((method, path))
    document = service.app.openapi()
    operation_ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(operation_ids) == len(set(operation_ids))
