"""The stated time of reads and the time at which they came in disagree (抄表时间与上装时间不符). Pure."""

from datetime import timedelta
from typing import Final

from services.reading.conduct.domain.visits import READER, Found, History
from services.reading.policies.domain.conduct import LateUpload

CODE: Final = "conduct.late_upload"
AN_HOUR: Final = timedelta(hours=1)


def find(history: History, rules: LateUpload) -> list[Found]:
    """Return the readers many of whose reads came in much later than they say that they were made."""
    found = []
    for reader, visits in history.now_by_reader().items():
        late = [hours for each in visits if (hours := (each.brought_at - each.read_at) // AN_HOUR) > rules.hours_max]
        if len(late) >= rules.reads_min:
            numbers = {"reads": len(visits), "late": len(late), "hours": max(late)}
            found.append(Found(rule=CODE, subject_kind=READER, subject=reader, reader=reader, numbers=numbers))
    return found
