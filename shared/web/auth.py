"""Who calls, and what they may: OAuth 2 bearer tokens for people and systems, signed messages for devices.

A token is a JWT (RFC 7519) with `sub` (an opaque staff or system id), `scope` (space separated), `org_units` (paths such as
`zj/hangzhou`; `*` is the whole utility), `aud`, `iat` and `exp`. A route declares a policy:

    auth.scope("billing:read")                     # a token with this scope (with several: any of them)
    auth.device()                                  # a signed device message
    auth.device(or_scope="reading:upload")         # either
    auth.public("why everybody may call it")
"""

import hashlib
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from fastapi import Depends
from sqlalchemy import ColumnElement, false, or_, true
from starlette.requests import Request

from shared.web import devices
from shared.web.devices import DeviceRecord
from shared.web.errors import Problem

LEEWAY_SECONDS = 30  # clocks of the token issuer and of this machine may differ
TOKEN_CHARACTERS_MAX = 8192  # a token with 200 org units takes half of that
TOKENS_CACHED_MAX = 10_000  # one per signed-in person and system; 2 MB
SUBJECT_CHARACTERS_MAX = 64  # audit rows hold it
SECRET_BYTES_MIN = 32  # RFC 7518 §3.2: as long as the hash
ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
SCHEME = "Bearer "

DeviceLookup = Callable[[str], Awaitable[DeviceRecord | None]]


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
        return any(unit in ("*", org_unit) or org_unit.startswith(unit + "/") for unit in self.org_units)

    def require(self, org_unit: str) -> None:
        """Refuse (403) what belongs to an org unit outside the caller's."""
        if not self.may_see(org_unit):
            raise forbidden_org_unit()

    def visible(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """Return the SQL condition that keeps a list to the caller's org units."""
        if "*" in self.org_units:
            return true()
        return or_(false(), *(or_(column == u, column.startswith(u + "/", autoescape=True)) for u in self.org_units))


NOBODY = Caller(subject="anonymous")


def unauthenticated(code: str, title: str) -> Problem:
    return Problem(status=401, code=code, title=title)


def forbidden_scope() -> Problem:
    return Problem(status=403, code="auth.missing_scope", title="The caller lacks the scope that this route asks for")


def forbidden_org_unit() -> Problem:
    return Problem(
        status=403, code="auth.other_org_unit", title="The object belongs to an org unit outside the caller's"
    )


class Authenticator:
    """Verifies tokens and device messages; built from the settings of one service.

    `key`: for HS256 a secret of at least 32 bytes, else the issuer's public key in PEM. `device_master_key` and `device_lookup`
    are set by the service that devices talk to.
    """

    def __init__(
        self,
        *,
        key: str,
        algorithm: str,
        audience: str,
        device_master_key: str = "",
        device_lookup: DeviceLookup | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if algorithm not in ALGORITHMS:
            raise ValueError(f"the token algorithm must be one of {', '.join(ALGORITHMS)}")
        if algorithm == "HS256" and len(key.encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"the token key must be at least {SECRET_BYTES_MIN} bytes long")
        if algorithm != "HS256" and "PUBLIC KEY" not in key:
            raise ValueError(f"the token key for {algorithm} must be a public key in PEM form")
        if device_lookup and len(device_master_key.encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"the device master key must be at least {SECRET_BYTES_MIN} bytes long")
        self.now = now
        self.device_master_key = device_master_key
        self.device_lookup = device_lookup
        self._algorithm = algorithm
        self._audience = audience
        self._key = jwt.get_algorithm_by_name(algorithm).prepare_key(key)
        self._verified: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    def caller_of_token(self, token: str) -> Caller:
        """Return who a token stands for; 401 where it proves nothing.

        A verified token is remembered by its hash until it expires: the signature check costs as much as a small request.
        """
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise unauthenticated("auth.invalid_token", "The token is not valid")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._verified.get(digest)
        if known and known[0] > self.now():
            self._verified.move_to_end(digest)
            return known[1]
        claims = self._claims(token)
        caller = _caller_of(claims)
        self._verified[digest] = float(claims["exp"]) + LEEWAY_SECONDS, caller
        if len(self._verified) > TOKENS_CACHED_MAX:
            self._verified.popitem(last=False)
        return caller

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise unauthenticated("auth.expired_token", "The token has expired") from None
        except (jwt.InvalidTokenError, ValueError):
            raise unauthenticated("auth.invalid_token", "The token is not valid") from None

    async def caller_of_device(self, request: Request, authorization: str) -> Caller:
        """Return the device that signed a request; 401 where the signature proves nothing."""
        if self.device_lookup is None:
            raise unauthenticated("auth.device_not_accepted", "This service takes no device messages")
        message = devices.parse(authorization)
        if message is None:
            raise unauthenticated("auth.invalid_signature", "The device signature is not valid")
        if abs(self.now() - message.timestamp) > devices.WINDOW_SECONDS:
            raise unauthenticated("auth.stale_message", "The device message is outside its time window")
        device = await self.device_lookup(message.device_id)
        body = await request.body()
        path = request.scope["path"]
        query = request.scope["query_string"].decode("latin-1")
        target = request.scope.get("raw_path", path.encode()).decode("latin-1").partition("?")[0]
        target = f"{target}?{query}" if query else target
        # an unknown device costs the same check as a known one: which devices exist is not to be found by timing
        version = device.key_version if device else 0
        key = devices.key_of(self.device_master_key, message.device_id, version)
        genuine = devices.is_genuine(message, key, request.method, target, body)
        if device is None or not device.active or not genuine:
            raise unauthenticated("auth.invalid_signature", "The device signature is not valid")
        return Caller(message.device_id, org_units=(device.org_unit,), device=message, meter_no=device.meter_no)


def _caller_of(claims: dict[str, Any]) -> Caller:
    scope, units, subject = claims.get("scope", ""), claims.get("org_units", []), claims["sub"]
    well_formed = (
        isinstance(scope, str)
        and isinstance(units, list)
        and all(isinstance(unit, str) and unit for unit in units)
        and isinstance(subject, str)
        and 0 < len(subject) <= SUBJECT_CHARACTERS_MAX
    )
    if not well_formed:
        raise unauthenticated("auth.invalid_token", "The token is not valid")
    return Caller(subject=subject, scopes=frozenset(scope.split()), org_units=tuple(u.strip("/") for u in units))


def mint(
    *,
    key: str,
    audience: str,
    subject: str,
    scopes: Sequence[str],
    org_units: Sequence[str] = ("*",),
    algorithm: str = "HS256",
    seconds: int = 3600,
    now: float | None = None,
) -> str:
    """Return a signed token: for tests, the demo and installations without an identity provider.

    `key` is the secret, or the private key in PEM.
    """
    issued = int(time.time() if now is None else now)
    claims = {
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
class ScopePolicy(Policy):
    any_of: tuple[str, ...]

    async def check(self, request: Request, authenticator: Authenticator) -> Caller:
        authorization = request.headers.get("authorization", "")
        if not authorization:
            raise unauthenticated("auth.missing_token", "The request has no token")
        if authorization[: len(SCHEME)].lower() != SCHEME.lower():
            raise unauthenticated("auth.invalid_token", "The token is not valid")
        caller = authenticator.caller_of_token(authorization[len(SCHEME) :].strip())
        if caller.scopes.isdisjoint(self.any_of):
            raise forbidden_scope()
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


def scope(*any_of: str) -> Policy:
    """Return the policy: a token with one of these scopes."""
    if not any_of or not all(any_of):
        raise ValueError("a scope policy names at least one scope")
    return ScopePolicy(any_of)


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
