"""Why a point could not be read (未抄原因): noted by the reader, so that every point of a route has a read or a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reading.network.domain.refusal import Refused
from services.reading.network.store import points
from services.reading.network.use_cases import reference
from services.reading.tasks.domain import task_id
from services.reading.tasks.store import reasons, tasks
from shared.db.engine import Tx
from shared.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Unread:
    service_point_no: str
    read_date: date
    reason: str


async def put(tx: Tx, items: Sequence[Unread], *, actor: str, may_see: Callable[[str], bool]) -> list[Outcome]:
    """Note or replace reasons, one outcome per item; `close-routes` takes them over as the reasons of its estimates.

    Refused: no task of that point and date, a task that has its read or whose window is closed, another org unit.
    """
    await points.lock_points(tx, [item.service_point_no for item in items])
    there = await tasks.tasks(tx, [(item.service_point_no, item.read_date) for item in items])
    rows: list[dict[str, Any] | Refused] = []
    for item in items:
        task = there.get((item.service_point_no, item.read_date))
        if task is None or not may_see(task.org_unit):
            rows.append(Refused("reading.unknown_task", "the point is not to be read on that date"))
        elif task.status not in ("open", "suspect"):
            rows.append(Refused("reading.task_done", "the point was read, or its window is closed"))
        else:
            rows.append(
                {
                    "task_id": task_id(item.service_point_no, item.read_date),
                    "service_point_no": item.service_point_no,
                    "read_date": item.read_date,
                    "org_unit": task.org_unit,
                    "reason": item.reason,
                    "noted_by": actor,
                }
            )
    return await reference.put(
        tx, reasons.UNREAD_REASON, rows, kind="unread_reason", key="task_id", actor=actor, may_see=may_see
    )
