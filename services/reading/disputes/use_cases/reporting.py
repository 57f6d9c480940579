"""Where disputes end, and what that saved, by month."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.reading.disputes import store
from services.reading.disputes.domain import VERIFICATION
from services.reading.disputes.store import Scope
from shared import civil
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.billing import AdjustmentIssued


@dataclass(slots=True, kw_only=True)
class Report:
    """What became of the disputes of an org unit in a month. `saved`: those that ended before their meter had to be tested."""

    org_unit: str
    opened: int = 0
    ended_at: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    documents: int = 0
    adjusted_wh: int = 0
    adjusted_fen: int = 0

    @property
    def ended(self) -> int:
        """How many ended."""
        return sum(self.ended_at.values())

    @property
    def saved(self) -> int:
        """How many ended before a verification."""
        return self.ended - self.ended_at.get(VERIFICATION, 0)


async def of_month(view: View, month: str, *, visible: Condition, org_unit: str | None) -> list[Report]:
    """Return the reports of a month `YYYY-MM`, by org unit; a dispute counts in the months in which it was opened and ended."""
    first, end = civil.month(month)
    scope = Scope(visible=visible, org_unit=org_unit, first=first, end=end)
    found: dict[str, Report] = {}
    for row in await store.opened_in(view, scope):
        _of(found, row.org_unit).opened = int(row.disputes)
    for row in await store.ended_in(view, scope):
        report, count = _of(found, row.org_unit), int(row.disputes)
        report.ended_at[row.ended_at] = report.ended_at.get(row.ended_at, 0) + count
        report.outcomes[row.outcome] = report.outcomes.get(row.outcome, 0) + count
    for row in await store.adjusted_in(view, scope):
        report = _of(found, row.org_unit)
        report.documents, report.adjusted_wh = int(row.documents), int(row.energy_wh)
        report.adjusted_fen = int(row.total_fen)
    return [found[unit] for unit in sorted(found)]


def _of(found: dict[str, Report], unit: str) -> Report:
    return found.setdefault(unit, Report(org_unit=unit))


async def keep_adjustments(tx: Tx, facts: Sequence[AdjustmentIssued]) -> None:
    """Keep what billing has adjusted for the tested meters of disputes; what its cases end with is none of these."""
    of_disputes = {fact.adjustment_id: fact for fact in facts if fact.case_no is None}
    if of_disputes:
        await store.insert_adjustments(tx, list(of_disputes.values()))
