"""Whatever stands in a token, signed with the right key or not, it is refused with a code and never an error of the service."""

import base64
import hmac
import json
import random
import time
from typing import Any

import httpx
import pytest

from shared.db.engine import Database
from tests.kits import webapp

SEED = 20261129
ODD: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "negative": -1,
    "fraction": 1.5,
    "huge": 10**400,
    "infinite": float("inf"),
    "no number": float("nan"),
    "empty": "",
    "digits": str(int(time.time()) + 60),
    "NUL": "a\0b",
    "only NUL": "\0",
    "line": "a\nb",
    "half a pair": "\ud800",
    "spaces": "  ",
    "long": "x" * 3000,
    "slash": "/",
    "Chinese": "杭州",
    "list": ["a"],
    "empty list": [],
    "list of NUL": ["zj\0"],
    "list of surrogates": ["\udfff"],
    "list of null": [None],
    "list of lists": [["zj"]],
    "many": ["zj"] * 1000,
    "object": {"a": {"b": [1]}},
    "deep": json.loads("[" * 500 + "]" * 500),
}
CLAIMS = ("iss", "aud", "sub", "iat", "exp", "nbf", "jti", "scope", "org_units", "unknown")
HEADERS = ("alg", "kid", "typ", "crit", "b64", "jwk", "jku", "zip", "cty")


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(header: Any, claims: Any) -> str:
    """Return a token with a right signature, of whatever is given: `jwt.encode` would refuse most of it."""
    text = encoded(json.dumps(header).encode()) + "." + encoded(json.dumps(claims).encode())
    return f"{text}.{encoded(hmac.digest(webapp.KEY.encode(), text.encode(), 'sha256'))}"


def usual() -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": "wattline",
        "sub": "clerk-1",
        "scope": "notes:read notes:write",
        "org_units": ["zj"],
        "aud": "wattline",
        "iat": now,
        "exp": now + 60,
    }


HEADER = {"alg": "HS256", "typ": "JWT"}


async def statuses(client: httpx.AsyncClient, token: str) -> list[int]:
    """Return the answers of a list by org units, and of a write that stores the subject."""
    given = {"Authorization": f"Bearer {token}"}
    note = {"note_no": "n-1", "org_unit": "zj", "version": 1}
    answers = [
        await client.get("/v1/notes", headers=given),
        await client.post("/v1/notes", json=note, headers=given | {"Idempotency-Key": "k"}),
    ]
    for answer in answers:
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"]
    return [answer.status_code for answer in answers]


def within(found: list[int]) -> bool:
    return set(found) <= {200, 201, 400, 401, 403, 409}


async def test_the_usual_token_is_let_in(client: httpx.AsyncClient) -> None:
    assert await statuses(client, signed(HEADER, usual())) == [200, 201]


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
async def test_an_odd_claim_is_refused_or_let_in_and_never_an_error(client: httpx.AsyncClient, value: Any) -> None:
    for claim in CLAIMS:
        found = await statuses(client, signed(HEADER, usual() | {claim: value}))
        assert within(found), claim


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
async def test_an_odd_header_is_refused_or_let_in_and_never_an_error(client: httpx.AsyncClient, value: Any) -> None:
    for name in HEADERS:
        assert within(await statuses(client, signed(HEADER | {name: value}, usual()))), name


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
async def test_what_is_no_object_is_refused(client: httpx.AsyncClient, value: Any) -> None:
    if not isinstance(value, dict):
        assert await statuses(client, signed(value, usual())) == [401, 401]
    assert await statuses(client, signed(HEADER, value)) == [401, 401]


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "a\0b"},
        {"sub": 7},
        {"sub": " clerk"},
        {"sub": "\ud800"},
        {"org_units": ["zj\0"]},
        {"org_units": ["/"]},
        {"org_units": ["x" * 129]},
        {"org_units": ["a"] * 201},
        {"exp": str(int(time.time()) + 60)},
        {"exp": float("inf")},
        {"iat": True},
        {"nbf": int(time.time()) + 10**9},
        {"nbf": "soon"},
        {"aud": ["other", "third"]},
        {"aud": {"wattline": 1}},
        {"iss": ["wattline"]},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_claim_that_means_nothing_here_lets_nobody_in(
    client: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    assert await statuses(client, signed(HEADER, usual() | changes)) == [401, 401]


async def test_as_many_org_units_as_are_allowed_can_be_asked_for(client: httpx.AsyncClient) -> None:
    units = [f"zj/{number}" for number in range(200)]
    assert (await statuses(client, signed(HEADER, usual() | {"org_units": units})))[0] == 200


@pytest.mark.parametrize("header", [{"kid": 5}, {"kid": "a\0"}, {"kid": "k" * 300}, {"crit": ["exp"]}, {"b64": False}])
async def test_a_header_that_is_not_understood_lets_nobody_in(
    client: httpx.AsyncClient, header: dict[str, Any]
) -> None:
    assert await statuses(client, signed(HEADER | header, usual())) == [401, 401]


async def test_random_tokens_are_refused_and_never_an_error(client: httpx.AsyncClient, database: Database) -> None:
    draw = random.Random(SEED)
    good = signed(HEADER, usual())
    for _ in range(300):
        claims = {name: draw.choice(list(ODD.values())) for name in CLAIMS if draw.random() < 0.3}
        header = {name: draw.choice(list(ODD.values())) for name in HEADERS if draw.random() < 0.2}
        assert within(await statuses(client, signed(HEADER | header, usual() | claims)))
        at, byte = draw.randrange(len(good)), draw.choice("._-=aZ0\t~")
        assert within(await statuses(client, good[:at] + byte + good[at + draw.randrange(3) :]))
