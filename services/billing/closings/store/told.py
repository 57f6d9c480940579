"""What others have told of closings: each under its own number, whichever came first. Every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.billing.closings.domain.closing import DELIVERED, OBJECT, Settled
from services.billing.closings.tables import ANSWER, METER_BACK, NOTICE, SETTLEMENT
from shared.db import bulk
from shared.db.engine import Tx, View
from shared.events.meters import MeterTakenBack


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTold:
    """What became of a notice; of one that failed and was delivered later, that it was delivered."""

    notice_id: str
    closing_no: str
    outcome: str
    code: str
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTold:
    """What a customer has answered, how and when."""

    closing_no: str
    answer: str
    answered_on: date
    way: str
    recorded_by: str | None


_NOTICE = ("notice_id", "closing_no", "outcome", "code", "on")
_METER = ("movement_no", "version", "service_point_no", "meter_no", "taken_back_on", "withdrawn")
_ANSWER = ("closing_no", "answer", "answered_on", "way", "recorded_by")


async def keep_notices(tx: Tx, told: Sequence[NoticeTold]) -> None:
    """Keep what became of notices; delivery is final (two statements)."""
    columns = {name: [getattr(each, name) for each in told] for name in _NOTICE}
    await bulk.insert_ignore(tx, NOTICE, columns, key=("notice_id",))
    delivered = [each for each in told if each.outcome == DELIVERED]
    columns = {name: [getattr(each, name) for each in delivered] for name in _NOTICE}
    other = NOTICE.c.outcome != DELIVERED
    await bulk.update_from(tx, NOTICE, columns, key=("notice_id", "closing_no"), where=other, partial=True)


async def keep_answers(tx: Tx, told: Sequence[AnswerTold]) -> None:
    """Keep all that customers have answered."""
    columns = {name: [getattr(each, name) for each in told] for name in _ANSWER}
    await bulk.insert_ignore(tx, ANSWER, columns, key=("closing_no", "answer", "answered_on"))


async def keep_settlements(tx: Tx, told: Sequence[tuple[str, Settled]]) -> None:
    """Keep what collection has done with the money of closings."""
    columns: dict[str, list[Any]] = {
        "closing_no": [number for number, _ in told],
        "settled_on": [each.on for _, each in told],
        "paid_out_fen": [each.paid_out_fen for _, each in told],
        "kept_fen": [each.kept_fen for _, each in told],
    }
    await bulk.insert_ignore(tx, SETTLEMENT, columns, key=("closing_no",))


async def keep_meters(tx: Tx, told: Sequence[MeterTakenBack]) -> None:
    """Keep which meters were taken back, in the newest version of each movement."""
    columns = {name: [getattr(each, name) for each in told] for name in _METER}
    await bulk.upsert_newer(tx, METER_BACK, columns, key=("movement_no",))


async def notices(view: View, closing_nos: Sequence[str]) -> dict[str, list[NoticeTold]]:
    """Return what became of the notices of closings."""
    found: dict[str, list[NoticeTold]] = {}
    order = (NOTICE.c.notice_id,)
    for row in await bulk.select_in(view, NOTICE, {"closing_no": closing_nos}, order_by=order):
        told = NoticeTold(**{name: row._mapping[name] for name in _NOTICE})
        found.setdefault(row.closing_no, []).append(told)
    return found


async def objections(view: View, closing_nos: Sequence[str]) -> dict[str, list[date]]:
    """Return by closing the days on which customers have objected."""
    found: dict[str, list[date]] = {}
    for row in await bulk.select_in(view, ANSWER, {"closing_no": closing_nos}, where=ANSWER.c.answer == OBJECT):
        found.setdefault(row.closing_no, []).append(row.answered_on)
    return found


async def settlements(view: View, closing_nos: Sequence[str]) -> dict[str, Settled]:
    """Return what collection has done with the money, by closing."""
    rows = await bulk.select_in(view, SETTLEMENT, {"closing_no": closing_nos})
    return {
        row.closing_no: Settled(on=row.settled_on, paid_out_fen=row.paid_out_fen, kept_fen=row.kept_fen) for row in rows
    }


async def meters(view: View, service_point_nos: Sequence[str]) -> dict[str, dict[str, date]]:
    """Return by service point and meter the last day on which it was taken back from there."""
    keys = {"service_point_no": service_point_nos}
    rows = await bulk.select_in(view, METER_BACK, keys, where=~METER_BACK.c.withdrawn)
    found: dict[str, dict[str, date]] = {}
    for row in rows:
        of_point = found.setdefault(row.service_point_no, {})
        of_point[row.meter_no] = max(row.taken_back_on, of_point.get(row.meter_no, date.min))
    return found
