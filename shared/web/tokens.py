"""Bearer tokens: JWT (RFC 7519), verified by signature and claim by claim.

A token has `iss`, `aud`, `sub`, `iat` and `exp`, and lives no longer than the installation allows. Every claim is looked at
before it is used: what is of another type, too long, or holds characters that cannot be shown is refused, so that no token,
genuine or not, gets further than 401.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from shared.web.errors import Problem
from shared.web.token_keys import ASKED_SECONDS_MIN, Keys, KeysUnavailable

ISSUER = "wattline"
LEEWAY_SECONDS = 30  # clocks of the token issuer and of this machine may differ
TOKEN_CHARACTERS_MAX = 8192  # a token with 200 org units takes half of that
TOKENS_CACHED_MAX = 10_000  # one per signed-in person and system; 2 MB
SUBJECT_CHARACTERS_MAX = 64  # audit rows hold it
ORG_UNITS_MAX = 200  # each is a condition of every list
ORG_UNIT_CHARACTERS_MAX = 128
KID_CHARACTERS_MAX = 256
EPOCH_SECONDS_MAX = 253_402_300_799  # the end of the year 9999


def unauthenticated(code: str, title: str) -> Problem:
    return Problem(status=401, code=code, title=title)


def invalid() -> Problem:
    return unauthenticated("auth.invalid_token", "The token is not valid")


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a token says of who has it."""

    subject: str
    scopes: frozenset[str]
    org_units: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a token must say to be taken here."""

    issuer: str
    audience: str
    seconds_max: int


class Tokens:
    """Verifies tokens, and remembers those that were verified by their hash: a signature costs as much as a small request."""

    def __init__(self, keys: Keys, rules: Rules, *, now: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self._rules = rules
        self._now = now
        self._verified: OrderedDict[bytes, tuple[float, int, Bearer]] = OrderedDict()

    async def bearer(self, token: str) -> Bearer:
        """Return whom a token stands for; 401 where it proves nothing, 503 where the issuer's keys are out of reach."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise invalid()
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._verified.get(digest)
        if known and known[0] > self._now() and known[1] == self.keys.generation:
            self._verified.move_to_end(digest)
            return known[2]
        key = await self._key(token)
        generation = self.keys.generation
        claims = self._claims(token, key)
        expires = self._lifetime(claims)
        bearer = _bearer(claims)
        self._verified[digest] = expires + LEEWAY_SECONDS, generation, bearer
        self._verified.move_to_end(digest)
        if len(self._verified) > TOKENS_CACHED_MAX:
            self._verified.popitem(last=False)
        return bearer

    async def _key(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except Exception:  # whatever a token makes of the library, it proves nothing
            raise invalid() from None
        kid, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(algorithm, str) or not (kid is None or _is_text(kid, KID_CHARACTERS_MAX)):
            raise invalid()
        try:
            key = await self.keys.find(kid, algorithm)
        except KeysUnavailable:
            title = "The issuer of the tokens does not answer, and the token's key is not known; try again"
            headers = {"Retry-After": str(int(ASKED_SECONDS_MIN))}
            raise Problem(status=503, code="auth.keys_unavailable", title=title, headers=headers) from None
        if key is None:
            raise invalid()
        return key

    def _claims(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        # the claims of time are checked below, by the clock of this class and without the library's conversions
        options: Any = {
            "require": ["iss", "aud", "sub", "iat", "exp"],
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
            "enforce_minimum_key_length": True,
        }
        rules, algorithms = self._rules, [key.algorithm_name]
        try:
            return jwt.decode(
                token, key, algorithms=algorithms, audience=rules.audience, issuer=rules.issuer, options=options
            )
        except Exception:  # as above
            raise invalid() from None

    def _lifetime(self, claims: Mapping[str, Any]) -> float:
        """Return when a token ends; refuse what is over, has not begun, or lives too long."""
        expires, issued, begins = (_instant(claims, name) for name in ("exp", "iat", "nbf"))
        if expires is None or issued is None:
            raise invalid()
        now = self._now()
        if expires <= now - LEEWAY_SECONDS:
            raise unauthenticated("auth.expired_token", "The token has expired")
        if max(issued, begins or 0.0) > now + LEEWAY_SECONDS:
            raise invalid()
        if expires - issued > self._rules.seconds_max:
            raise unauthenticated("auth.token_lives_too_long", "The token lives longer than is allowed here")
        return expires


def _instant(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= EPOCH_SECONDS_MAX:
        raise invalid()
    return float(value)


def _bearer(claims: Mapping[str, Any]) -> Bearer:
    subject, scope, units = claims.get("sub"), claims.get("scope", ""), claims.get("org_units", [])
    well_formed = (
        _is_text(subject, SUBJECT_CHARACTERS_MAX)
        and isinstance(scope, str)
        and isinstance(units, list)
        and len(units) <= ORG_UNITS_MAX
        and all(_is_text(unit, ORG_UNIT_CHARACTERS_MAX) and unit.strip("/") != "" for unit in units)
    )
    if not well_formed:
        raise invalid()
    return Bearer(str(subject), frozenset(scope.split()), tuple(unit.strip("/") for unit in units))


def _is_text(value: Any, characters_max: int) -> bool:
    """Return whether it is a text that can be stored and shown: no control character, no half of a surrogate pair."""
    return (
        isinstance(value, str) and 0 < len(value) <= characters_max and value.isprintable() and value == value.strip()
    )
