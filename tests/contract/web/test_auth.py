"""Who may call: tokens, scopes, org units, signed device messages."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from fastapi import FastAPI

from shared import web
from shared.db.engine import Database
from shared.settings import Settings
from shared.web import auth, devices, errors, token_keys, tokens
from tests.kits import webapp
from tests.kits.webapp import problem

NOTE = {"note_no": "n-1", "org_unit": "zj", "version": 1}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {
        "iss": "wattline",
        "sub": "s",
        "scope": "notes:read",
        "org_units": ["*"],
        "aud": "wattline",
        "iat": now,
        "exp": now + 60,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def headers(key: str = webapp.KEY, **changes: Any) -> dict[str, str]:
    return {"Authorization": "Bearer " + jwt.encode(claims(**changes), key, algorithm="HS256")}


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_a_request_without_a_token_is_told_how_to_authenticate(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/notes")
    problem(answer, 401, "auth.missing_token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_good_token_is_let_in(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/notes", headers=headers())).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": int(time.time()) - 60}, "auth.expired_token"),
        ({"aud": "other"}, "auth.invalid_token"),
        ({"iss": "other"}, "auth.invalid_token"),
        ({"iss": None}, "auth.invalid_token"),
        ({"nbf": int(time.time()) + 10 * webapp.TOKEN_SECONDS}, "auth.invalid_token"),
        ({"exp": int(time.time()) + 2 * 86_400}, "auth.token_lives_too_long"),
        ({"iat": 0}, "auth.token_lives_too_long"),
        ({"iat": int(time.time()) + 10 * webapp.TOKEN_SECONDS}, "auth.invalid_token"),
        ({"exp": None}, "auth.invalid_token"),
        ({"iat": None}, "auth.invalid_token"),
        ({"aud": None}, "auth.invalid_token"),
        ({"sub": None}, "auth.invalid_token"),
        ({"sub": ""}, "auth.invalid_token"),
        ({"sub": "s" * 65}, "auth.invalid_token"),
        ({"scope": ["notes:read"]}, "auth.invalid_token"),
        ({"org_units": "zj"}, "auth.invalid_token"),
        ({"org_units": [1]}, "auth.invalid_token"),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(
    client: httpx.AsyncClient, changes: dict[str, Any], code: str
) -> None:
    problem(await client.get("/v1/notes", headers=headers(**changes)), 401, code)


async def test_a_token_just_past_its_end_is_let_in_within_the_leeway(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/notes", headers=headers(exp=int(time.time()) - 10))).status_code == 200


async def test_a_token_signed_with_another_key_is_refused(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/notes", headers=headers("f" * 40)), 401, "auth.invalid_token")


async def test_an_unsigned_token_is_refused(client: httpx.AsyncClient) -> None:
    unsigned = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims())}."
    answer = await client.get("/v1/notes", headers={"Authorization": f"Bearer {unsigned}"})
    problem(answer, 401, "auth.invalid_token")


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer a.b", "Basic abc", "Bearer " + "x" * 9000, "Bearer ä"])
async def test_what_is_no_token_is_refused(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.get("/v1/notes", headers={"Authorization": value.encode()})
    problem(answer, 401, "auth.invalid_token")


async def test_a_token_without_the_scope_is_forbidden(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/notes", headers=headers(scope="notes:write")), 403, "auth.missing_scope")


async def test_a_caller_is_refused_what_belongs_to_another_org_unit(client: httpx.AsyncClient) -> None:
    given = webapp.bearer("notes:write", org_units=["zj/ningbo"]) | {"Idempotency-Key": "k"}
    answer = await client.post("/v1/notes", json=NOTE | {"org_unit": "zj/ningbo2"}, headers=given)
    problem(answer, 403, "auth.other_org_unit")


async def test_a_policy_is_checked_before_the_body_is_parsed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", content=b"{", headers={"Content-Type": "application/json"})
    problem(answer, 401, "auth.missing_token")


@pytest.mark.parametrize(
    ("own", "asked", "may"),
    [
        (["*"], "zj/hangzhou", True),
        (["zj"], "zj", True),
        (["zj"], "zj/hangzhou/xihu", True),
        (["zj/"], "zj/hangzhou", True),
        (["zj"], "zjx", False),
        (["zj/hangzhou"], "zj", False),
        (["js", "zj/ningbo"], "zj/ningbo", True),
        ([], "zj", False),
    ],
)
async def test_an_org_unit_covers_itself_and_what_is_below(
    client: httpx.AsyncClient, database: Database, own: list[str], asked: str, may: bool
) -> None:
    async with database.begin() as tx:
        await webapp.insert(tx, [webapp.Note(note_no="n", org_unit=asked)])
    listed = (await client.get("/v1/notes", headers=headers(org_units=own))).json()["items"]
    assert bool(listed) is may
    assert auth.Caller("s", org_units=tuple(u.strip("/") for u in own)).may_see(asked) is may


async def test_the_wildcards_of_sql_in_an_org_unit_are_plain_characters(
    client: httpx.AsyncClient, database: Database
) -> None:
    async with database.begin() as tx:
        await webapp.insert(tx, [webapp.Note(note_no="n", org_unit="zj/hangzhou")])
    assert (await client.get("/v1/notes", headers=headers(org_units=["z%", "z_"]))).json()["items"] == []


def keeper(now: Callable[[], float] = time.time) -> tokens.Tokens:
    rules = tokens.Rules(issuer="wattline", audience="wattline", seconds_max=webapp.TOKEN_SECONDS)
    return tokens.Tokens(token_keys.OneKey(webapp.KEY, "HS256"), rules, now=now)


async def test_a_verified_token_is_remembered_no_longer_than_it_is_valid() -> None:
    now = time.time()
    clock = [now]
    kept = keeper(lambda: clock[0])
    token = webapp.token("a")
    assert await kept.bearer(token) is await kept.bearer(token)
    clock[0] = now + webapp.TOKEN_SECONDS + tokens.LEEWAY_SECONDS + 1
    with pytest.raises(errors.Problem) as refused:
        await kept.bearer(token)
    assert refused.value.code == "auth.expired_token"


async def test_no_more_tokens_are_remembered_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "TOKENS_CACHED_MAX", 3)
    kept = keeper()
    for number in range(10):
        await kept.bearer(webapp.token("a", subject=f"s-{number}"))
    assert len(kept._verified) == 3


async def test_a_token_of_an_identity_provider_is_verified_with_its_public_key(database: Database) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    environment = webapp.ENVIRONMENT | {"WATTLINE_TOKEN_KEY": pem.decode(), "WATTLINE_TOKEN_ALGORITHM": "EdDSA"}
    app = webapp.build(database, settings=Settings.load(environment))
    async with webapp.client(app) as client:
        good = jwt.encode(claims(), private, algorithm="EdDSA")
        assert (await client.get("/v1/notes", headers={"Authorization": f"Bearer {good}"})).status_code == 200
        # the classic: an HS256 token whose secret is the public key, which everybody has
        signing = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims())}"
        proof = hmac.digest(pem.strip(), signing.encode(), "sha256")
        forged = signing + "." + base64.urlsafe_b64encode(proof).decode().rstrip("=")
        answer = await client.get("/v1/notes", headers={"Authorization": f"Bearer {forged}"})
        problem(answer, 401, "auth.invalid_token")


@pytest.mark.parametrize(
    ("key", "algorithm"), [("short", "HS256"), ("k" * 40, "none"), ("k" * 40, "RS256"), ("k" * 40, "HS512")]
)
def test_a_weak_key_or_algorithm_is_refused_at_start(key: str, algorithm: str) -> None:
    with pytest.raises(ValueError, match=r"token (key|algorithm)"):
        token_keys.OneKey(key, algorithm)


def test_a_route_without_a_policy_fails_at_registration() -> None:
    router = web.Router("/v1")
    with pytest.raises(TypeError, match="policy"):
        router.get("/open")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="declares no policy"):
        router.get("/open", policy=None)(webapp.hang)  # type: ignore[arg-type]


def test_a_route_that_bypasses_the_router_is_found(database: Database) -> None:
    app: FastAPI = webapp.build(database)
    assert ("GET", "/v1/notes", auth.scope("notes:read")) in web.policies(app)
    app.get("/open")(webapp.hang)
    with pytest.raises(TypeError, match="/open"):
        web.policies(app)


# --- devices


def signed(body: bytes, *, device_id: str = "headend-1", key_id: str = "1", **options: Any) -> dict[str, str]:
    key = options.pop("key", None) or devices.key_of(webapp.KEY, device_id, key_id)
    given = {"method": "POST", "target": "/v1/pushes"} | options
    return devices.sign(key=key, device_id=device_id, body=body, **given) | {"Content-Type": "application/json"}


BODY = json.dumps(NOTE).encode()


async def test_a_signed_device_message_is_let_in(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/pushes", content=BODY, headers=signed(BODY))).status_code == 200


async def test_the_signature_covers_the_query(client: httpx.AsyncClient) -> None:
    good = signed(BODY, target="/v1/pushes?tag=a%20b")
    assert (await client.post("/v1/pushes?tag=a%20b", content=BODY, headers=good)).status_code == 200
    answer = await client.post("/v1/pushes?tag=other", content=BODY, headers=signed(BODY, target="/v1/pushes?tag=a"))
    problem(answer, 401, "auth.invalid_signature")


async def test_a_changed_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/pushes", content=BODY.replace(b"n-1", b"n-2"), headers=signed(BODY))
    problem(answer, 401, "auth.invalid_signature")


@pytest.mark.parametrize(
    "options",
    [
        {"method": "PUT"},
        {"target": "/v1/other"},
        {"key_id": "2"},
        {"key_id": ""},
        {"key": b"x" * 32},
        {"device_id": "headend-unknown"},
        {"device_id": "headend-stolen"},
    ],
)
async def test_a_message_that_proves_nothing_is_refused(client: httpx.AsyncClient, options: dict[str, Any]) -> None:
    answer = await client.post("/v1/pushes", content=BODY, headers=signed(BODY, **options))
    problem(answer, 401, "auth.invalid_signature")


@pytest.mark.parametrize("skew", [-devices.WINDOW_SECONDS - 5, devices.WINDOW_SECONDS + 5])
async def test_a_message_outside_its_time_window_is_refused(client: httpx.AsyncClient, skew: int) -> None:
    answer = await client.post("/v1/pushes", content=BODY, headers=signed(BODY, timestamp=int(time.time()) + skew))
    problem(answer, 401, "auth.stale_message")


@pytest.mark.parametrize("skew", [-devices.WINDOW_SECONDS + 5, devices.WINDOW_SECONDS - 5])
async def test_a_message_inside_its_time_window_is_let_in(client: httpx.AsyncClient, skew: int) -> None:
    given = signed(BODY, timestamp=int(time.time()) + skew)
    assert (await client.post("/v1/pushes", content=BODY, headers=given)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "WATTLINE-HMAC-SHA256 ",
        'WATTLINE-HMAC-SHA256 device="a",timestamp="1",nonce="short",signature="00"',
        'WATTLINE-HMAC-SHA256 device="a b",timestamp="1",nonce="' + "n" * 16 + '",signature="' + "0" * 64 + '"',
    ],
)
async def test_an_ill_formed_signature_is_refused(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.post("/v1/pushes", content=BODY, headers={"Authorization": header})
    problem(answer, 401, "auth.invalid_signature")


async def test_a_device_may_not_use_a_route_for_people(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/notes", headers=signed(b"", method="GET", target="/v1/notes"))
    problem(answer, 401, "auth.invalid_token")


async def test_a_person_with_the_scope_may_use_a_route_for_devices(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/pushes", json=NOTE, headers=webapp.bearer("notes:write"))).status_code == 200


async def test_a_service_that_knows_no_devices_refuses_their_messages(database: Database) -> None:
    async with webapp.client(webapp.build(database, devices=None)) as client:
        answer = await client.post("/v1/pushes", content=BODY, headers=signed(BODY))
    problem(answer, 401, "auth.device_not_accepted")


async def test_both_keys_of_a_device_that_has_two_are_taken_and_no_third(database: Database) -> None:
    async def lookup(_device_id: str) -> devices.DeviceRecord:
        return devices.DeviceRecord(key_ids=("new", "old"), active=True, org_unit="zj")

    async with webapp.client(webapp.build(database, devices=devices.Devices(webapp.KEY, lookup))) as client:
        for key_id, status in (("new", 200), ("old", 200), ("older", 401), ("", 401)):
            answer = await client.post("/v1/pushes", content=BODY, headers=signed(BODY, key_id=key_id))
            assert answer.status_code == status, key_id


async def test_a_device_without_a_live_key_is_refused(database: Database) -> None:
    async def lookup(_device_id: str) -> devices.DeviceRecord:
        return devices.DeviceRecord(key_ids=(), active=True, org_unit="zj")

    async with webapp.client(webapp.build(database, devices=devices.Devices(webapp.KEY, lookup))) as client:
        answer = await client.post("/v1/pushes", content=BODY, headers=signed(BODY, key_id=""))
    problem(answer, 401, "auth.invalid_signature")


def test_a_short_master_key_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="master key"):
        devices.Devices("short", webapp.known_devices)


def test_a_key_is_of_one_device_and_one_id() -> None:
    assert devices.key_of(webapp.KEY, "d", "1") != devices.key_of(webapp.KEY, "d", "2")
    assert devices.key_of(webapp.KEY, "d:1", "1") != devices.key_of(webapp.KEY, "d", "11")
