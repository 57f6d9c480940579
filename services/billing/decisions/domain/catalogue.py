"""The catalogue of all that the review finds of bills and runs, and of what it carries along, as a policy has it. Pure."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from services.billing.bills.domain.policy import Policy
from services.billing.review.domain import said
from services.billing.review.domain.rule import ANY, OFF, severity_of
from services.billing.review.domain.rules.of_runs import RUN_RULES
from services.billing.review.domain.rules.registry import RULES
from services.billing.review.domain.words import Words

LooksAt = Literal["bills", "runs", "reads", "rating"]
_OF_READS: Final = "The review of reads (抄表数据复核), whose rules are reading's own; billing carries what it finds."
_OF_RATING: Final = "The calculation itself, whose codes are those of the rating reference."
_RULES: Final = {rule.code: rule for rule in RULES}
_RUN_RULES: Final = {rule.code: rule for rule in RUN_RULES}
CODES: Final = (*_RULES, *_RUN_RULES, *said.READS, *said.RATING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An entry of the catalogue, with its severity by a policy: `off` where it is switched off."""

    code: str
    looks_at: LooksAt
    severity: str
    title: Words
    words: Words
    source: str


def of(code: str, policy: Policy) -> Listed:
    """Return what finds a code."""
    if (rule := _RULES.get(code)) is not None:
        severity = severity_of(policy.review.of(code))
        return _listed(code, "bills", severity, rule.title, rule.words, rule.source)
    if (run := _RUN_RULES.get(code)) is not None:
        own_severities = {"after_change": policy.run_after_change or OFF, "unexplained": policy.run_unexplained}
        severity = own_severities.get(run.section, "hold")
        return _listed(code, "runs", severity, run.title, run.words, run.source)
    family, _, own = code.partition(".")
    words = Words(said.said({"code": code}, "zh"), said.said({"code": code}, "en"))
    if family == "rating":
        severities: Any = policy.review.rating_findings
        return _listed(code, "rating", severities.get(own, severities[ANY]), words, words, _OF_RATING)
    severities = policy.review.reading_findings
    return _listed(code, "reads", severities.get(code, severities[ANY]), words, words, _OF_READS)


def _listed(code: str, looks_at: LooksAt, severity: str, title: Words, words: Words, source: str) -> Listed:
    return Listed(code=code, looks_at=looks_at, severity=severity, title=title, words=words, source=source)
