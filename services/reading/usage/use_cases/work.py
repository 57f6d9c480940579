"""What one batch brings about, collected to be written at its end."""

from dataclasses import dataclass, field
from datetime import date

from services.reading.network.domain.energy import Measured
from services.reading.policies.domain import Policy
from services.reading.tasks.domain import tasks
from services.reading.tasks.domain.tasks import Task, TaskKey, TaskState
from services.reading.usage.domain import versions
from services.reading.usage.domain.usages import Usage
from services.reading.usage.domain.versions import ClosingRead, Estimate
from services.reading.validation.domain import negative
from services.reading.validation.domain.findings import Finding, Found
from shared import ids


@dataclass(slots=True)
class Work:
    """Usages, states of tasks, findings, and by task the reads that answer requests to read again."""

    usages: list[Usage] = field(default_factory=list)
    tasks: dict[TaskKey, TaskState] = field(default_factory=dict)
    findings: list[Found] = field(default_factory=list)
    answered: dict[TaskKey, str] = field(default_factory=dict)

    def add(
        self,
        task: Task,
        start_on: date,
        measured: Measured,
        last: Usage | None,
        policy: Policy,
        *,
        read: ClosingRead | None = None,
        old: Usage | None = None,
        estimate: Estimate | None = None,
    ) -> Usage:
        """Add the version of a usage that its registers make, with what validation finds, and the state of its task.

        `last` is the usage before, `old` the version that is replaced. The registers at its end are those of `read`, or an
        `estimate`; without either they are those of `old`.
        """
        found = versions.validate(measured, start_on, last, policy)
        usage = versions.version(
            usage_id=ids.new(),
            task=task,
            start_on=start_on,
            measured=measured,
            last=last,
            findings=tuple([each.code for each in found]),
            read=read,
            old=old,
            estimate=estimate,
        )
        self.usages.append(usage)
        for each in found:
            self.find("usage", usage.usage_id, task, each)
        event = "read" if read else "measure_again" if old else "estimate"
        self.tasks[usage.service_point_no, usage.period_to] = TaskState(
            status=tasks.LIFE.move(task.status, event),
            usage_id=usage.usage_id,
            import_wh=task.import_wh if old else usage.import_wh,
        )
        return usage

    def find(self, entity_kind: str, entity_id: str, task: Task, finding: Finding) -> None:
        """Add a finding about a read, a usage or a task."""
        self.findings.append(
            Found(
                entity_kind=entity_kind,
                entity_id=entity_id,
                finding=finding,
                service_point_no=task.service_point_no,
                org_unit=task.org_unit,
                cycle=task.cycle,
            )
        )

    def suspect(self, read: ClosingRead, task: Task, backward: tuple[str, ...], days: int) -> None:
        """Add that a read runs backwards: it stays, but makes no usage."""
        finding = negative.find(backward or ("",), days)
        assert finding is not None
        self.find("read", read.read_id, task, finding)
        if tasks.LIFE.may(task.status, "run_backwards"):
            self.tasks[read.service_point_no, read.read_date] = TaskState(
                status=tasks.LIFE.move(task.status, "run_backwards"), usage_id=task.usage_id, import_wh=task.import_wh
            )
