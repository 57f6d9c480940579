"""Callers that come too often: each is refused for itself (429 with Retry-After), and the memory of them is bounded."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.db.engine import Database
from shared.logging import Sparing
from shared.metrics import Metrics
from shared.settings import Settings
from shared.web import devices, errors
from shared.web.rates import BURST_SECONDS, CALLERS_MAX, Rate
from tests.attack.sockets import LIVE, code_of, send, serving, status_of
from tests.kits import webapp
from tests.kits.webapp import bearer, problem

SLOW = {
    f"WATTLINE_{who}_REQUESTS_PER_SECOND": text for who, text in (("CLIENT", "1"), ("DEVICE", "2"), ("STRANGER", "1"))
}
READER = bearer("notes:read")


class Now:
    """A clock that is set by hand."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = webapp.build(database, settings=Settings.load(webapp.ENVIRONMENT | SLOW))
    held = app.state.web.rates
    now = Now()
    for rate in (held.clients, held.devices, held.strangers):
        rate._now = now
    async with webapp.client(app) as opened:
        yield opened


def signed(device_id: str, body: bytes) -> dict[str, str]:
    key = devices.key_of(webapp.KEY, device_id, 1)
    header = devices.sign(key=key, device_id=device_id, method="POST", target="/v1/pushes", body=body)
    return header | {"Content-Type": "application/json"}


def too_often(answer: httpx.Response, told: str = "1 a second, 10 at once") -> None:
    assert problem(answer, 429, "request.too_often")["detail"] == told
    assert answer.headers["retry-after"] == "1"


async def test_a_client_that_comes_too_often_is_refused_for_itself(client: httpx.AsyncClient) -> None:
    for _ in range(BURST_SECONDS):
        assert (await client.get("/v1/notes", headers=READER)).status_code == 200
    too_often(await client.get("/v1/notes", headers=READER))
    other = bearer("notes:read", subject="staff-2")
    assert (await client.get("/v1/notes", headers=other)).status_code == 200


async def test_who_came_too_often_is_in_the_log_and_cannot_fill_it(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "shared.web.refusals")
    caplog.handler.addFilter(sparing := Sparing())
    for _ in range(3 * BURST_SECONDS):
        await client.get("/v1/notes", headers=READER)
    caplog.handler.removeFilter(sparing)
    [line] = caplog.records
    assert (line.getMessage(), vars(line)["subject"]) == ("request.refused", "staff-1")
    assert (vars(line)["status"], vars(line)["code"]) == (429, "request.too_often")


async def test_a_device_that_comes_too_often_is_refused(client: httpx.AsyncClient) -> None:
    body = b'{"note_no": "n", "org_unit": "zj"}'
    for _ in range(2 * BURST_SECONDS):
        answer = await client.post("/v1/pushes", content=body, headers=signed("headend-1", body))
        assert answer.status_code == 200
    refused = await client.post("/v1/pushes", content=body, headers=signed("headend-1", body))
    too_often(refused, "2 a second, 20 at once")
    assert (await client.get("/v1/notes", headers=READER)).status_code == 200


async def test_who_claims_to_be_a_device_takes_nothing_from_it(client: httpx.AsyncClient) -> None:
    body = b'{"note_no": "n", "org_unit": "zj"}'
    for _ in range(BURST_SECONDS - 1):
        forged = signed("headend-1", body + b" ")
        assert (await client.post("/v1/pushes", content=body, headers=forged)).status_code == 401
    assert (await client.post("/v1/pushes", content=body, headers=signed("headend-1", body))).status_code == 200


async def test_a_stranger_is_refused_before_a_token_is_looked_at(client: httpx.AsyncClient) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    for _ in range(BURST_SECONDS):
        problem(await client.get("/v1/notes", headers=wrong), 401, "auth.invalid_token")
    too_often(await client.get("/v1/notes", headers=wrong))
    assert (await client.get("/health/live")).status_code == 200


async def test_who_is_known_is_not_charged_for_the_address(client: httpx.AsyncClient) -> None:
    for number in range(BURST_SECONDS + 1):
        answer = await client.get("/v1/notes", headers=bearer("notes:read", subject=f"staff-{number}"))
        assert answer.status_code == 200


async def from_address(client: httpx.AsyncClient, address: str) -> httpx.Response:
    """Ask as a stranger of an address."""
    app = client._transport.app  # type: ignore[attr-defined]
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://tiny") as opened:
        return await opened.get("/v1/notes")


async def test_addresses_of_one_ipv6_network_are_one_stranger(client: httpx.AsyncClient) -> None:
    for number in range(BURST_SECONDS):
        answer = await from_address(client, f"2001:db8:0:1:{number:x}::{number:x}")
        problem(answer, 401, "auth.missing_token")
    too_often(await from_address(client, "2001:db8:0:1::ffff"))
    problem(await from_address(client, "2001:db8:0:2::1"), 401, "auth.missing_token")


async def test_ipv4_addresses_are_strangers_each_for_itself_however_they_are_written(client: httpx.AsyncClient) -> None:
    for _ in range(BURST_SECONDS):
        problem(await from_address(client, "::ffff:192.0.2.1"), 401, "auth.missing_token")
    too_often(await from_address(client, "192.0.2.1"))
    for other in ("::ffff:192.0.2.2", "192.0.2.3", "not: an address"):
        problem(await from_address(client, other), 401, "auth.missing_token")


async def test_over_a_socket_the_address_is_the_callers(database: Database) -> None:
    app = webapp.build(database, settings=Settings.load(webapp.ENVIRONMENT | SLOW))
    app.state.web.rates.strangers._now = Now()
    asking = LIVE.replace(b"/health/live", b"/v1/notes")
    async with serving(app) as port:
        for _ in range(BURST_SECONDS):
            assert code_of(await send(port, [asking])) == (401, "auth.missing_token")
        assert code_of(await send(port, [asking])) == (429, "request.too_often")
        assert status_of(await send(port, [LIVE])) == 200
    assert 'wattline_http_requests_refused_total{reason="strangers"} 1.0' in app.state.web.metrics.exposition().decode()


def rate(per_second: int) -> tuple[Rate, Now]:
    now = Now()
    return Rate("clients", per_second, Metrics("tiny").counter("http_requests_refused_total"), now), now


def test_what_is_left_grows_again_at_the_rate_and_no_higher_than_full() -> None:
    bucket, now = rate(2)
    for later in (0.0, 3600.0):
        now.seconds += later
        for _ in range(2 * BURST_SECONDS):
            bucket.check("a")
            bucket.charge("a")
        with pytest.raises(errors.Problem):
            bucket.check("a")
    now.seconds += 0.5
    bucket.check("a")
    bucket.charge("a")
    with pytest.raises(errors.Problem):
        bucket.check("a")


def test_of_too_many_callers_the_one_that_has_been_away_longest_is_forgotten() -> None:
    bucket, _ = rate(1)
    for number in [*range(CALLERS_MAX), 0, CALLERS_MAX]:
        bucket.charge(str(number))
    assert len(bucket._full_at) == CALLERS_MAX
    assert "0" in bucket._full_at
    assert "1" not in bucket._full_at
