"""Reads placed in the chain of a point's periods: late ones, better ones, corrections, and those that settle estimates."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from services.reading.network.domain.energy import Boundary, Measured
from services.reading.network.domain.installations import Installation, first_day
from services.reading.policies.domain import Policies
from services.reading.tasks.domain.tasks import Task, TaskKey
from services.reading.usage.domain import chain, ranking
from services.reading.usage.domain.usages import Usage
from services.reading.usage.domain.versions import ClosingRead
from services.reading.usage.use_cases.work import Work

Result = Literal["measured", "kept", "backward", "unused", "no_task"]
"""measured: usages were made or confirmed; kept: no better than what is there; backward: registers run backwards; unused: it lies
within a period that is closed as a whole; no_task: no period ends there."""


Tasks = Mapping[TaskKey, Task]


class Chain:
    """The periods of one point while reads are placed in them; then the periods that changed get their next version."""

    def __init__(self, point: str, usages: Sequence[Usage], installations: Sequence[Installation]) -> None:
        self._point = point
        self._installations = installations
        self._first_on = first_day(installations)
        self._anchor: Usage | None = None
        if usages and usages[0].period_from > self._first_on:
            # the history before is not loaded: the first period that is cannot change, only be gone on from
            self._anchor, usages = usages[0], usages[1:]
            self._first_on = self._anchor.period_to
        self._usages = {usage.period_to: usage for usage in usages}
        self._boundaries = [usage.end for usage in usages]
        self._reads: dict[date, ClosingRead] = {}
        self._measured: list[Measured] = []
        self.backward: tuple[str, ...] = ()

    def take(self, read: ClosingRead, *, reread: bool, daily_kwh_max: int) -> Result:
        """Place a read. A correction replaces any read, a re-read one of its own rank, another read only a worse one."""
        end_on = read.read_date
        there = self._reads[end_on].source if end_on in self._reads else None
        if there is None and end_on in self._usages:
            there = self._usages[end_on].closing_source
        if there is not None and not read.reason:
            wins = ranking.beats(read.source, there) or (reread and read.source == there)
            if not wins:
                return "kept"
        last_on = self._boundaries[-1].on if self._boundaries else self._first_on
        if end_on <= self._first_on or (there is None and end_on <= last_on):
            return "unused"
        return self._place(read, daily_kwh_max)

    def _place(self, read: ClosingRead, daily_kwh_max: int) -> Result:
        start = self._anchor.end if self._anchor else None
        head = [start] if start else []
        face = Boundary(read.read_date, read.meter_no, read.counts)
        try:
            boundaries = chain.place([*head, *self._boundaries], self._installations, face, daily_kwh_max)[len(head) :]
        except chain.Backward as backward:
            self.backward = backward.quantities
            return "backward"
        measured = chain.measure(boundaries, self._installations, self._first_on, start, daily_kwh_max)
        wrong = [each.backward for each in measured if each.backward]
        if wrong:
            self.backward = wrong[0]
            return "backward"
        self._boundaries, self._measured = boundaries, measured
        self._reads[read.read_date] = read
        return "measured"

    def _differs(self, measured: Measured) -> bool:
        there = self._usages.get(measured.end.on)
        return there is None or there.end != measured.end or there.energy_wh != measured.energy_wh

    def changed(self) -> list[TaskKey]:
        """Return the tasks whose periods are new or changed."""
        return [(self._point, each.end.on) for each in self._measured if self._differs(each)]

    def settle(self, work: Work, tasks: Tasks, policies: Policies) -> None:
        """Add the next version of each period that changed, and version 1 of a new one."""
        last, start_on = self._anchor, self._first_on
        for measured in self._measured:
            end_on = measured.end.on
            old = self._usages.get(end_on)
            if self._differs(measured):
                last = work.add(
                    tasks[self._point, end_on],
                    start_on,
                    measured,
                    last,
                    policies.on(end_on),
                    read=self._reads.get(end_on),
                    old=old,
                )
            else:
                last = old
            start_on = end_on
