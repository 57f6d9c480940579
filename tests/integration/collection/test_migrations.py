"""What an older version of collection has stored can be read by this one, on both databases."""

from datetime import UTC, date, datetime

import orjson
import pytest
from alembic import command
from sqlalchemy import Connection, insert

from services.collection.ledger.domain.documents import CORRECTION, Correction, Debt
from services.collection.receivables import store
from services.collection.receivables.tables import WAITING
from shared.db import migrations
from shared.db.engine import Database

DAY = "2026-02-02"
NOW = datetime(2026, 4, 15, tzinfo=UTC)
BILL = ["bill", "B1", "A1", "2026-01", DAY, "2026-02-22", DAY, 700, [["energy", 650], ["tax", 50]]]
OF_BILL = Debt(
    document_kind="bill",
    document_id="B1",
    account_no="A1",
    cycle="2026-01",
    issued_on=date(2026, 2, 2),
    due_on=date(2026, 2, 22),
    posted_on=date(2026, 2, 2),
    total_fen=700,
    components=[("energy", 650), ("tax", 50)],
)
OLD = {
    ("bill", "B1"): BILL,
    (CORRECTION, "K1"): ["K1", "A1", "2026-03-05", [BILL], [], []],
}


@pytest.fixture(scope="session")
def schema_of() -> None:
    """Say that the databases of this module are empty."""


def _at(connection: Connection, revision: str) -> None:
    command.upgrade(migrations.config("collection", connection), revision)


async def test_documents_that_waited_as_lists_wait_by_name(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0001")
        for (kind, document_id), values in OLD.items():
            row = {"kind": kind, "document_id": document_id, "waiting_for": "A1", "cycle": "", "amount_fen": 0}
            payload = orjson.dumps(values).decode()
            await connection.execute(insert(WAITING).values(**row, payload=payload, received_at=NOW))

        await connection.run_sync(_at, "head")

    async with database.view() as view:
        (bill,) = (await store.waiting(view, "bill", ["B1"])).values()
        (correction,) = [one async for one in store.waiting_corrections(view)]
    await database.close()
    assert bill == store.DEBT.dump_json(OF_BILL).decode(), "the same bill told again is the same document"
    assert correction == Correction(
        correction_id="K1",
        account_no="A1",
        corrected_on=date(2026, 3, 5),
        reversals=[OF_BILL],
        replacements=[],
        differences=[],
    )
