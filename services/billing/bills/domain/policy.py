"""Review, release and correction rules as dated data: another utility or province is another file, never other code."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import orjson  # lint: skip=PURE-IMPORT text in and text out, as pure as json and ten times as fast

from services.billing.bills.domain import case_rules, closing_rules, ladder_near
from services.billing.bills.domain.case_rules import CaseRules
from services.billing.bills.domain.closing_rules import ClosingRules
from services.billing.review.domain import limits
from services.billing.review.domain.findings import HOLD
from services.billing.review.domain.limits import Limits
from services.billing.review.domain.rule import ANY, OFF, count, severity
from shared import dated, second_person
from shared.business_calendar import Calendar
from shared.dated import Versions
from shared.document import Node
from shared.second_person import SecondPerson

BUSINESS_DAYS_MAX: Final = 60  # a run that waits for a quarter is forgotten
POINTS_MAX: Final = 100_000  # more than any route has
REPLAY_SAMPLE: Final = 5  # bills of a run that are calculated again, where the policy does not say
REPLAY_SAMPLE_MAX: Final = 500
AUTOMATIC: Final = "automatic"
REVIEWER: Final = "reviewer"
REVERSAL_AND_NEW: Final = "reversal_and_new"
DELTA: Final = "delta"
STYLES: Final = (REVERSAL_AND_NEW, DELTA)
"""How issued bills are corrected: reversed and issued anew (冲红重开), or left standing with a difference document (差额单)."""
PROPOSE: Final = "propose"
CORRECT: Final = "correct"
DECISION: Final = "bill.decision"
ACTIVATION: Final = "rating_document.activate"
BILLED_DAYS: Final = "account.billed_days"
ADOPTION: Final = "bill.adopt"
RELEASE_OF_BILL: Final = "bill.release"
RELEASE_OF_RUN: Final = "run.release"
ADJUSTMENT: Final = "adjustment.issue"
CLOSING: Final = "closing"
CASE_CHARGE: Final = "case.charge"
CASE_CHARGE_SECOND: Final = "case.charge.second"
CHARGE_WITHDRAWAL: Final = "charge.withdraw"
CASE_ADJUSTMENT: Final = "case.adjust"
ADJUSTMENT_WITHDRAWAL: Final = "adjustment.withdraw"
KINDS: Final = {
    DECISION: "billing:review",
    ADOPTION: "billing:review",
    RELEASE_OF_BILL: "billing:review",
    RELEASE_OF_RUN: "billing:release",
    ACTIVATION: "billing:release",
    BILLED_DAYS: "billing:review",
    ADJUSTMENT: "billing:review",
    CLOSING: "billing:review",
    CASE_CHARGE: "billing:review",
    CASE_CHARGE_SECOND: "billing:release",
    CHARGE_WITHDRAWAL: "billing:review",
    CASE_ADJUSTMENT: "billing:review",
    ADJUSTMENT_WITHDRAWAL: "billing:review",
}
"""What two people do in billing, each with the scope of the second one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """How the runs of an org unit are released (发行): by itself or by a reviewer, dated, with a term of payment in days.

    They are due so many business days after their read day, or else so many days after the day on which the route was closed.
    """

    mode: str
    due_days: int
    issue_after_business_days: int | None = None
    issue_after_days: int = 0

    def due_on(self, *, read_date: date, closed_on: date, calendar: Calendar) -> date:
        """Return the day on which a run is due; no run is before its route was closed. Raises `YearUnknown`."""
        if self.issue_after_business_days is None:
            return closed_on + timedelta(days=self.issue_after_days)
        return max(calendar.after(read_date, self.issue_after_business_days), calendar.on_or_after(closed_on))


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """How issued bills are corrected, and what keeps a correction for a reviewer.

    `hold_on`: findings of the new bill. `changed_facts`: what becomes of bills whose account data or tariff was changed for days
    that are billed, proposed to a reviewer (`propose`) or corrected at once (`correct`).
    """

    style: str
    hold_on: frozenset[str]
    changed_facts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadShare:
    """A run is looked at from more than `over_points` points on that were not read, and more than so many percent of them all."""

    percent: int
    over_points: int

    def allows(self, unread: int, points: int) -> bool:
        """Return whether so many points without a read are few enough."""
        return unread <= self.over_points or 100 * unread <= self.percent * points


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All rules of billing that hold on a day."""

    digest: str
    """The hash of the version that it was read from."""
    review: Limits
    run_after_change: str | None
    run_sum_change_percent: int
    run_unread: UnreadShare
    run_unexplained: str
    replay_sample: int
    run_clock: Mapping[str, int]
    release: Mapping[str, Release]
    corrections: Corrections
    approvals: SecondPerson
    cases: CaseRules
    closing: ClosingRules
    ladder_near: ladder_near.Rules | None

    def release_of(self, org_unit: str) -> Release:
        """Return the release rule of the nearest org unit above, `*` where none is named."""
        unit = org_unit
        while unit:
            if unit in self.release:
                return self.release[unit]
            unit = unit.rpartition("/")[0]
        return self.release[ANY]


class Policies(Versions[Policy]):
    """The versions of a policy document, with the document that they were read from."""

    def __init__(self, document: Mapping[str, Any], read: Versions[Policy]) -> None:
        super().__init__(read.title, tuple(read))
        self.document = document
        self.text = json.dumps(document, sort_keys=True, ensure_ascii=False)


def load(document: Mapping[str, Any]) -> Policies:
    """Return the versions of a policy document; raises DocumentError with all its faults."""
    fields = "review run release corrections approvals cases closing ladder_near"
    return Policies(document, Node.read(document, lambda root: dated.versions(root, _policy, fields=fields)))


def _policy(node: Node) -> Policy:
    corrections = node.get("corrections").keys("style hold_on changed_facts")
    changed_facts = corrections.maybe("changed_facts")
    release, run = (
        node.get("release"),
        node.get("run").keys("sum_change_percent unread unexplained after_change replay_sample clock"),
    )
    unread = run.get("unread").keys("percent over_points")
    sample = run.maybe("replay_sample")
    release.get(ANY)
    return Policy(
        digest=hashlib.sha256(orjson.dumps(node.value, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        review=limits.read(node.get("review")),
        run_after_change=severity(run.get("after_change")),
        run_sum_change_percent=count(run, "sum_change_percent"),
        run_unread=UnreadShare(
            percent=unread.get("percent").whole(0, 100), over_points=unread.get("over_points").whole(0, POINTS_MAX)
        ),
        run_clock=_clock(run.maybe("clock")),
        run_unexplained=run.get("unexplained").choice(HOLD, OFF),
        replay_sample=REPLAY_SAMPLE if sample is None else sample.whole(0, REPLAY_SAMPLE_MAX),
        release={unit: _release(rule) for unit, rule in release.fields()},
        corrections=Corrections(
            style=corrections.get("style").choice(*STYLES),
            hold_on=frozenset(corrections.get("hold_on").texts()),
            changed_facts=changed_facts.choice(PROPOSE, CORRECT) if changed_facts else PROPOSE,
        ),
        approvals=second_person.read(node.maybe("approvals"), KINDS),
        cases=case_rules.read(node.maybe("cases")),
        closing=closing_rules.read(node.get("closing")),
        ladder_near=ladder_near.read(node.maybe("ladder_near")),
    )


CLOCK: Final = {"read": 0, "uploaded": 0, "closed": 1, "calculated": 1, "reviewed": 1, "released": 1}
"""By how many business days after the read day each step of a run is to be done, where a policy says nothing else."""


def _clock(node: Node | None) -> Mapping[str, int]:
    if node is None:
        return CLOCK
    node.keys(" ".join(CLOCK))
    return {step: node.get(step).whole(0, BUSINESS_DAYS_MAX) for step in CLOCK}


def _release(node: Node) -> Release:
    node.keys("mode issue_after_business_days issue_after_days due_days")
    mode, due_days = node.get("mode").choice(AUTOMATIC, REVIEWER), count(node, "due_days")
    business_days = node.maybe("issue_after_business_days")
    if business_days is None:
        return Release(mode=mode, due_days=due_days, issue_after_days=count(node, "issue_after_days"))
    if "issue_after_days" in node:
        node.get("issue_after_days").refuse("value_wrong", "either this or issue_after_business_days")
    after = business_days.whole(0, BUSINESS_DAYS_MAX)
    return Release(mode=mode, due_days=due_days, issue_after_business_days=after)
