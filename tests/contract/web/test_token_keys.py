"""The issuer's key set: read, cached, rotated, withdrawn, out of reach."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.db.engine import Database
from shared.metrics import Metrics
from shared.settings import Settings
from shared.web import errors, token_keys, tokens
from shared.web.token_keys import KeySet
from tests.kits import webapp

URL = "https://issuer.example/keys"
ISSUER = "https://issuer.example"
RULES = tokens.Rules(issuer=ISSUER, audience="wattline", seconds_max=3600)
ED = ed25519.Ed25519PrivateKey.generate()
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)
KINDS = {"EdDSA": ED, "ES256": EC, "RS256": RSA}


def public(key: Any, kid: Any, algorithm: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return made | {"kid": kid, "alg": algorithm, "use": "sig"} | more


def token(key: PrivateKeyTypes, kid: str | None, algorithm: str = "EdDSA", **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "s", "aud": "wattline", "iat": now, "exp": now + 60, "scope": "notes:read"}
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims | changes, key, algorithm=algorithm, headers=headers)  # type: ignore[arg-type]


class Issuer:
    """An issuer that answers with what it has, and counts how often it was asked."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys: Any = list(keys)
        self.status = 200
        self.asked = 0
        self.clock = 0.0
        self.set = KeySet(URL, transport=httpx.MockTransport(self._answer), now=lambda: self.clock)
        self.tokens = tokens.Tokens(self.set, RULES)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.status == 0:
            raise httpx.ConnectError("away")
        body = self.keys if isinstance(self.keys, bytes) else json.dumps({"keys": self.keys}).encode()
        return httpx.Response(self.status, content=body, headers={"Location": "https://elsewhere.example"})

    async def lets_in(self, given: str) -> str:
        """Return `yes`, or the code of the refusal."""
        try:
            await self.tokens.bearer(given)
        except errors.Problem as refused:
            return refused.code
        return "yes"


@pytest.mark.parametrize("algorithm", KINDS)
async def test_each_algorithm_of_the_list_is_verified_by_the_set(algorithm: str) -> None:
    issuer = Issuer(*(public(key, f"k-{name}", name) for name, key in KINDS.items()))
    assert await issuer.lets_in(token(KINDS[algorithm], f"k-{algorithm}", algorithm)) == "yes"
    assert issuer.asked == 1


@pytest.mark.parametrize("algorithm", KINDS)
async def test_one_key_in_pem_may_stand_in_one_line(algorithm: str) -> None:
    pem = KINDS[algorithm].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    given = token(KINDS[algorithm], None, algorithm)
    for text in (pem, pem.replace("\n", " "), pem.replace("\n", "\r\n")):
        one = tokens.Tokens(token_keys.OneKey(text, algorithm), RULES)
        assert (await one.bearer(given)).subject == "s"


async def test_a_key_of_the_same_name_verifies_its_own_algorithm_alone() -> None:
    issuer = Issuer(public(RSA, "k", "RS256"), public(ED, "k", "EdDSA"))
    assert await issuer.lets_in(token(RSA, "k", "RS256")) == "yes"
    assert await issuer.lets_in(token(ED, "k", "EdDSA")) == "yes"
    assert await issuer.lets_in(token(RSA, "k", "PS256")) == "auth.invalid_token"
    assert await issuer.lets_in(token(EC, "k", "ES256")) == "auth.invalid_token"
    shared_secret = jwt.encode({"sub": "s"}, "x" * 40, algorithm="HS256", headers={"kid": "k"})
    assert await issuer.lets_in(shared_secret) == "auth.invalid_token"


async def test_a_token_that_names_no_key_is_refused() -> None:
    assert await Issuer(public(ED, "a", "EdDSA")).lets_in(token(ED, None)) == "auth.invalid_token"


@pytest.mark.parametrize(
    "useless",
    [
        {"kty": "oct", "k": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg", "alg": "HS256", "kid": "b"},
        {"kty": "OKP", "crv": "Ed25519", "x": "", "kid": "b"},
        {"kty": "RSA", "n": "AQAB", "e": 5, "kid": "b"},
        {"kty": [], "kid": "b"},
        {"kid": 7},
        {"kty": "EC", "crv": "P-384", "alg": "ES384", "kid": "b"},
        public(ED, None, "EdDSA"),
        public(ED, "b", "EdDSA", use="enc"),
        public(ED, "b", "EdDSA", d="AAAA"),
        public(RSA, "b", "RS512"),
        "text",
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else type(each).__name__,
)
async def test_a_key_of_no_use_spoils_neither_the_set_nor_lets_anybody_in(useless: Any) -> None:
    issuer = Issuer(useless, public(ED, "a", "EdDSA"))
    assert await issuer.lets_in(token(ED, "a")) == "yes"
    assert await issuer.lets_in(token(EC, "b", "ES256")) == "auth.invalid_token"


async def test_a_key_that_is_too_short_lets_nobody_in() -> None:
    issuer = Issuer(public(WEAK, "a", "RS256"))
    with pytest.warns(Warning, match="below the minimum"):
        weak = token(WEAK, "a", "RS256")
    assert await issuer.lets_in(weak) == "auth.invalid_token"


async def test_a_new_key_is_fetched_when_a_token_names_it_within_the_limit() -> None:
    issuer = Issuer(public(ED, "old", "EdDSA"))
    assert await issuer.lets_in(token(ED, "old")) == "yes"
    issuer.keys.append(public(EC, "new", "ES256"))
    assert await issuer.lets_in(token(EC, "new", "ES256")) == "auth.invalid_token"  # asked a moment ago
    issuer.clock += token_keys.ASKED_SECONDS_MIN
    assert await issuer.lets_in(token(EC, "new", "ES256")) == "yes"
    assert await issuer.lets_in(token(ED, "old")) == "yes"
    assert issuer.asked == 2


async def test_names_that_nobody_has_do_not_flood_the_issuer() -> None:
    issuer = Issuer(public(ED, "a", "EdDSA"))
    for number in range(200):
        assert await issuer.lets_in(token(ED, f"unknown-{number}")) == "auth.invalid_token"
    assert issuer.asked == 1


async def test_many_at_once_ask_once() -> None:
    issuer = Issuer(public(ED, "a", "EdDSA"))
    given = token(ED, "a")
    assert await asyncio.gather(*(issuer.lets_in(given) for _ in range(50))) == ["yes"] * 50
    assert issuer.asked == 1


async def test_a_withdrawn_key_lets_nobody_in_who_was_verified_before() -> None:
    issuer = Issuer(public(ED, "stolen", "EdDSA"), public(EC, "b", "ES256"))
    given = token(ED, "stolen")
    assert await issuer.lets_in(given) == "yes"
    issuer.keys = [public(EC, "b", "ES256")]
    issuer.clock += token_keys.REFRESH_SECONDS
    await issuer.set._read()
    assert await issuer.lets_in(given) == "auth.invalid_token"


async def test_a_set_that_did_not_change_leaves_what_was_verified() -> None:
    issuer = Issuer(public(ED, "a", "EdDSA"))
    given = token(ED, "a")
    kept = await issuer.tokens.bearer(given)
    await issuer.set._read()
    assert await issuer.tokens.bearer(given) is kept


def away(issuer: Issuer) -> None:
    issuer.status = 0


def failing(issuer: Issuer) -> None:
    issuer.status = 500


def redirecting(issuer: Issuer) -> None:
    issuer.status = 302


def empty(issuer: Issuer) -> None:
    issuer.keys = []


def another_document(issuer: Issuer) -> None:
    issuer.keys = b"<html>sign in</html>"


def huge(issuer: Issuer) -> None:
    issuer.keys = b"[" * (token_keys.KEY_SET_BYTES_MAX + 1)


def of_too_many_keys(issuer: Issuer) -> None:
    issuer.keys = [public(EC, f"k-{number}", "ES256") for number in range(token_keys.KEYS_MAX + 1)]


FAULTS = [away, failing, redirecting, empty, another_document, huge, of_too_many_keys]


@pytest.mark.parametrize("fault", FAULTS)
async def test_while_the_issuer_is_out_of_reach_known_keys_go_on_and_its_age_is_told(
    fault: Callable[[Issuer], None],
) -> None:
    issuer = Issuer(public(ED, "a", "EdDSA"))
    assert await issuer.lets_in(token(ED, "a")) == "yes"
    fault(issuer)
    issuer.clock += 1000
    await issuer.set._read()
    assert await issuer.lets_in(token(ED, "a", sub="another")) == "yes"
    assert issuer.set.age_seconds() == 1000
    assert await issuer.lets_in(token(EC, "b", "ES256")) == "auth.keys_unavailable"  # genuine or not is not known


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_service_that_never_saw_the_keys_says_so_and_recovers(fault: Callable[[Issuer], None]) -> None:
    issuer = Issuer(public(ED, "a", "EdDSA"))
    good = issuer.keys
    fault(issuer)
    assert await issuer.lets_in(token(ED, "a")) == "auth.keys_unavailable"
    issuer.status, issuer.keys = 200, good
    issuer.clock += token_keys.ASKED_SECONDS_MIN
    assert await issuer.lets_in(token(ED, "a")) == "yes"
    assert issuer.set.age_seconds() == 0


async def test_a_key_set_in_a_file_rotates_over_http_routes_and_shows_its_age(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.json"
    environment = {
        "WATTLINE_TOKEN_KEYS_URL": file.as_uri(),
        "WATTLINE_TOKEN_ISSUER": ISSUER,
    }
    monkeypatch.setattr(token_keys, "ASKED_SECONDS_MIN", 0)
    metrics = Metrics()
    app = webapp.build(database, settings=Settings.load(environment), metrics=metrics)
    async with webapp.client(app) as client:

        async def asked(key: PrivateKeyTypes, kid: str) -> httpx.Response:
            given = {"Authorization": f"Bearer {token(key, kid, org_units=['*'])}"}
            return await client.get("/v1/notes", headers=given)

        missing = await asked(ED, "a")
        webapp.problem(missing, 503, "auth.keys_unavailable")
        assert missing.headers["retry-after"]
        file.write_text(json.dumps({"keys": [public(ED, "a", "EdDSA")]}))
        assert (await asked(ED, "a")).status_code == 200
        other = ed25519.Ed25519PrivateKey.generate()
        file.write_text(json.dumps({"keys": [public(other, "b", "EdDSA")]}))
        assert (await asked(other, "b")).status_code == 200
        webapp.problem(await asked(ED, "a"), 401, "auth.invalid_token")
    assert b"token_keys_age_seconds" in metrics.exposition()


async def test_the_loop_reads_the_set_over_real_http_without_being_asked() -> None:
    body = json.dumps({"keys": [public(ED, "a", "EdDSA")]}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()
        answered.set()

    answered = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    keys = KeySet(f"http://127.0.0.1:{port}/keys")
    [loop] = keys.loops()
    running = asyncio.create_task(loop())
    async with server, asyncio.timeout(10):
        await answered.wait()
        assert await keys.find("a", "EdDSA") is not None
    running.cancel()


async def test_an_issuer_that_never_answers_is_given_up() -> None:
    async def hang(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    keys = KeySet(URL, transport=httpx.MockTransport(hang))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(token_keys, "FETCH_SECONDS_MAX", 0.01)
        with pytest.raises(token_keys.KeysUnavailable):
            await keys.find("a", "EdDSA")
