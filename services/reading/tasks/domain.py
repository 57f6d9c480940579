"""Reading tasks (抄表任务): which cycle a read date closes, and how a task is called."""

from datetime import date, timedelta


def label(read_date: date) -> str:
    """Return the cycle, `YYYY-MM`, that a read date closes: the month of the day before it."""
    return (read_date - timedelta(days=1)).strftime("%Y-%m")


def task_id(service_point_no: str, read_date: date) -> str:
    """Return the id of a task: point and date joined by `~`."""
    return f"{service_point_no}~{read_date}"
