"""What an older version of reading has stored can be read by this one, on both databases."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection

from services.reading.network.domain.read_days import FIRST, ReadDay
from services.reading.network.domain.registers import Register
from services.reading.network.store import devices, installations, read_days
from services.reading.orders import store as orders
from services.reading.reads.domain.curves import CurveKey
from services.reading.reads.store import curves
from services.reading.stock.domain import life
from services.reading.stock.domain.life import Stand
from services.reading.stock.store import spells
from shared.db import columns, migrations
from shared.db.engine import Database
from shared.web.devices import DeviceRecord
from tests.kits.reading import UNIT, running
from tests.kits.usages import periods, removed

DAY = date(2026, 1, 10)
VALUES = ",".join(["10", "", *["12"] * 46])


@pytest.fixture(scope="session")
def schema_of() -> None:
    """Say that the databases of this module are empty."""


def _at(connection: Connection, revision: str) -> None:
    command.upgrade(migrations.config("reading", connection), revision)


def _insert(connection: Connection) -> None:
    table = sa.Table("curve", sa.MetaData(), autoload_with=connection)
    row = {"meter_no": "M1", "day": DAY, "quantity": "import", "interval_minutes": 30, "values": VALUES}
    connection.execute(sa.insert(table), row | {"missing": 1, "upload_id": "U1"})


async def test_a_day_curve_becomes_the_first_of_its_versions(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0004")
        await connection.run_sync(_insert)
        await connection.run_sync(_at, "head")
    key = CurveKey("M1", DAY, "import")
    async with database.view() as view:
        ((found,),) = (await curves.versions(view, [key])).values()
    await database.close()
    assert (found.values[:3], found.quality, found.missing) == ((10, None, 12), "a-" + "a" * 46, 1)


async def test_installations_get_registers_and_multiplier_of_their_meters(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0005")
        for statement in (
            "INSERT INTO service_point (service_point_no, route_no, org_unit, version) VALUES ('S1', 'R1', 'a', 1)",
            "INSERT INTO meter (meter_no, org_unit, registers, numerator, denominator, version) "
            """VALUES ('M1', 'a', '[["import",8,2]]', 30, 1, 1)""",
            "INSERT INTO installation (meter_no, installed_on, service_point_no, opening) "
            "VALUES ('M1', '2026-01-01', 'S1', '10000')",
        ):
            await connection.execute(sa.text(statement))
        await connection.run_sync(_at, "head")

    async with database.view() as view:
        (installation,) = (await installations.by_point(view, ["S1"]))["S1"]
        rows = await view.all(sa.text("SELECT version, kind, registers, actor FROM installation_version"))
    await database.close()
    assert (installation.from_, installation.opening) == (date(2026, 1, 1), (10000,))
    assert installation.registers == (Register("import", 8, 2, numerator=30),)
    assert [tuple(row) for row in rows] == [(1, "installed", '[["import",8,2]]', "system:migration")]


async def test_the_lives_of_meters_begin_with_their_installations(database_url: str) -> None:
    database = Database(database_url)
    stood = (("M1", "2026-01-01", "S1", "'2026-02-01'", 0), ("M1", "2026-02-01", "S2", "'2026-03-01'", 0))
    stood += (("M1", "2026-04-01", "S1", "NULL", 0), ("M2", "2026-05-01", "S2", "NULL", 1))
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0031")
        for meter, first, point, end, annulled in stood:
            statement = (
                "INSERT INTO installation (meter_no, installed_on, service_point_no, removed_on, opening, registers,"
                f" numerator, denominator, version, annulled) VALUES ('{meter}', '{first}', '{point}', {end}, '0',"
                f" '[]', 1, 1, 1, {annulled})"
            )
            await connection.execute(sa.text(statement))
        await connection.run_sync(_at, "head")
    async with database.view() as view:
        lives = await spells.of_meters(view, ["M1", "M2"])
    await database.close()
    stands = [
        Stand(service_point_no="S1", installed_on=date(2026, 1, 1), removed_on=date(2026, 2, 1)),
        Stand(service_point_no="S2", installed_on=date(2026, 2, 1), removed_on=date(2026, 3, 1)),
        Stand(service_point_no="S1", installed_on=date(2026, 4, 1), removed_on=None),
    ]
    assert lives == {"M1": life.of(stands, []).spells}
    assert [each.state for each in lives["M1"]] == ["installed", "installed", "removed", "installed"]


async def test_the_key_of_a_device_goes_on_under_its_version(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0014")
        await connection.execute(
            sa.text(
                "INSERT INTO device (device_id, org_unit, key_version, active, version) "
                "VALUES ('d', 'zj', 7, 1, 1), ('e', 'zj', 1, 0, 1)"
            )
        )
        await connection.run_sync(_at, "head")
    async with database.view() as view:
        found = await devices.record(view, "d", now=datetime.now(UTC))
        rows = await view.all(sa.text("SELECT device_id, key_id, made_by FROM device_key ORDER BY device_id"))
    await database.close()
    assert found == DeviceRecord(key_ids=("7",), active=True, org_unit="zj")
    assert [tuple(row) for row in rows] == [("d", "7", "system:migration"), ("e", "1", "system:migration")]


async def test_reads_with_a_reader_get_their_uploader_beside_it(database_url: str) -> None:
    def insert(connection: Connection) -> None:
        totals = dict.fromkeys(("received", "accepted", "already_accepted", "conflicting", "refused", "waiting"), 1)
        upload = {"upload_id": "U1", "cycle": "2026-01", "kind": "csv", "uploader": "clerk", "message_id": ""}
        _put(connection, "upload", **upload, received_at=datetime(2026, 2, 1, tzinfo=UTC), **totals)
        read = {"read_at": datetime(2026, 2, 1, tzinfo=UTC), "quantity": "import", "count": 1}
        for meter_no, source, upload_id, reader in (
            ("M1", "site", "U1", "r-1"),
            ("M2", "site", "U2", "r-1"),
            ("M3", "site", "U1", "clerk"),
            ("M4", "remote", "U1", None),
            ("M5", "site", "U1", None),
        ):
            _put(connection, "read", **read, meter_no=meter_no, source=source, upload_id=upload_id, reader=reader)

    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0015")
        await connection.run_sync(insert)
        await connection.run_sync(_at, "head")
    async with database.view() as view:
        rows = await view.all(sa.text("SELECT meter_no, reader, uploader FROM read ORDER BY meter_no"))
    await database.close()
    nobody = "system:migration"  # the upload is not known any more, or says what was never taken
    assert [tuple(row) for row in rows] == [
        ("M1", "r-1", "clerk"),
        ("M2", "r-1", nobody),
        ("M3", "clerk", nobody),
        ("M4", None, None),
        ("M5", None, None),
    ]


async def test_a_route_whose_read_day_was_put_otherwise_since_its_last_cycle_has_it_from_the_next_on(
    database_url: str,
) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0015")
        await connection.run_sync(_planned_by_columns)
        await connection.run_sync(_at, "head")
    async with database.view() as view:
        found = {no: plans.route for no, plans in (await read_days.of_all(view)).items()}
    await database.close()
    assert found == {
        "R1": (ReadDay(FIRST, 31, 1, 1),),
        "R2": (ReadDay(FIRST, 15, 2, 2), ReadDay("2026-03", 1, 2, 2)),
        "R3": (ReadDay(FIRST, 7, 3, 1),),
    }


def _planned_by_columns(connection: Connection) -> None:
    for route_no, read_day, months, first_month in (("R1", 31, 1, 1), ("R2", 1, 2, 2), ("R3", 7, 3, 1)):
        given = {"read_day": read_day, "months": months, "first_month": first_month, "version": 1}
        _put(connection, "route", route_no=route_no, org_unit=UNIT, **given)
    zero = dict.fromkeys(("expected", "actual", "estimated", "missed", "usages", "sum_wh"), 0)
    for route_no, day in (("R1", date(2026, 1, 31)), ("R1", date(2026, 2, 28)), ("R2", date(2026, 2, 15))):
        _put(connection, "route_cycle", route_no=route_no, read_date=day, cycle=f"{day:%Y-%m}", org_unit=UNIT, **zero)


def _put(connection: Connection, table: str, **row: Any) -> None:
    types: Mapping[type, Any] = {datetime: columns.Instant, date: sa.Date()}
    names = [sa.column(name, types.get(type(value))) for name, value in row.items()]
    connection.execute(sa.insert(sa.table(table, *names)).values(**row))


def _told_by_the_old_rules(connection: Connection) -> None:
    """A point of which January was read, February was estimated by other rules than today's, and March was read."""
    _put(connection, "route", route_no="R1", org_unit=UNIT, read_day=1, version=1, months=1, first_month=1)
    _put(connection, "service_point", service_point_no="S0001", route_no="R1", org_unit=UNIT, version=1)
    faces = {"registers": '[["import",8,2]]', "numerator": 1, "denominator": 1, "version": 1}
    _put(connection, "meter", meter_no="M0001", org_unit=UNIT, **faces)
    installed = {"meter_no": "M0001", "installed_on": date(2026, 1, 1), "service_point_no": "S0001"}
    _put(connection, "installation", **installed, opening="10000", annulled=0, **faces)
    counted = dict.fromkeys(("received", "accepted", "already_accepted", "conflicting", "refused"), 0)
    upload = {"upload_id": "U", "cycle": "", "kind": "person", "uploader": "clerk", "message_id": ""}
    _put(connection, "upload", **upload, **counted, waiting=0, received_at=datetime(2026, 5, 1, tzinfo=UTC))
    days = [date(2026, month, 1) for month in (1, 2, 3, 4)]
    for n, (wh, quality, counts) in enumerate(
        [(100_000, "actual", 20000), (88_000, "estimated", 28800), (92_000, "actual", 38000)]
    ):
        point = {"service_point_no": "S0001", "org_unit": UNIT, "route_no": "R1", "cycle": f"{days[n]:%Y-%m}"}
        told = {"usage_id": f"U{n}", "period_from": days[n], "period_to": days[n + 1], "version": 1, "quality": quality}
        told |= {"energy": f'{{"import":{wh}}}', "import_wh": wh, "closing_meter": "M0001"}
        told |= {
            "closing_counts": str(counts),
            "closing_actors": "",
            "actors": "",
            "read_ids": "",
            "meter_nos": "M0001",
        }
        told |= {"closing_source": "estimated" if quality == "estimated" else "remote", "findings": ""}
        told |= {"estimate_reason": "no_read" if quality == "estimated" else None, "settles_estimate": int(n == 2)}
        told |= {"estimates_in_a_row": int(n == 1), "created_at": datetime(2026, 5, 1, tzinfo=UTC)}
        _put(connection, "usage", **point, **told)
        task = {"read_date": days[n + 1], "kind": "cycle", "reread": 0, "usage_id": f"U{n}"}
        _put(connection, "task", **point, **task, status="read" if quality == "actual" else "estimated")
        totals = {
            "expected": 1,
            "actual": int(n != 1),
            "estimated": int(n == 1),
            "missed": 0,
            "usages": 1,
            "sum_wh": wh,
        }
        route = {name: point[name] for name in ("org_unit", "route_no", "cycle")}
        _put(connection, "route_cycle", **route, read_date=days[n + 1], closed_on=days[n + 1], **totals)
        if quality == "actual":
            at = datetime(2026, n + 1, 31, 16, tzinfo=UTC)
            _put(
                connection,
                "read",
                meter_no="M0001",
                read_at=at,
                source="remote",
                quantity="import",
                count=counts,
                upload_id="U",
            )


async def test_what_older_rules_have_told_is_told_again_only_where_something_touches_it(
    database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0008")
        await connection.run_sync(_told_by_the_old_rules)
    await database.close()
    async with running(database_url, tmp_path) as kit:
        before = await periods(kit)
        assert before[1] == ("2026-02-01", "2026-03-01", "estimated", 88_000)
        await kit.plan("2026-05-01")
        await kit.push_one("M0001", "2026-05-01", "470.00")
        await kit.close("2026-05-02")
        await removed(kit, "2026-05-20", "530.00")
        await kit.plan("2026-06-01")
        await kit.close("2026-06-02")
        told = [(fact["period_from"], fact["version"]) for fact in await kit.published("reading.usage_measured.v1")]
        assert told == [("2026-04-01", 1), ("2026-05-01", 1)]
        assert (await periods(kit))[:3] == before
        await kit.push_one("M0001", "2026-03-01", "280.00", "site")
        assert [wh for _, _, _, wh in await periods(kit)] == [100_000, 80_000, 100_000, 90_000, 60_000]


REREADS = """
INSERT INTO reread (request_id, service_point_no, org_unit, bill_id, cycle, reason, requested_by, status, answered_by) VALUES
('Q1', 'S1', 'a', 'B1', '2025-12', 'review', 'reviewer-1', 'answered', 'M1~20260101T020000Z~site'),
('Q2', 'S1', 'a', 'B2', '2026-01', 'review', 'reviewer-1', 'open', NULL)
"""


async def test_requests_to_read_again_go_on_as_site_orders(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0020")
        await connection.execute(sa.text(REREADS))
        await connection.run_sync(_at, "head")
    async with database.view() as view:
        found = await orders.by_no(view, ["Q1", "Q2"])
        answers = await orders.answers(view, ["S1"])
    await database.close()
    assert [(each.asked.kind, each.asked.cycle, each.asked.reference, each.state) for each in found.values()] == [
        ("reread", "2025-12", "B1", "done"),
        ("reread", "2026-01", "B2", "open"),
    ]
    assert [(each.asked.asked_on, each.due_on) for each in found.values()] == [
        (date(2026, 1, 1), None),
        (date(2026, 2, 1), None),
    ]
    assert answers == {"S1": frozenset({"M1~20260101T020000Z~site"})}
