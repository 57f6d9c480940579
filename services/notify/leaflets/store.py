"""Which leaflets went with what."""

from collections.abc import Sequence
from typing import Any

from services.notify.leaflets.tables import LEAFLET_TOLD
from shared.db import bulk
from shared.db.engine import Tx

Place = tuple[str, str, int, str]
"""Account, leaflet, year and the cause with which it is to go."""


async def give(tx: Tx, wanted: Sequence[Place]) -> list[Place]:
    """Return those that go with their causes: the first cause has the leaflet of an account and year (two statements)."""
    first = {each[:3]: each for each in sorted(wanted, reverse=True)}
    names = ("account_no", "leaflet", "year")
    keys: dict[str, list[Any]] = {name: [key[place] for key in first] for place, name in enumerate(names)}
    columns = keys | {"cause_id": [each[3] for each in first.values()]}
    await bulk.insert_ignore(tx, LEAFLET_TOLD, columns, key=names)
    rows = await bulk.select_in(tx, LEAFLET_TOLD, keys)
    given = {(row.account_no, row.leaflet, row.year): row.cause_id for row in rows}
    return [each for each in wanted if given[each[:3]] == each[3]]
