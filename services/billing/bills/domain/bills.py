"""Bills (电费账单), as the calculation sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from services.billing.contracts.domain import Terms
from services.billing.rating import rating_types
from services.billing.review.domain import findings
from services.billing.review.domain.findings import Finding
from services.billing.review.domain.subject import Subject
from services.billing.usages.domain import Usage
from shared import natural
from shared.frozen import document
from shared.statemachine import StateMachine

READY: Final = "ready"
HELD: Final = "held"
ISSUED: Final = "issued"
REPLACED: Final = "replaced"
CANCELLED: Final = "cancelled"
REVERSED: Final = "reversed"
ADJUSTED: Final = "adjusted"
"""Out of force by a difference document: the bill itself stands, what came instead is told as the difference to it (差额单)."""
PROPOSED: Final = "proposed"
"""A correction of an issued bill that a reviewer must see first: the issued bill stays in force until then."""
EFFECTIVE: Final = (HELD, READY, ISSUED)
"""At most one bill of a contract and period has one of these: the one whose ladder state counts."""
LIFE: Final = StateMachine(
    name="bill",
    starts=(READY, HELD, PROPOSED, ISSUED),
    moves={
        "approve": {HELD: READY},
        "hold": {READY: HELD, HELD: HELD, PROPOSED: PROPOSED},
        "tariff_changes": {READY: HELD},
        "compare": {READY: HELD, HELD: HELD},
        "issue": {READY: ISSUED},
        "replace": {READY: REPLACED, HELD: REPLACED, PROPOSED: REPLACED},
        "cancel": {READY: CANCELLED, HELD: CANCELLED, PROPOSED: CANCELLED},
        "reverse": {ISSUED: REVERSED},
        "adjust": {ISSUED: ADJUSTED},
    },
)
"""An issued bill is never edited: it is reversed or adjusted, and another version takes its place, which begins as issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The head of a stored bill. `state` is its effective ladder state as JSON text, empty where it has none.

    `findings` is the text of the findings of a bill that is not out yet or proposed, empty for others.
    """

    bill_id: str
    period_from: date
    period_to: date
    version: int
    status: str
    row_version: int
    usage_id: str
    energy_wh: int
    total_fen: int
    estimated: bool
    state: str
    findings: str = ""

    @property
    def held_by_reviewer(self) -> bool:
        """Return whether a reviewer keeps the bill back."""
        return self.status == HELD and f'"{findings.HELD_BY_REVIEWER}"' in self.findings

    @property
    def cause(self) -> str:
        """Return which change of facts a proposed correction rests on, empty where it rests on its usages alone."""
        return cause(self.findings) if self.status == PROPOSED else ""


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What a bill was calculated from beside its usage: the ladder state before it, and the usages of sub-meters, by id."""

    state: str
    measured: tuple[str, ...] = ()


@document
class Draft:
    """A bill just calculated, and the stored bill of its period (if any) whose place it takes."""

    terms: Terms
    usage: Usage
    version: int
    replaces: Stored | None
    status: str
    total_fen: int
    state: str
    findings: list[Finding]
    lines: Sequence[rating_types.Line] = ()
    tariffs: Sequence[tuple[str, str, str]] = ()
    lines_text: str = "[]"
    tax_fen: int | None = None
    limits: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: rating_types.NOTHING)
    group_id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    subject: Subject | None = None
    """What the review rules looked at; None where nothing was calculated."""
    made_from: MadeFrom | None = None
    read_wanted: date | None = None
    """A day on which the prices change and whose registers the bill needs, where there is no read of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is found on a bill when it is calculated, or later when its run is looked at as a whole: one path for both.

    `read_date`, `told_on`: of its usage. `waits`: the bill goes out only once somebody has decided.
    """

    bill_id: str
    account_no: str
    contract_no: str
    service_point_no: str
    org_unit: str
    cycle: str
    period_from: date
    period_to: date
    read_date: date
    told_on: date | None
    waits: bool
    findings: Sequence[Finding]


def bill_id_of(draft: Draft) -> str:
    """Return the id of the bill that a draft becomes: calculated again, it is the same bill."""
    usage = draft.usage
    return bill_id(draft.terms.contract_no, usage.period_from, usage.period_to, draft.version)


def bill_id(contract_no: str, period_from: date, period_to: date, version: int) -> str:
    """Return the id of a version of a bill, which follows from its natural key."""
    return natural.key_id(period_to, "bill", contract_no, period_from, version)


def of_cycle(usage: Usage, terms: Terms) -> tuple[tuple[date, date] | None, tuple[date, date] | None]:
    """Return the reading cycle that a usage is a part of, and the days of it that its contract covers; none of a whole one."""
    start = usage.cycle_from
    if start is None or (start, usage.read_date) == (usage.period_from, usage.period_to):
        return None, None
    end = usage.read_date
    first, after = max(start, terms.opened), min(end, terms.ended or end)
    return (start, end), (min(first, usage.period_from), max(after, usage.period_to))


def cause(found: str) -> str:
    """Return which change of facts the findings of a proposed correction tell of, empty where none."""
    return next((code for code in findings.CAUSES if f'"{code}"' in found), "")


def components(lines: Sequence[rating_types.Line]) -> list[tuple[str, int]]:
    """Sum the lines of a bill by charge, in the order of the bill: the parts for the ledger."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.charge] = sums.get(line.charge, 0) + line.amount_fen
    return list(sums.items())


def bill_months(cycle: str, count: int) -> tuple[date, ...]:
    """Return the first days of the months of a cycle `YYYY-MM`, which it ends with.

    They come from the reading plan, never from the length of the period: a late read changes no quota.
    """
    last = int(cycle[:4]) * 12 + int(cycle[5:]) - 1
    return tuple(date(month // 12, month % 12 + 1, 1) for month in range(last - count + 1, last + 1))
