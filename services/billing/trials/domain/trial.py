"""Trial runs (试算): bills rated again under what is not law yet, and nothing kept of them but a report."""

from dataclasses import dataclass
from typing import Final

from shared import civil
from shared.org_units import covers
from shared.statemachine import StateMachine

WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
INTERRUPTED: Final = "interrupted"
"""It came to no end: what it rests on changed under way, or it failed too often. `why` says which."""
STOPPED: Final = "stopped"
UNDER_WAY: Final = (WAITING, RUNNING)
LIFE: Final = StateMachine(
    name="trial",
    starts=(WAITING,),
    moves={
        "begin": {WAITING: RUNNING},
        "finish": {RUNNING: DONE},
        "interrupt": {WAITING: INTERRUPTED, RUNNING: INTERRUPTED},
        "stop": {WAITING: STOPPED, RUNNING: STOPPED},
    },
)
DOCUMENTS_CHANGED: Final = "documents_changed"
"""A rating document was activated, or another policy or software installed, while it ran: a report is of one state."""
NOT_COVERED: Final = "policy_not_of_these_days"
"""The proposed policy has no rules for the read day of a bill."""
FAILED: Final = "failed"
FAILURES_MAX: Final = 3  # in a row, of one chunk
CYCLES_MAX: Final = 12  # a ladder year
WAITING_MAX: Final = 10
"""Trials that wait or run: more than a team asks for in a day, fewer than somebody would wait for."""
PROPOSALS_MAX: Final = 50  # a province's tariffs of one decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose bills are tried: those of an org unit (`*` for all) and a route, of the cycles from one to another, `YYYY-MM`."""

    org_unit: str
    route_no: str | None
    cycle_from: str
    cycle_to: str

    @property
    def cycles(self) -> int:
        """Return how many months the cycles span."""
        return civil.months(self.cycle_from, self.cycle_to)

    def has(self, org_unit: str, route_no: str, cycle: str) -> bool:
        """Return whether a bill of these is in the scope."""
        of_route = self.route_no is None or route_no == self.route_no
        return covers([self.org_unit], org_unit) and of_route and self.cycle_from <= cycle <= self.cycle_to
