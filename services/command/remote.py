"""Commands that act on a running service, over its REST interface."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from services.command import local
from shared import httpclient

PAGES_MAX = 1000  # 500,000 rows: a list that is longer is not for a terminal
JOB_SECONDS_MAX = 620.0  # the server cuts a job at 600


class Refused(Exception):
    """A service answered with a problem; the text is what it said."""


@asynccontextmanager
async def client(service: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of a service with the command's token."""
    settings = local.client_settings()
    async with httpclient.client(settings.url_of(service), token=local.token(settings)) as opened:
        yield opened


async def call(opened: httpx.AsyncClient, method: str, path: str, **options: Any) -> Any:
    """Return the JSON of an answer; raises `Refused` with the code and title of a problem."""
    try:
        answer = await opened.request(method, path, **options)
    except httpx.TransportError as away:
        raise Refused(f"{opened.base_url} does not answer ({type(away).__name__})") from None
    if answer.is_success:
        return answer.json()
    try:
        problem = answer.json()
        raise Refused(f"{answer.status_code} {problem['code']}: {problem['title']} {problem.get('detail', '')}".strip())
    except (ValueError, KeyError):
        raise Refused(f"{opened.base_url} answered {answer.status_code}") from None


async def pages(opened: httpx.AsyncClient, path: str, **query: str) -> AsyncIterator[dict[str, Any]]:
    """Yield the items of a list, page by page."""
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        asked = query | {"limit": "500"} | ({"cursor": cursor} if cursor else {})
        page = await call(opened, "GET", path, params=asked)
        for item in page["items"]:
            yield item
        cursor = page["next_cursor"]
        if cursor is None:
            return


def show(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


async def job(service: str, name: str, business_date: str) -> None:
    """Run a job for a business date and print what it did."""
    async with client(service) as opened:
        body = {"business_date": business_date}
        # does nothing twice: it may be tried again where it was shed
        again = {"Idempotency-Key": f"{name}/{business_date}"}
        show(await call(opened, "POST", f"/v1/jobs/{name}/runs", json=body, headers=again, timeout=JOB_SECONDS_MAX))


async def list_dead_letters(service: str) -> None:
    """Print the facts that a service has set aside, one JSON object per line."""
    async with client(service) as opened:
        async for letter in pages(opened, "/v1/dead-letters"):
            show(letter)


async def replay_dead_letters(service: str, ids: list[int]) -> None:
    """Have a service handle the named facts again, or all."""
    async with client(service) as opened:
        show(await call(opened, "POST", "/v1/dead-letters/replay", json={"ids": ids or None}))


async def make_device_key(device_id: str, overlap_until: datetime | None) -> None:
    """Make a key for a device, and print it."""
    body = {"overlap_until": overlap_until.isoformat() if overlap_until else None}
    async with client("reading") as opened:
        made = await call(opened, "POST", f"/v1/devices/{quote(device_id, safe='')}/keys", json=body)
    print(made["key"])


async def discard_dead_letters(service: str, ids: list[int], reason: str) -> None:
    """Ask that named facts that a service has set aside are discarded; a second person approves it (`/v1/approvals`)."""
    async with client(service) as opened:
        show(await call(opened, "POST", "/v1/dead-letters/discards", json={"ids": ids, "reason": reason}))


ADOPTED = ("usages", "bills")
HEARD_MAX = 100  # usages in one call, with their curves


async def adopt(what: str, subject: str) -> None:
    """Have a restored service keep what it told since the dump as it was heard, and print what became of each.

    What is `awaiting_approval` a second person approves by the `id` that is printed (`/v1/approvals`).
    `usages` of a service point: reading, as billing heard them. `bills` of an account: billing, as collection has posted
    them, and its adjustments and charges.
    """
    if what == "usages":
        await _adopt("billing", "reading", "/v1/heard-usages", {"service_point_no": subject}, {}, HEARD_MAX)
    else:
        await _adopt(
            "collection", "billing", "/v1/posted-documents", {"account_no": subject}, {"account_no": subject}, 500
        )


async def _adopt(hearer: str, teller: str, path: str, query: dict[str, str], body: dict[str, str], most: int) -> None:
    async with client(hearer) as one, client(teller) as two:
        heard = [item async for item in pages(one, path, **query)]
        for start in range(0, len(heard), most):
            items = heard[start : start + most]
            answer = await call(two, "POST", path, json=body | {"items": items})
            for item, outcome in zip(items, answer["outcomes"], strict=True):
                show({"document": item.get("usage_id") or item["document_id"]} | outcome)
