"""Movements of meters and results of tests, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Row, Table, select, true

from services.reading.base import equals
from services.reading.network.store import meters
from services.reading.stock import tables
from services.reading.stock.domain.facts import LoadError, Movement, Tested
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

MOVEMENT, TEST = tables.MOVEMENT, tables.TEST
_MOVED = ("movement_no", "meter_no", "kind", "moved_on", "warehouse", "reason")
_TESTED = ("lab_no", "meter_no", "tested_on", "result", "next_due_on")


T = TypeVar("T", Movement, Tested)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Generic[T]):
    """A record as it was told; `annulled`: it never was."""

    record: T
    annulled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A movement, whether it never was, whether its life has it, and what was last told of it."""

    movement: Movement
    annulled: bool
    fits: bool
    told_point: str | None
    told_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTest:
    """A test that a meter failed, who told of it, and the point where that was told last."""

    test: Tested
    actor: str
    told_point: str | None


async def movements(view: View, movement_nos: Sequence[str]) -> dict[str, Stored[Movement]]:
    """Return movements by their numbers."""
    rows = await bulk.select_in(view, MOVEMENT, {"movement_no": movement_nos})
    return {row.movement_no: Stored(record=_movement(row), annulled=bool(row.annulled)) for row in rows}


async def tests(view: View, lab_nos: Sequence[str]) -> dict[str, Stored[Tested]]:
    """Return results of tests by their numbers."""
    rows = await bulk.select_in(view, TEST, {"lab_no": lab_nos})
    return {row.lab_no: Stored(record=_tested(row), annulled=bool(row.annulled)) for row in rows}


async def movements_of(view: View, meter_nos: Sequence[str]) -> dict[str, list[Moved]]:
    """Return by meter all movements in their order, those too that never were."""
    rows = await bulk.select_in(view, MOVEMENT, {"meter_no": meter_nos})
    found: dict[str, list[Moved]] = {}
    for row in sorted(rows, key=lambda row: (row.moved_on, row.movement_no)):
        found.setdefault(row.meter_no, []).append(_moved(row))
    return found


async def tests_of(view: View, meter_nos: Sequence[str]) -> dict[str, list[Tested]]:
    """Return by meter the results of tests that stand, in their order."""
    rows = await bulk.select_in(view, TEST, {"meter_no": meter_nos}, where=TEST.c.annulled != 1)
    found: dict[str, list[Tested]] = {}
    for row in sorted(rows, key=lambda row: (row.tested_on, row.lab_no)):
        found.setdefault(row.meter_no, []).append(_tested(row))
    return found


def _movement(row: Row[Any]) -> Movement:
    return Movement(**{name: getattr(row, name) for name in _MOVED})


def _moved(row: Row[Any]) -> Moved:
    return Moved(
        movement=_movement(row),
        annulled=bool(row.annulled),
        fits=bool(row.fits),
        told_point=row.told_point,
        told_version=row.told_version,
    )


def _tested(row: Row[Any]) -> Tested:
    return Tested(**{name: getattr(row, name) for name in _TESTED}, errors=errors(row.errors))


def errors(text: str) -> tuple[LoadError, ...]:
    """Return what a test found, from its text."""
    return tuple(
        LoadError(load_percent=load, power_factor=factor, error_permille=error)
        for load, factor, error in orjson.loads(text)
    )


async def insert_movements(tx: Tx, new: Sequence[Movement], *, actor: str) -> set[str]:
    """Write the movements whose number is new, and return those numbers; whether they fit is found afterwards."""
    given: dict[str, list[Any]] = {name: [getattr(each, name) for each in new] for name in _MOVED}
    given |= _head(tx, len(new), actor) | {"fits": [0] * len(new), "told_version": [0] * len(new)}
    return {row.movement_no for row in await bulk.insert_ignore(tx, MOVEMENT, given, key=("movement_no",))}


async def failed_of(view: View, meter_nos: Sequence[str]) -> list[FailedTest]:
    """Return the tests of meters that stand and were failed, without those of disputes, in their order."""
    where = (TEST.c.annulled != 1) & (TEST.c.result == "failed") & (TEST.c.of_dispute != 1)
    rows = await bulk.select_in(view, TEST, {"meter_no": meter_nos}, where=where, order_by=(TEST.c.lab_no,))
    return [FailedTest(test=_tested(row), actor=row.actor, told_point=row.told_point) for row in rows]


async def note_failed(tx: Tx, tests: Sequence[FailedTest]) -> None:
    """Write at which point it was told that the meters of tests have failed."""
    given: dict[str, list[Any]] = {
        "lab_no": [each.test.lab_no for each in tests],
        "told_point": [each.told_point for each in tests],
    }
    await bulk.update_from(tx, TEST, given, key=("lab_no",))


async def insert_tests(tx: Tx, new: Sequence[Tested], *, actor: str, of_dispute: bool) -> set[str]:
    """Write the results whose number is new, and return those numbers."""
    given: dict[str, list[Any]] = {name: [getattr(each, name) for each in new] for name in _TESTED}
    given |= _head(tx, len(new), actor) | {"of_dispute": [int(of_dispute)] * len(new)}
    given["errors"] = [
        orjson.dumps([[e.load_percent, e.power_factor, e.error_permille] for e in each.errors]).decode() for each in new
    ]
    return {row.lab_no for row in await bulk.insert_ignore(tx, TEST, given, key=("lab_no",))}


def _head(tx: Tx, count: int, actor: str) -> dict[str, list[Any]]:
    return {"actor": [actor] * count, "created_at": [tx.now] * count, "annulled": [0] * count}


async def annul_movements(tx: Tx, reasons: Mapping[str, str]) -> None:
    """Note that movements never were, each with the reason."""
    await _annul(tx, MOVEMENT, "movement_no", reasons, {"fits": [0] * len(reasons)})


async def annul_tests(tx: Tx, reasons: Mapping[str, str]) -> None:
    """Note that results never were, each with the reason."""
    await _annul(tx, TEST, "lab_no", reasons, {})


async def _annul(tx: Tx, table: Table, key: str, reasons: Mapping[str, str], more: dict[str, list[Any]]) -> None:
    own: dict[str, list[Any]] = {
        key: list(reasons),
        "annulled": [1] * len(reasons),
        "annulled_for": list(reasons.values()),
    }
    await bulk.update_from(tx, table, own | more, key=(key,))


async def note(tx: Tx, moved: Sequence[Moved]) -> None:
    """Write whether movements fit, and what was told of them."""
    given: dict[str, list[Any]] = {
        "movement_no": [each.movement.movement_no for each in moved],
        "fits": [int(each.fits) for each in moved],
        "told_point": [each.told_point for each in moved],
        "told_version": [each.told_version for each in moved],
    }
    await bulk.update_from(tx, MOVEMENT, given, key=("movement_no",))


async def listed_movements(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    meter_no: str | None,
    kind: str | None,
    waiting: bool | None,
) -> Sequence[Row[Any]]:
    """Return a page of movements, first to last; `waiting`: those alone that no life has, or that one has."""
    row = MOVEMENT.c
    own = meters.placed(MOVEMENT, row.meter_no, warehouse=row.warehouse)
    counts = true() if waiting is None else (row.fits == (0 if waiting else 1)) & (row.annulled != 1)
    return await view.all(
        select(MOVEMENT)
        .select_from(own.source)
        .where(visible(own.org_unit), after(row.moved_on, row.movement_no))
        .where(equals(row.meter_no, meter_no), equals(row.kind, kind), counts)
        .order_by(row.moved_on, row.movement_no)
        .limit(limit)
    )


async def listed_tests(
    view: View, *, visible: Condition, after: Condition, limit: int, meter_no: str | None, result: str | None
) -> Sequence[Row[Any]]:
    """Return a page of results of tests, first to last."""
    row = TEST.c
    own = meters.placed(TEST, row.meter_no)
    return await view.all(
        select(TEST)
        .select_from(own.source)
        .where(visible(own.org_unit), after(row.tested_on, row.lab_no))
        .where(equals(row.meter_no, meter_no), equals(row.result, result))
        .order_by(row.tested_on, row.lab_no)
        .limit(limit)
    )
