"""Walks over what was derived from what, in both directions, by the routes of all services: sets of edges to be compared."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import httpx

from shared.settings import SERVICES

Key = tuple[str, str, str]
"""Service, kind and id of a document."""
Edge = tuple[Key, Key]
"""What was derived, and from what."""
Get = Callable[[str, str], Any]
"""Returns the JSON of a path of a service; None where it is not there."""


def key(found: dict[str, str]) -> Key:
    return found["service"], found["kind"], found["id"]


class Walks:
    """Both directions from any documents; each document is asked for once."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._back: dict[Key, list[Key]] = {}
        self._on: dict[Key, list[Key]] = {}
        self.documents: dict[Key, dict[str, Any]] = {}
        self.missing: set[Key] = set()

    def origins(self, of: Key) -> list[Key]:
        """Return what a document says it was derived from."""
        if of not in self._back:
            node = self._get(of[0], f"/v1/trace/{quote(of[1])}/{quote(of[2])}")
            if node is None:
                self.missing.add(of)
            else:
                self.documents[of] = node["document"]
            self._back[of] = [] if node is None else [key(one) for one in node["derived_from"]]
        return self._back[of]

    def derived(self, of: Key) -> list[Key]:
        """Return what all services say was derived from a document, all pages."""
        if of not in self._on:
            found, path = [], "/v1/derived/" + "/".join(quote(part) for part in of)
            for service in SERVICES:
                cursor = ""
                while True:
                    page = self._get(service, f"{path}?limit=500{cursor}")
                    found += [key(one) for one in page["items"]]
                    if page["next_cursor"] is None:
                        break
                    cursor = f"&cursor={page['next_cursor']}"
            self._on[of] = found
        return self._on[of]

    def behind(self, *begin: Key) -> set[Edge]:
        """Return all edges from documents back."""
        return {(of, origin) for of, origin in self._walk(begin, self.origins)}

    def before(self, *begin: Key) -> set[Edge]:
        """Return all edges from documents forward."""
        return {(found, of) for of, found in self._walk(begin, self.derived)}

    @staticmethod
    def _walk(begin: Iterable[Key], leads_to: Callable[[Key], list[Key]]) -> Iterable[tuple[Key, Key]]:
        queue = deque(begin)
        seen = set(begin)
        while queue:
            one = queue.popleft()
            for other in leads_to(one):
                yield one, other
                if other not in seen:
                    seen.add(other)
                    queue.append(other)


def reached(edges: Iterable[Edge], side: int) -> set[Key]:
    """Return the documents at one end of edges."""
    return {edge[side] for edge in edges}


async def both_ways(client: httpx.AsyncClient, service: str, *begin: Key) -> set[Edge]:
    """Walk over all documents of one service from some, back and forward; assert that each edge is found from both its ends."""
    back: dict[Key, set[Key]] = {}
    on: dict[Key, set[Key]] = {}
    queue = deque(begin)
    seen = set(begin)
    while queue:
        one = queue.popleft()
        on[one] = set(await derived(client, one))
        back[one] = set(await origins(client, one)) if one[0] == service else set()
        for other in on[one] | back[one]:
            if other not in seen:
                seen.add(other)
                queue.append(other)
    behind = {(of, origin) for of, known in back.items() for origin in known}
    before = {(found, of) for of, known in on.items() for found in known}
    assert behind == before, (sorted(behind - before), sorted(before - behind))
    return behind


async def origins(client: httpx.AsyncClient, of: Key) -> list[Key]:
    """Return what a document says it was derived from."""
    answer = await client.get(f"/v1/trace/{of[1]}/{of[2]}")
    assert answer.status_code == 200, (of, answer.text)
    return [key(one) for one in answer.json()["derived_from"]]


async def derived(client: httpx.AsyncClient, of: Key, limit: int = 500) -> list[Key]:
    """Return what a service says was derived from a document, page by page."""
    found: list[Key] = []
    cursor = ""
    while True:
        answer = await client.get(f"/v1/derived/{'/'.join(of)}?limit={limit}{cursor}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        found += [key(one) for one in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def kinds(edges: Iterable[Edge]) -> set[tuple[str, str]]:
    """Return the kinds at both ends of edges: of what was derived, and of what it was derived from."""
    return {(of[1], origin[1]) for of, origin in edges}
