"""No consumer fails at a fact about what it has never heard of, nor at one whose documents are other accounts'.

What fails is set aside, with all later facts of its key, under the name of what was raised: that must say what is wrong.
"""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import pytest

from shared.bus.handling import Handler
from shared.db.engine import Database
from shared.events import contract, envelope
from shared.service import Service
from tests.kits import billing, collection, notify, reading

SERVICES: Final[dict[str, Callable[..., AbstractAsyncContextManager[Any]]]] = {
    "billing": billing.desk,
    "collection": collection.started,
    "notify": notify.started,
    "reading": reading.running,
}


@pytest.fixture(params=sorted(SERVICES))
async def service(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with SERVICES[request.param](database_url, tmp_path) as made:
        yield made.service


async def failures(database: Database, given: list[tuple[Handler, list[Any]]]) -> list[str]:
    """Hand each list of facts to its handler, in a unit of work of its own; return what failed."""
    found = []
    for handler, facts in given:
        try:
            async with database.begin() as tx:
                await handler(tx, facts)
        except Exception as error:
            if type(error).__module__.startswith("services."):
                continue  # set aside by a name that says what is wrong
            found.append(f"{facts[0].type}: {type(error).__name__} {error}"[:300])
    return found


async def test_a_fact_about_what_nobody_has_heard_of_fails_nowhere(service: Service) -> None:
    assert service.consumer is not None
    kinds = service.consumer.handlers
    examples = [(handler, _examples(kind)) for kind, handler in kinds.items()]
    assert all(facts for _, facts in examples), "each has an example"
    given = [(handler, [fact]) for handler, facts in examples for fact in facts]
    random.Random(14).shuffle(given)
    assert await failures(service.database, given) == []
    assert await failures(service.database, [(handler, [*facts, *facts]) for handler, facts in examples]) == []


def _examples(kind: str) -> list[Any]:
    paths = sorted((contract.EXAMPLES / kind).glob("*.json"))
    return [fact for path in paths for fact in envelope.unpack(kind, path.read_bytes())]


async def test_a_fact_whose_key_is_of_another_one_fails_nowhere(service: Service) -> None:
    """Each example is told, then again under another account, point or question: numbers that are known, of others."""
    assert service.consumer is not None
    kinds = service.consumer.handlers
    given: list[tuple[Handler, list[Any]]] = []
    for kind, handler in kinds.items():
        facts = _examples(kind)
        given.append((handler, facts))
        given += [(handler, [fact.model_copy(update={fact.key_field: f"X{fact.key}"[:36]})]) for fact in facts]
    assert await failures(service.database, given) == []
