"""The limits of the review rules: dated data of a policy, never constants in code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.precision import Floor
from services.billing.review.domain.rule import ANY, OFF, AnyRule, severity
from services.billing.review.domain.rules.registry import RULES
from services.billing.review.domain.subject import Subject
from shared.document import Node

SITE_ORDERS: Final = ("reread", "inspection", "use_check")
"""What a rule may ask for at the service point of a bill, `site_orders` of the policy by code of a finding."""
VERDICTS_MAX: Final = 1_000_000  # more than reviewers say in a year


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The rules that are not switched off, each with its limit; what findings of reads and of rating weigh, by their codes.

    `of_run`: those of the rules that look at the run too.
    """

    rules: tuple[tuple[AnyRule, Any], ...]
    of_run: tuple[tuple[AnyRule, Any], ...]
    reading_findings: Mapping[str, str]
    rating_findings: Mapping[str, str]
    floor: Floor
    site_orders: Mapping[str, str]

    def of(self, code: str) -> Any:
        """Return the limit of a rule, None where it is switched off."""
        return next((limit for rule, limit in self.rules if rule.code == code), None)


def read(node: Node) -> Limits:
    """Return the limits of the `review` part of a policy: each rule has its section, which `off` switches off."""
    node.keys(" ".join([*(rule.section for rule in RULES), "reading_findings rating_findings precision site_orders"]))
    read_ = [(rule, _limit(rule, node.get(rule.section))) for rule in RULES]
    return Limits(
        rules=tuple((rule, limit) for rule, limit in read_ if limit is not None),
        of_run=tuple((rule, limit) for rule, limit in read_ if limit is not None and rule.of_run),
        reading_findings=_severities(node.get("reading_findings")),
        rating_findings=_severities(node.get("rating_findings")),
        floor=_floor(node.get("precision")),
        site_orders=_site_orders(node),
    )


def review(bill: Subject, limits: Limits) -> list[Finding]:
    """Return what all rules find on a bill (审核), in their order, and what its reads and its rating bring along."""
    found = [one for rule, limit in limits.rules if (one := rule.find(bill, limit)) is not None]
    found += [one for code in bill.reading_findings if (one := carried("", code, limits.reading_findings))]
    found += [one for code in bill.rating_findings if (one := carried("rating", code, limits.rating_findings))]
    return found


def review_of_run(bill: Subject, limits: Limits) -> list[Finding]:
    """Return what the rules find that look at the run too, of a bill of a run that was compared."""
    return [one for rule, limit in limits.of_run if (one := rule.find(bill, limit)) is not None]


def carried(prefix: str, code: str, severities: Mapping[str, str]) -> Finding | None:
    """Carry a finding of the reads or of the rating along, at the severity that the policy gives."""
    said = severities.get(code, severities[ANY])
    return None if said == OFF else Finding(f"{prefix}.{code}" if prefix else code, said)


def _limit(rule: AnyRule, node: Node) -> Any:
    return None if node.value == OFF else rule.read(node)


def _floor(node: Node) -> Floor:
    node.keys("floor_permille verdicts_min prior_permille narrow_verdicts_min")
    return Floor(
        permille=node.get("floor_permille").whole(0, 1000),
        verdicts_min=node.get("verdicts_min").whole(1, VERDICTS_MAX),
        prior_permille=node.get("prior_permille").whole(0, 1000),
        narrow_verdicts_min=node.get("narrow_verdicts_min").whole(1, VERDICTS_MAX),
    )


def _site_orders(node: Node) -> Mapping[str, str]:
    given = node.maybe("site_orders")
    return {code: kind.choice(*SITE_ORDERS) for code, kind in given.fields()} if given else {}


def _severities(node: Node) -> Mapping[str, str]:
    node.get(ANY)
    return {code: severity(value) or OFF for code, value in node.fields()}
