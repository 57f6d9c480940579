"""What an older version of collection has stored can be read by this one, on both databases."""

from datetime import UTC, date, datetime

import orjson
import pytest
from alembic import command
from sqlalchemy import Column, Connection, Date, MetaData, SmallInteger, Table, delete, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.collection.dunning.tables import CASE, DEBT
from services.collection.ledger.domain.documents import CORRECTION, Correction, Debt
from services.collection.ledger.tables import ACCOUNT, ALLOCATION, CREDIT, RECEIVABLE, TRANSACTION
from services.collection.receivables import store
from services.collection.receivables.tables import WAITING
from services.collection.steps.tables import STEP, STEP_DEBT
from shared.db import columns, migrations
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

    async with database.begin() as view:
        (bill,) = (await store.waiting(view, "bill", ["B1"])).values()
        (correction,) = [one async for one in store.waiting_corrections(view)]
    await database.close()
    assert store.DEBT.validate_json(bill.payload) == OF_BILL
    assert correction == Correction(
        correction_id="K1",
        account_no="A1",
        corrected_on=date(2026, 3, 5),
        reversals=[OF_BILL],
        replacements=[],
        differences=[],
    )


async def test_an_account_knows_the_last_day_of_what_older_versions_moved(database_url: str) -> None:
    database = Database(database_url)
    account = {"version": 1, "org_unit": "zj", "customer_class": "residential", "opened_on": date(2020, 1, 1)}
    credit = {"source_kind": "payment", "source_id": "P1", "amount_fen": 5, "unallocated_fen": 0}
    made = {"receivable_id": "R1", "cause_kind": "bill", "cause_id": "B1", "amount_fen": 5}
    posted = {"document_kind": "bill", "document_id": "B1", "kind": "reversal", "group_id": "K1", "org_unit": "zj"}
    posted |= {"accounting_date": date(2026, 3, 9), "debit_fen": 5, "credit_fen": 5, "recorded_at": NOW}
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0002")
        columns = [column for column in ACCOUNT.c if column.name != "moved_on"]
        old = Table("account", MetaData(), *(Column(column.name, column.type) for column in columns))
        for no in ("A1", "A2", "A3", "A4"):
            await connection.execute(insert(old).values(account_no=no, **account, prepaid_fen=0))
        for no in ("A1", "A2", "A3"):
            row = credit | {"credit_id": f"P-{no}", "account_no": no, "value_on": date(2026, 2, 10)}
            await connection.execute(insert(CREDIT).values(**row))
        for no in ("A2", "A3"):
            row = made | {"allocation_id": f"L-{no}", "credit_id": f"P-{no}", "account_no": no}
            await connection.execute(insert(ALLOCATION).values(**row, made_on=date(2026, 2, 20)))
        row = posted | {"transaction_id": "T1", "account_no": "A3", "business_date": date(2026, 3, 5)}
        await connection.execute(insert(TRANSACTION).values(**row))

        await connection.run_sync(_at, "head")

    async with database.view() as view:
        rows = await view.all(select(ACCOUNT.c.account_no, ACCOUNT.c.moved_on).order_by(ACCOUNT.c.account_no))
    assert {row.account_no: row.moved_on for row in rows} == {
        "A1": date(2026, 2, 10),
        "A2": date(2026, 2, 20),
        "A3": date(2026, 3, 5),
        "A4": None,
    }
    with pytest.raises(DBAPIError, match="never edited"):
        async with database.engine.begin() as connection:
            await connection.execute(delete(TRANSACTION))
    unbalanced = posted | {"transaction_id": "T2", "kind": "issue", "credit_fen": 4, "account_no": "A3"}
    with pytest.raises(IntegrityError):
        async with database.engine.begin() as connection:
            await connection.execute(insert(TRANSACTION).values(**unbalanced, business_date=date(2026, 3, 5)))
    await database.close()


async def test_what_older_versions_have_issued_knows_its_days_and_month_and_neither_route_nor_class(
    database_url: str,
) -> None:
    database = Database(database_url)
    new = {"route_no", "customer_class", "month", "posted_on", "moved_on", "reversed_on"}
    kept = [column for column in RECEIVABLE.c if column.name not in new]
    old = Table("receivable", MetaData(), *(Column(column.name, column.type) for column in kept))
    base = {"account_no": "A1", "org_unit": "zj", "cycle": "2026-01", "due_on": date(2026, 2, 22)}
    posted = {"group_id": "", "account_no": "A1", "org_unit": "zj", "debit_fen": 5, "credit_fen": 5, "recorded_at": NOW}
    issued_on = {"bill": date(2026, 1, 30), "opening": date(2025, 12, 1), "payout": date(2026, 2, 2)}
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0013")
        for kind, status in (("bill", "reversed"), ("opening", "cleared"), ("payout", "cleared")):
            row = {"receivable_id": f"R-{kind}", "document_kind": kind, "document_id": f"D-{kind}", "amount_fen": 5}
            row |= base | {"issued_on": issued_on[kind], "outstanding_fen": 0, "status": status}
            await connection.execute(insert(old).values(**row))
            row = {"transaction_id": f"T-{kind}", "document_kind": kind, "document_id": f"D-{kind}", "kind": "issue"}
            row |= posted | {"business_date": date(2026, 2, 1), "accounting_date": date(2026, 2, 1)}
            await connection.execute(insert(TRANSACTION).values(**row))
        taken_back = {"transaction_id": "T-back", "document_kind": "bill", "document_id": "D-bill", "kind": "reversal"}
        days = {"business_date": date(2026, 3, 5), "accounting_date": date(2026, 3, 6)}
        await connection.execute(insert(TRANSACTION).values(**taken_back, **posted, **days))
        made = {"allocation_id": "L1", "credit_id": "P1", "receivable_id": "R-opening", "account_no": "A1"}
        made |= {"amount_fen": 5, "made_on": date(2026, 2, 9), "cause_kind": "payment", "cause_id": "P1"}
        await connection.execute(insert(ALLOCATION).values(**made))

        await connection.run_sync(_at, "head")

    async with database.view() as view:
        rows = await view.all(select(RECEIVABLE))
    await database.close()
    assert {row.document_kind: (row.month, row.posted_on, row.moved_on, row.reversed_on) for row in rows} == {
        "bill": ("2026-02", date(2026, 2, 1), date(2026, 3, 6), date(2026, 3, 6)),
        "opening": ("2025-12", date(2026, 2, 1), date(2026, 2, 9), None),
        "payout": (None, date(2026, 2, 1), None, None),
    }
    assert {(row.route_no, row.customer_class) for row in rows} == {(None, None)}


async def test_what_was_reminded_of_before_is_a_step_and_its_debts_are_told_of_already(database_url: str) -> None:
    database = Database(database_url)
    names = ("reminder_id", "receivable_id", "stage", "account_no", "org_unit", "outstanding_fen", "business_date")
    types = {"stage": SmallInteger, "outstanding_fen": columns.Amount, "business_date": Date}
    typed = [Column(name, types.get(name, columns.No)) for name in names]
    reminder = Table("reminder", MetaData(), *typed, Column("recorded_at", columns.Instant))
    base = {"org_unit": "zj", "document_kind": "bill", "cycle": "2026-01", "issued_on": date(2026, 2, 2)}
    base |= {"amount_fen": 5, "due_on": date(2026, 2, 22), "posted_on": date(2026, 2, 2)}
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0015")
        for name, account_no, status in (("1", "A1", "open"), ("2", "A1", "open"), ("3", "A2", "cleared")):
            row = {"receivable_id": f"R{name}", "document_id": f"B{name}", "account_no": account_no, "status": status}
            left = 5 if status == "open" else 0
            await connection.execute(insert(RECEIVABLE).values(**base, **row, outstanding_fen=left))
            told = {"reminder_id": f"M{name}", "receivable_id": f"R{name}", "account_no": account_no, "stage": 1}
            told |= {"org_unit": "zj", "outstanding_fen": 5, "business_date": date(2026, 2, 25), "recorded_at": NOW}
            await connection.execute(insert(reminder).values(**told))

        await connection.run_sync(_at, "head")

    async with database.view() as view:
        steps = {row.step_id: (row.case_no, row.stage, row.due_on) for row in await view.all(select(STEP))}
        of = {(row.step_id, row.receivable_id) for row in await view.all(select(STEP_DEBT))}
        debts = {row.receivable_id: (row.stage, row.stage_on) for row in await view.all(select(DEBT))}
        (case,) = await view.all(select(CASE))
    await database.close()
    assert steps == dict.fromkeys(("M1", "M2", "M3"), ("", 1, date(2026, 2, 22)))
    assert of == {("M1", "R1"), ("M2", "R2"), ("M3", "R3")}
    assert debts == dict.fromkeys(("R1", "R2"), (1, date(2026, 2, 25)))
    assert (case.account_no, case.state, case.stage, case.outstanding_fen, case.debts) == ("A1", "open", 1, 10, 2)
