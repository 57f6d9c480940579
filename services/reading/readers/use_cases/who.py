"""Who was to read tasks, and who did."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reading.readers.store import duty
from services.reading.reads.domain import reach
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import visits
from services.reading.tasks.store import tasks
from shared.db.engine import View


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWithReaders:
    """A task by its key, and all that is shown of it."""

    key: tuple[str, date]
    shown: dict[str, Any]


async def tasks_with_readers(view: View, days: ReadDays, **wanted: Any) -> list[TaskWithReaders]:
    """Return a page of tasks (`tasks.listed`), each with its planned and its actual reader; three statements.

    Planned is who is assigned by now for the read date, whenever that was told; actual the reader of the read that is nearest.
    """
    rows = await tasks.listed(view, planned=duty.planned_reader, **wanted)
    keys = [(row.service_point_no, row.read_date) for row in rows]
    found = await visits.of_tasks(view, keys, [reach.of(day, days) for day in sorted({key[1] for key in keys})])
    return [
        TaskWithReaders(
            key=key,
            shown=dict(row._mapping) | {"actual_reader": found[key].reader if key in found else None},
        )
        for key, row in zip(keys, rows, strict=True)
    ]
