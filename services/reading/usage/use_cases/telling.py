"""Writing and publishing what a batch brought about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.reading.network.domain.installations import PointDay
from services.reading.network.store import points
from services.reading.network.store.points import Notes
from services.reading.orders.use_cases import ending
from services.reading.tasks.domain.tasks import CUT, TaskKey, TaskState
from services.reading.tasks.store import route_cycles, tasks
from services.reading.tasks.use_cases import explaining
from services.reading.usage.domain.usages import ESTIMATED, Usage
from services.reading.usage.store import usages
from services.reading.usage.use_cases import facts
from services.reading.validation import store as findings
from services.reading.validation.domain.findings import Finding, Found
from shared.db.engine import Tx


@dataclass(slots=True)
class Work:
    """What a batch brings about. `estimates`: usages that are estimated for the first time. `answered`: by task the read that
    answers a request to read again. `cuts`: days on which contracts begin or end now, with their cycles; `cuts_gone`: those that
    are none any more, `cuts_asked`: those of them on which an end was asked for. `kinds`: tasks of read dates that are for
    something else now. `noted`: what is noted of points. `settled`: closed routes, by read date, of whose tasks something else
    became."""

    usages: list[Usage] = field(default_factory=list)
    estimates: list[Usage] = field(default_factory=list)
    tasks: dict[TaskKey, TaskState] = field(default_factory=dict)
    findings: list[Found] = field(default_factory=list)
    answered: dict[TaskKey, str] = field(default_factory=dict)
    cuts: list[tuple[PointDay, str]] = field(default_factory=list)
    cuts_asked: list[TaskKey] = field(default_factory=list)
    cuts_gone: list[TaskKey] = field(default_factory=list)
    kinds: dict[TaskKey, str] = field(default_factory=dict)
    noted: dict[str, Notes] = field(default_factory=dict)
    settled: set[tuple[str, date]] = field(default_factory=set)

    def tell(self, told: Sequence[Usage], found: Sequence[tuple[Usage, Finding]], before: Sequence[Usage] = ()) -> None:
        """Add usages with what was found on them; `before` are the versions that were told of their point."""
        self.usages += told
        known = {usage.key for usage in before if usage.quality == ESTIMATED and not usage.withdrawn}
        self.estimates += [
            usage for usage in told if usage.quality == ESTIMATED and not usage.withdrawn and usage.key not in known
        ]
        for usage, finding in found:
            self.find("usage", usage.usage_id, usage, finding)

    def find(self, kind: str, entity_id: str, where: "Usage | Place", finding: Finding) -> None:
        """Add a finding about a read, an installation, a task or a usage."""
        self.findings.append(
            Found(
                entity_kind=kind,
                entity_id=entity_id,
                finding=finding,
                service_point_no=where.service_point_no,
                org_unit=where.org_unit,
                cycle=where.cycle,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when something was found that is no usage."""

    service_point_no: str
    org_unit: str
    cycle: str


async def write(tx: Tx, work: Work, *, undated: bool = False) -> None:
    """Write what a batch brought about, and publish its usages, those of a point together.

    Late ones carry the latest business date that reading has heard of, unless they are `undated`: caused by a fact of another
    service, whose arrival says nothing of a day.
    """
    await tasks.insert(tx, [cut for cut, _ in work.cuts], kind=CUT, cycles=[cycle for _, cycle in work.cuts])
    await tasks.delete(tx, work.cuts_gone)
    await tasks.keep_for_asked_ends(tx, work.cuts_asked)
    await tasks.set_kinds(tx, work.kinds)
    await usages.insert(tx, work.usages)
    await tasks.update_states(tx, work.tasks)
    await explaining.tell(tx, work.settled, by_reads=True)
    await findings.insert(tx, work.findings)
    await points.note(tx, work.noted)
    is_dated = not undated and any(usage.late for usage in work.usages)
    tx.publish(facts.measured(work.usages, await route_cycles.last_closed(tx) if is_dated else None))
    tx.publish(facts.estimated(work.estimates))
    await ending.by_reads(tx, work.answered)
