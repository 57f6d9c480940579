"""`wattline trace`: walk from a payment back to the meter, over the REST interfaces of all services."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

import httpx

from services.command import remote
from shared.settings import SERVICES

DOCUMENTS_MAX = 10_000  # a payment over years of bills; more is a cycle in the data


async def walk(service: str, kind: str, document_id: str) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Yield (depth, document) of everything that a document was derived from, itself first; each document once.

    Raises `remote.Refused` where the first document is unknown; one further back that is unknown is yielded as missing.
    """
    async with AsyncExitStack() as stack:
        clients = {name: await stack.enter_async_context(remote.client(name)) for name in SERVICES}
        queue: deque[tuple[int, str, str, str]] = deque([(0, service, kind, document_id)])
        seen = {(service, kind, document_id)}
        while queue:
            depth, owner, kind, document_id = queue.popleft()
            found = await _document(clients[owner], owner, kind, document_id, required=depth == 0)
            yield depth, found
            # depth first, so that the listing reads as a tree
            for origin in reversed(found["derived_from"]):
                key = origin["service"], origin["kind"], origin["id"]
                if key not in seen and len(seen) < DOCUMENTS_MAX:
                    seen.add(key)
                    queue.appendleft((depth + 1, *key))


async def _document(
    client: httpx.AsyncClient, service: str, kind: str, document_id: str, *, required: bool
) -> dict[str, Any]:
    try:
        found: dict[str, Any] = await remote.call(client, "GET", f"/v1/trace/{quote(kind)}/{quote(document_id)}")
    except remote.Refused:
        if required:
            raise
        return {"service": service, "kind": kind, "id": document_id, "document": {"missing": True}, "derived_from": []}
    return found


async def payment(payment_id: str, *, service: str = "collection", kind: str = "payment") -> int:
    """Print the tree behind a payment; 1 where a document on the way is missing."""
    missing = 0
    async for depth, found in walk(service, kind, payment_id):
        missing += bool(found["document"].get("missing"))
        facts = " ".join(f"{name}={value}" for name, value in found["document"].items())
        print(f"{'  ' * depth}{found['service']}/{found['kind']}/{found['id']}  {facts}")
    return 1 if missing else 0
