"""`wattline trace`: walk from a document back to the meter, or on to the money, over the REST interfaces of all services."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from services.command import remote
from shared.settings import SERVICES

DOCUMENTS_MAX = 10_000  # a payment over years of bills, or all that came of an upload
DERIVED_MAX = 100  # of one document, in each service: a tariff has priced the bills of a whole utility
Key = tuple[str, str, str]
"""Service, kind and id of a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document of the walk, how far from the first it lies, and what it leads to; `cut`: services that know of more."""

    depth: int
    key: Key
    document: Mapping[str, Any]
    leads_to: tuple[Key, ...]
    cut: tuple[str, ...] = ()

    @property
    def is_missing(self) -> bool:
        """Whether a document names it, and its service has none."""
        return bool(self.document.get("missing"))


@dataclass(slots=True)
class Walk:
    """A walk from a document: back to all that it was derived from, or forward to all that was derived from it.

    Each document comes once. `is_cut`: there are more than `documents_max`.
    """

    forward: bool = False
    documents_max: int = DOCUMENTS_MAX
    derived_max: int = DERIVED_MAX
    is_cut: bool = field(default=False, init=False)

    async def of(self, service: str | None, kind: str, document_id: str) -> AsyncIterator[Found]:
        """Yield what is found, the first document itself first; without a service, each is asked for it.

        Raises `remote.Refused` where the first document is unknown; one further on that is unknown is yielded as missing.
        """
        async with AsyncExitStack() as stack:
            clients = {name: await stack.enter_async_context(remote.client(name)) for name in SERVICES}
            begin = (service or await _owner(clients, kind, document_id), kind, document_id)
            queue: deque[tuple[int, Key]] = deque([(0, begin)])
            seen = {begin}
            while queue:
                depth, key = queue.popleft()
                found = await self._found(clients, depth, key)
                yield found
                # depth first, so that the listing reads as a tree
                for other in reversed(found.leads_to):
                    if other in seen:
                        continue
                    if len(seen) >= self.documents_max:
                        self.is_cut = True
                        continue
                    seen.add(other)
                    queue.appendleft((depth + 1, other))

    async def _found(self, clients: Mapping[str, httpx.AsyncClient], depth: int, key: Key) -> Found:
        node = await _document(clients[key[0]], key, required=depth == 0)
        if not self.forward:
            back = tuple((each["service"], each["kind"], each["id"]) for each in node["derived_from"])
            return Found(depth=depth, key=key, document=node["document"], leads_to=back)
        pages = await asyncio.gather(*(self._derived(client, key) for client in clients.values()))
        on = tuple((each["service"], each["kind"], each["id"]) for page in pages for each in page["items"])
        cut = tuple(name for name, page in zip(clients, pages, strict=True) if page["next_cursor"] is not None)
        return Found(depth=depth, key=key, document=node["document"], leads_to=on, cut=cut)

    async def _derived(self, client: httpx.AsyncClient, key: Key) -> dict[str, Any]:
        path = "/v1/derived/" + "/".join(quote(part) for part in key)
        page: dict[str, Any] = await remote.call(client, "GET", path, params={"limit": self.derived_max})
        return page


async def _owner(clients: Mapping[str, httpx.AsyncClient], kind: str, document_id: str) -> str:
    """Return the service that has a document; raises `remote.Refused` where none has, or several have one of that name."""
    having, refused = [], ""
    for name, client in clients.items():
        try:
            await _document(client, (name, kind, document_id), required=True)
        except remote.Refused as said:
            refused = str(said)
        else:
            having.append(name)
    if len(having) == 1:
        return having[0]
    raise remote.Refused(f"several services have it, say --service: {', '.join(having)}" if having else refused)


async def _document(client: httpx.AsyncClient, key: Key, *, required: bool) -> dict[str, Any]:
    _, kind, document_id = key
    try:
        found: dict[str, Any] = await remote.call(client, "GET", f"/v1/trace/{quote(kind)}/{quote(document_id)}")
    except remote.Refused:
        if required:
            raise
        return {"document": {"missing": True}, "derived_from": []}
    return found


async def show(kind: str, document_id: str, *, service: str | None, forward: bool) -> int:
    """Print the tree behind a document, or before it; 1 where a document on the way is missing."""
    missing = 0
    walk = Walk(forward=forward)
    async for found in walk.of(service, kind, document_id):
        missing += found.is_missing
        facts = " ".join(f"{name}={value}" for name, value in found.document.items())
        print(f"{'  ' * found.depth}{'/'.join(found.key)}  {facts}")
        for name in found.cut:
            print(f"{'  ' * found.depth}  … {name} has more than the first {walk.derived_max}: cut here")
    if walk.is_cut:
        print(f"… more than {walk.documents_max} documents: cut here")
    return 1 if missing else 0
