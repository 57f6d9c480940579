"""The keys that tokens are verified with: one from the settings, or the issuer's key set (JWKS, RFC 7517), which rotates.

Each key verifies its own algorithm alone: what a token's header says picks a key and never how it is used (RFC 8725 §3.1). A
key set is read again every five minutes, and when a token names a key that is not in it; what is withdrawn from it ends then,
also for tokens that were verified before. While the issuer does not answer the keys that are known go on, and the gauge
`token_keys_age_seconds` tells.
"""

import asyncio
import logging
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import jwt
import orjson

from shared.loops import Loop

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
OF_KEY_SETS = ("RS256", "ES256", "EdDSA")  # a key set is public: a shared secret has no place in it
SECRET_BYTES_MIN = 32  # RFC 7518 §3.2: as long as the hash
REFRESH_SECONDS = 300.0  # how long a key that the issuer has withdrawn may still open doors
ASKED_SECONDS_MIN = 10.0  # between two looks for keys that tokens name: anybody can name one
FETCH_SECONDS_MAX = 5.0
KEY_SET_BYTES_MAX = 256 * 1024
KEYS_MAX = 100

log = logging.getLogger(__name__)
_PEM = re.compile(
    r"(?P<begin>-----BEGIN [A-Z ]*PUBLIC KEY-----)(?P<body>[A-Za-z0-9+/=\s]+)(?P<end>-----END [A-Z ]*PUBLIC KEY-----)"
)


class KeysUnavailable(Exception):
    """The issuer's key set cannot be read, so that whether a token is genuine is not known."""


class Keys(Protocol):
    """Where keys come from; `generation` changes when what was verified before must be verified again."""

    generation: int

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None: ...

    def loops(self) -> Sequence[Loop]: ...


class OneKey:
    """The one key of the settings: for HS256 a secret of at least 32 bytes, else the issuer's public key in PEM."""

    generation = 0

    def __init__(self, key: str, algorithm: str) -> None:
        if algorithm not in ALGORITHMS:
            raise ValueError(f"the token algorithm must be one of {', '.join(ALGORITHMS)}")
        if algorithm == "HS256" and len(key.encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"the token key must be at least {SECRET_BYTES_MIN} bytes long")
        if algorithm != "HS256":
            key = _pem(key)
        kind = jwt.get_algorithm_by_name(algorithm)
        self._key = jwt.PyJWK(kind.to_jwk(kind.prepare_key(key), as_dict=True), algorithm)

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the key for its own algorithm, whatever name a token has for it."""
        return self._key if algorithm == self._key.algorithm_name else None

    def loops(self) -> Sequence[Loop]:
        return ()


def _pem(key: str) -> str:
    """Return a public key in PEM form; its lines may be joined by spaces, as in an environment file."""
    parts = _PEM.fullmatch(key.strip())
    if parts is None:
        raise ValueError("the token key must be a public key in PEM form")
    return "\n".join((parts["begin"], *parts["body"].split(), parts["end"], ""))


class KeySet:
    """The issuer's key set at an `https:` address (`http:` on this machine alone) or in a `file:`."""

    def __init__(
        self,
        url: str,
        *,
        certificates: Path | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.generation = 0
        self._url = url
        self._certificates = certificates
        self._transport = transport
        self._now = now
        self._keys: Mapping[tuple[str, str], jwt.PyJWK] = {}
        self._texts: bytes = b""
        self._tried_at = float("-inf")
        self._read_at = now()
        self._failed = True
        self._reading = asyncio.Lock()

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the key of that name; one that is not known is looked for once more, at most every ten seconds.

        Raises `KeysUnavailable` where it is not known and the issuer does not answer.
        """
        if kid is None:
            return None
        found = self._keys.get((kid, algorithm))
        if found is None:
            async with self._reading:
                found = self._keys.get((kid, algorithm))
                if found is None and self._now() - self._tried_at >= ASKED_SECONDS_MIN:
                    await self._read()
                    found = self._keys.get((kid, algorithm))
        if found is None and self._failed:
            raise KeysUnavailable
        return found

    def age_seconds(self) -> float:
        """Return how long ago the key set was read, or since when it could not be."""
        return self._now() - self._read_at

    def loops(self) -> Sequence[Loop]:
        return (self._run,)

    async def _run(self) -> None:
        while True:
            async with self._reading:
                await self._read()
            await asyncio.sleep(ASKED_SECONDS_MIN if self._failed else REFRESH_SECONDS)

    async def _read(self) -> None:
        self._tried_at = self._now()
        try:
            async with asyncio.timeout(FETCH_SECONDS_MAX):
                text = await self._fetch()
            keys = self._keys if text == self._texts else read(text)
        except (httpx.HTTPError, OSError, ValueError) as fault:
            self._failed = True
            log.warning("token_keys.unavailable", extra={"error": type(fault).__name__, "repeats": True})
            return
        if keys is not self._keys:
            log.info("token_keys.changed", extra={"keys": len(keys)})
            self._keys, self._texts = keys, text
            self.generation += 1
        self._failed, self._read_at = False, self._now()

    async def _fetch(self) -> bytes:
        if self._url.startswith("file:"):
            return await asyncio.to_thread(_head, Path(urlsplit(self._url).path))
        verify = ssl.create_default_context(cafile=self._certificates)
        client = httpx.AsyncClient(verify=verify, transport=self._transport, timeout=FETCH_SECONDS_MAX, trust_env=False)
        async with client, client.stream("GET", self._url) as answer:
            if answer.status_code != 200:
                raise ValueError("not 200")
            text = b""
            async for part in answer.aiter_bytes():
                text += part
                if len(text) > KEY_SET_BYTES_MAX:
                    raise ValueError("too long")
            return text


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(KEY_SET_BYTES_MAX + 1)


def read(text: bytes) -> Mapping[tuple[str, str], jwt.PyJWK]:
    """Return the keys of a key set by name and algorithm, without those that are of no use here.

    Raises `ValueError` where it is no key set, is too large or holds no key at all: nobody means to lock everybody out.
    """
    document = orjson.loads(text)
    given = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(given, list) or len(given) > KEYS_MAX or len(text) > KEY_SET_BYTES_MAX:
        raise ValueError("no key set")
    keys = {(made.key_id, made.algorithm_name): made for each in given if (made := _usable(each))}
    if not keys:
        raise ValueError("no usable key")
    return {(str(kid), algorithm): key for (kid, algorithm), key in keys.items()}


def _usable(given: Any) -> jwt.PyJWK | None:
    if not isinstance(given, dict) or not isinstance(given.get("kid"), str) or given.get("use", "sig") != "sig":
        return None
    if "d" in given or given.get("kty") == "oct":  # a private key, or a secret, that everybody can read
        return None
    try:
        made = jwt.PyJWK(given)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return made if made.algorithm_name in OF_KEY_SETS else None
