"""Points that their customers have let nobody read for months (连续多月不能抄表): told once, supply may end."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.reading.policies.domain import Policies
from services.reading.tasks.domain.tasks import ESTIMATED, MISSED, Task
from services.reading.tasks.store import tasks
from shared.db.engine import Tx
from shared.events.reading import PointUnreadable

UNREAD = (ESTIMATED, MISSED)
A_MONTH_DAYS = 31


async def tell(tx: Tx, service_point_nos: Sequence[str], read_date: date, policies: Policies) -> None:
    """Tell of the points that have been unread, with the task of a read date, for the policy's months in a row now.

    Months count in which a reader gave a reason of one of the causes that the policy names; any other, or none, ends the row.
    """
    rules = policies.on(read_date).unread
    since = read_date - timedelta(days=A_MONTH_DAYS * (rules.told_after_months + 1))
    there = await tasks.with_reasons(tx, service_point_nos, since, read_date)
    found = []
    for point in sorted(there):
        row: list[Task] = []
        for task, reason in reversed(there[point]):
            if task.status not in UNREAD or rules.reasons.get(reason) not in rules.told_causes:
                break
            row.append(task)
        months = sum(task.months for task in row)
        if row and row[0].read_date == read_date and months - row[0].months < rules.told_after_months <= months:
            found.append(
                PointUnreadable(
                    service_point_no=point,
                    org_unit=row[0].org_unit,
                    cycle=row[0].cycle,
                    read_date=read_date,
                    since=row[-1].read_date,
                    months=months,
                )
            )
    tx.publish(found)
