"""Who calls, and what they may: OAuth 2 bearer tokens for people and systems, signed messages for devices.

A token is a JWT (RFC 7519) with `sub` (an opaque staff or system id), `scope` (space separated), `org_units` (paths such as
`zj/hangzhou`; `*` is the whole utility), `iss`, `aud`, `iat` and `exp`. A route declares a policy:

    auth.scope("billing:read")                     # a token with this scope (with several: any of them)
    auth.scope("totals:read", whole_utility=True)  # and only one that speaks for the whole utility
    auth.device()                                  # a signed device message
    auth.device(or_scope="reading:upload")         # either
    auth.public("why everybody may call it")
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import jwt
from fastapi import Depends
from sqlalchemy import ColumnElement, false, or_, true
from starlette.requests import Request

from shared.org_units import WHOLE_UTILITY, covers
from shared.web import devices
from shared.web.errors import Problem
from shared.web.tokens import ISSUER, Tokens, invalid, unauthenticated

SCHEME = "Bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `device` is set for a device message instead of a token, `meter_no` for a device of one meter."""

    subject: str
    scopes: frozenset[str] = frozenset()
    org_units: tuple[str, ...] = ()
    device: devices.Message | None = None
    meter_no: str | None = None

    def has(self, scope: str) -> bool:
        return scope in self.scopes

    def may_see(self, org_unit: str) -> bool:
        """Return whether an org unit is one of the caller's or below one."""
        return covers(self.org_units, org_unit)

    def require(self, org_unit: str) -> None:
        """Refuse (403) what belongs to an org unit outside the caller's."""
        if not self.may_see(org_unit):
            raise forbidden_org_unit()

    def visible(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """Return the SQL condition that keeps a list to the caller's org units."""
        if WHOLE_UTILITY in self.org_units:
            return true()
        return or_(false(), *(or_(column == u, column.startswith(u + "/", autoescape=True)) for u in self.org_units))


NOBODY = Caller(subject="anonymous")


def forbidden_scope() -> Problem:
    return Problem(status=403, code="auth.missing_scope", title="The caller lacks the scope that this route asks for")


def forbidden_org_unit() -> Problem:
    return Problem(
        status=403, code="auth.other_org_unit", title="The object belongs to an org unit outside the caller's"
    )


def forbidden_part() -> Problem:
    return Problem(
        status=403,
        code="auth.whole_utility",
        title="The route concerns the whole utility, and the caller speaks for a part of it",
    )


class Authenticator:
    """Verifies tokens and device messages; built from the settings of one service.

    `devices` is given by the service that devices talk to.
    """

    def __init__(
        self, tokens: Tokens, *, devices: devices.Devices | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self.tokens = tokens
        self.devices = devices
        self.now = now

    async def caller_of_token(self, token: str) -> Caller:
        """Return who a token stands for; 401 where it proves nothing."""
        bearer = await self.tokens.bearer(token)
        return Caller(subject=bearer.subject, scopes=bearer.scopes, org_units=bearer.org_units)

    async def caller_of_device(self, request: Request, authorization: str) -> Caller:
        """Return the device that signed a request; 401 where the signature proves nothing."""
        if self.devices is None:
            raise unauthenticated("auth.device_not_accepted", "This service takes no device messages")
        message = devices.parse(authorization)
        if message is None:
            raise unauthenticated("auth.invalid_signature", "The device signature is not valid")
        if abs(self.now() - message.timestamp) > devices.WINDOW_SECONDS:
            raise unauthenticated("auth.stale_message", "The device message is outside its time window")
        body = await request.body()
        path = request.scope["path"]
        query = request.scope["query_string"].decode("latin-1")
        target = request.scope.get("raw_path", path.encode()).decode("latin-1").partition("?")[0]
        target = f"{target}?{query}" if query else target
        device = await self.devices.signer(message, request.method, target, body)
        if device is None:
            raise unauthenticated("auth.invalid_signature", "The device signature is not valid")
        return Caller(message.device_id, org_units=(device.org_unit,), device=message, meter_no=device.meter_no)


def mint(
    *,
    key: str,
    audience: str,
    subject: str,
    scopes: Sequence[str],
    org_units: Sequence[str] = (WHOLE_UTILITY,),
    issuer: str = ISSUER,
    algorithm: str = "HS256",
    seconds: int = 3600,
    now: float | None = None,
) -> str:
    """Return a signed token: for tests, the demo and installations without an identity provider.

    `key` is the secret, or the private key in PEM.
    """
    issued = int(time.time() if now is None else now)
    claims = {
        "iss": issuer,
        "sub": subject,
        "scope": " ".join(scopes),
        "org_units": list(org_units),
        "aud": audience,
        "iat": issued,
        "exp": issued + seconds,
    }
    return jwt.encode(claims, key, algorithm=algorithm)


class Policy(ABC):
    """Who may call a route."""

    @abstractmethod
    async def check(self, request: Request, authenticator: Authenticator) -> Caller:
        """Return the caller; 401 where nobody is proved, 403 where they may not."""

    def openapi(self) -> list[dict[str, list[str]]]:
        """Return the security requirement of OpenAPI; empty for everybody."""
        return []


@dataclass(frozen=True)
class TokenPolicy(Policy):
    async def check(self, request: Request, authenticator: Authenticator) -> Caller:
        authorization = request.headers.get("authorization", "")
        if not authorization:
            raise unauthenticated("auth.missing_token", "The request has no token")
        if authorization[: len(SCHEME)].lower() != SCHEME.lower():
            raise invalid()
        request.state.caller = caller = await authenticator.caller_of_token(authorization[len(SCHEME) :].strip())
        return caller

    def openapi(self) -> list[dict[str, list[str]]]:
        return [{"token": []}]


@dataclass(frozen=True)
class ScopePolicy(TokenPolicy):
    any_of: tuple[str, ...]
    whole_utility: bool = False

    async def check(self, request: Request, authenticator: Authenticator) -> Caller:
        caller = await super().check(request, authenticator)
        if caller.scopes.isdisjoint(self.any_of):
            raise forbidden_scope()
        if self.whole_utility and not caller.may_see(WHOLE_UTILITY):
            raise forbidden_part()
        return caller

    def openapi(self) -> list[dict[str, list[str]]]:
        return [{"token": [scope]} for scope in self.any_of]


@dataclass(frozen=True)
class DevicePolicy(Policy):
    or_scope: ScopePolicy | None = None

    async def check(self, request: Request, authenticator: Authenticator) -> Caller:
        authorization = request.headers.get("authorization", "")
        if authorization.startswith(devices.SCHEME + " "):
            return await authenticator.caller_of_device(request, authorization)
        if self.or_scope:
            return await self.or_scope.check(request, authenticator)
        raise unauthenticated("auth.missing_signature", "The request has no device signature")

    def openapi(self) -> list[dict[str, list[str]]]:
        return [{"device": []}, *(self.or_scope.openapi() if self.or_scope else [])]


@dataclass(frozen=True)
class PublicPolicy(Policy):
    reason: str

    async def check(self, request: Request, authenticator: Authenticator) -> Caller:
        return NOBODY


def scope(*any_of: str, whole_utility: bool = False) -> Policy:
    """Return the policy: a token with one of these scopes; of the whole utility, where no part of the route is a bureau's."""
    if not any_of or not all(any_of):
        raise ValueError("a scope policy names at least one scope")
    return ScopePolicy(any_of, whole_utility)


def token(reason: str) -> Policy:
    """Return the policy: any token, where the thing itself says whose it is; for a reason that reads well in a review."""
    if not reason:
        raise ValueError("a route that asks for no scope says why")
    return TokenPolicy()


def device(*, or_scope: str | None = None) -> Policy:
    """Return the policy: a signed device message, or a token with `or_scope`."""
    return DevicePolicy(ScopePolicy((or_scope,)) if or_scope else None)


def public(reason: str) -> Policy:
    """Return the policy: everybody, for a reason that reads well in a review."""
    if not reason:
        raise ValueError("a public route says why it is public")
    return PublicPolicy(reason)


async def _current(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Current = Annotated[Caller, Depends(_current)]
"""The caller, as a parameter of a route: `caller: auth.Current`."""
