"""Route x role x org unit: what `docs/access.md` declares is what the routes do, and a refusal comes before anything is read.

Which things of other org units an allowed caller meets is tested where there are things: `tests/system/test_access.py`.
"""

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
from shared.web.auth import DevicePolicy, Policy, PublicPolicy, ScopePolicy, TokenPolicy
from tests.kits import access, webapp

PUBLIC = {"/health/live", "/health/ready", "/metrics", "/openapi.json"}
FOR_EVERYBODY = {
    "notify": {"/v1/links/{token}", "/v1/receipts/{gateway}", "/v1/receipts/{gateway}/{secret}"},
    "billing": {"/v1/closings/announced"},
}


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


def told(policy: Policy) -> tuple[str, frozenset[str], bool]:
    """Return who may call by a policy, with what scopes, and whether for the whole utility only."""
    if isinstance(policy, PublicPolicy):
        return access.EVERYBODY, frozenset(), False
    if isinstance(policy, ScopePolicy):
        return "", frozenset(policy.any_of), policy.whole_utility
    if isinstance(policy, TokenPolicy):
        return access.TOKEN, frozenset(), False
    if isinstance(policy, DevicePolicy):
        return access.DEVICE, frozenset(policy.or_scope.any_of if policy.or_scope else ()), False
    return access.CHANNEL, frozenset(), False


def test_every_route_is_declared_as_its_policy_is_and_no_other(service: Service) -> None:
    declared = access.declared(service.name)
    policies = {(method, path): policy for method, path, policy in web.policies(service.app)}
    assert declared.keys() == policies.keys()
    for route, policy in policies.items():
        who, scopes, whole_utility = told(policy)
        assert declared[route].who.startswith(who), route
        assert declared[route].scopes == scopes, route
        assert (declared[route].whose == access.UTILITY) is whole_utility, route


async def answer(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
    # braces of the template are as good as any value: a refusal comes before parameters and body are read
    given = await client.request(method, path, headers=headers)
    return given.status_code, given.json().get("code")


async def test_every_route_refuses_every_role_that_it_does_not_declare(service: Service) -> None:
    roles = {scope: webapp.bearer(scope) for scope in local.SCOPES}
    async with webapp.client(service.app) as client:
        for (method, path), route in access.declared(service.name).items():
            if route.who.startswith(access.EVERYBODY):
                continue
            status, code = await answer(client, method, path, {})
            assert status == 401, (method, path)
            if route.who == access.TOKEN:
                continue
            # what a channel signs knows no tokens
            refused = (401, code) if route.who == access.CHANNEL else (403, "auth.missing_scope")
            for scope in local.SCOPES:
                if scope not in route.scopes:
                    assert await answer(client, method, path, roles[scope]) == refused, (method, path, scope)
            others = [scope for scope in local.SCOPES if scope not in route.scopes]
            for units in access.UNITS.values():
                token = webapp.bearer(*others, org_units=units)
                assert await answer(client, method, path, token) == refused, (method, path, units)


async def test_what_is_of_the_whole_utility_is_refused_to_who_speaks_for_a_part(service: Service) -> None:
    async with webapp.client(service.app) as client:
        for (method, path), route in access.declared(service.name).items():
            if route.whose == access.UTILITY:
                for name, units in access.UNITS.items():
                    token = webapp.bearer(*route.scopes, org_units=units)
                    if name != "all":
                        assert await answer(client, method, path, token) == (403, "auth.whole_utility"), (method, path)


async def test_only_a_few_routes_are_public(service: Service) -> None:
    public = {path for _, path, policy in web.policies(service.app) if isinstance(policy, PublicPolicy)}
    assert public == PUBLIC | FOR_EVERYBODY.get(service.name, set())


async def test_every_scope_that_a_route_asks_for_is_one_that_the_installation_gives(service: Service) -> None:
    asked = {scope for _, _, policy in web.policies(service.app) for scope in told(policy)[1]}
    assert asked <= set(local.SCOPES)


async def test_no_route_hides_behind_another(service: Service) -> None:
    seen = set()
    for method, path, _ in web.policies(service.app):
        assert (method, path) not in seen
        seen.add((method, path))
    document = service.app.openapi()
    operation_ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(operation_ids) == len(set(operation_ids))
