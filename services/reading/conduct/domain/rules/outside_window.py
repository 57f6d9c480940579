"""Reads of one reader lie outside the read window (抄表窗口外). Pure."""

from typing import Final

from services.reading.conduct.domain.visits import READER, Found, History
from services.reading.policies.domain.conduct import OutsideWindow

CODE: Final = "conduct.outside_window"


def find(history: History, rules: OutsideWindow) -> list[Found]:
    """Return the readers with so many reads before the read day by more than is on time, or after the end of the window."""
    found = []
    for reader, visits in history.now_by_reader().items():
        before = sum(each.days_off < -history.tolerance_days for each in visits)
        after = sum(each.days_off > history.window_days for each in visits)
        if before + after >= rules.reads_min:
            numbers = {"reads": len(visits), "before": before, "after": after}
            found.append(Found(rule=CODE, subject_kind=READER, subject=reader, reader=reader, numbers=numbers))
    return found
