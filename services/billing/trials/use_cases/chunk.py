"""One chunk of a trial: its bills as they are, and what they come to when they are rated again, with nothing read or written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from services.billing.bills.domain import chains
from services.billing.bills.domain.bills import Stored
from services.billing.bills.domain.chains import Chain, Seen
from services.billing.bills.domain.policy import DECISION, RELEASE_OF_BILL, Policies
from services.billing.bills.use_cases import inputs
from services.billing.bills.use_cases.asked import Asked
from services.billing.bills.use_cases.inputs import Inputs
from services.billing.contracts.domain import Terms, class_on
from services.billing.rating import second_opinion
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.names import Names
from services.billing.review.domain import findings
from services.billing.review.domain.findings import HOLD, NOT_RATED
from services.billing.trials.domain.report import Pair, Report
from services.billing.trials.domain.trial import Scope
from shared.second_person import SecondPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Under what bills are tried: the rater of this software, a book of documents, a policy; and whose bills are told.

    `limits`: from which amounts on two people decide, by whether that is tried or in force.
    """

    rater: second_opinion.Rater
    book: TariffBook
    policies: Policies
    scope: Scope
    limits: Mapping[bool, SecondPerson]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A bill in force of the scope."""

    bill_id: str
    account_no: str
    contract_no: str
    org_unit: str
    cycle: str
    period_to: date
    total_fen: int
    findings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Contracts with bills of the scope: these as they are, and what is rated again of some of them."""

    last: str
    heads: Sequence[Head]
    terms: Mapping[str, Terms]
    asked: Mapping[str, Asked]
    inputs: Inputs


class Trier:
    """Tries chunks under one setting, in whatever process."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._rate = inputs.rated_by(
            lambda requests, book: setting.rater(requests, book)[0], setting.book, Names(setting.book)
        )

    def report(self, chunk: Chunk) -> Report:
        """Rate again what is asked for, and report the bills of a chunk."""
        planned = [chunk.inputs.chain(asked) for asked in chunk.asked.values() if asked.start is not None]
        for chain in planned:
            chain.seen = []
        chains.calculate(planned, self._rate, self._setting.policies, chunk.inputs.old_lines)
        heads = {head.bill_id: head for head in chunk.heads}
        report = Report()
        pairs = []
        for chain in planned:
            for pair, within in self._pairs(chain, heads):
                if within:
                    pairs.append(pair)
                else:
                    report.beyond.count(pair)
        report.count(pairs)
        report.count(self._as_it_is(head, chunk.terms[head.contract_no]) for head in heads.values())
        return report

    def _pairs(self, chain: Chain, heads: dict[str, Head]) -> Iterator[tuple[Pair, bool]]:
        """Yield the bills of a chain, and whether each is of the scope; of `heads` those that are told are taken out."""
        for seen in chain.seen or ():
            old = seen.step.old
            head = heads.pop(old.bill_id, None) if old else None
            yield self._pair(chain, seen, head), head is not None or (old is None and self._is_within(chain, seen))
        for bill in chain.gone:
            head = heads.pop(bill.bill_id, None)
            yield self._gone(chain, bill, head), head is not None

    def _is_within(self, chain: Chain, seen: Seen) -> bool:
        usage = seen.step.usage
        return self._setting.scope.has(chain.terms.org_unit, usage.route_no, usage.cycle)

    def _pair(self, chain: Chain, seen: Seen, head: Head | None) -> Pair:
        old, usage, refusal = seen.step.old, seen.step.usage, seen.rated.refusal
        after = tuple(sorted({f.code for f in seen.findings if f.severity == HOLD and _is_told(f.code)}))
        before = _holding(head.findings) if head else ()
        fen = 0 if refusal else seen.rated.total_fen
        return Pair(
            bill_id=old.bill_id if old else "",
            account_no=chain.terms.account_no,
            contract_no=chain.terms.contract_no,
            org_unit=head.org_unit if head else chain.terms.org_unit,
            cycle=usage.cycle,
            customer_class=class_on(chain.terms.account_terms, usage.period_to),
            before_fen=old.total_fen if old else 0,
            after_fen=fen,
            held_before=before,
            held_after=after,
            refusal=refusal.code if refusal else "",
            two_before=self._by_two(old.total_fen, before, tried=False) if old else (),
            two_after=self._by_two(fen, after, tried=True),
        )

    def _gone(self, chain: Chain, bill: Stored, head: Head | None) -> Pair:
        return Pair(
            bill_id=bill.bill_id,
            account_no=chain.terms.account_no,
            contract_no=chain.terms.contract_no,
            org_unit=head.org_unit if head else chain.terms.org_unit,
            cycle=head.cycle if head else "",
            customer_class=class_on(chain.terms.account_terms, bill.period_to),
            before_fen=bill.total_fen,
            after_fen=0,
            held_before=_holding(head.findings) if head else (),
        )

    def _by_two(self, fen: int, held: Sequence[str], *, tried: bool) -> tuple[str, ...]:
        kinds = (DECISION, RELEASE_OF_BILL) if held else (DECISION,)
        return tuple(kind for kind in kinds if self._setting.limits[tried].scope(kind, fen) is not None)

    def _as_it_is(self, head: Head, terms: Terms) -> Pair:
        held = _holding(head.findings)
        refusals = [f for f in orjson.loads(head.findings) if f["code"] == NOT_RATED] if NOT_RATED in held else []
        return Pair(
            bill_id=head.bill_id,
            account_no=head.account_no,
            contract_no=head.contract_no,
            org_unit=head.org_unit,
            cycle=head.cycle,
            customer_class=class_on(terms.account_terms, head.period_to),
            before_fen=head.total_fen,
            after_fen=head.total_fen,
            held_before=held,
            held_after=held,
            two_before=self._by_two(head.total_fen, held, tried=False),
            two_after=self._by_two(head.total_fen, held, tried=True),
            refusal=str(refusals[0].get("values", {}).get("code", NOT_RATED)) if refusals else "",
        )


def trier(setting: Setting) -> Callable[[Chunk], Report]:
    """Return what makes the report of a chunk under a setting."""
    return Trier(setting).report


def _holding(text: str) -> tuple[str, ...]:
    if text == "[]":
        return ()
    found: list[dict[str, Any]] = orjson.loads(text)
    return tuple(sorted({f["code"] for f in found if f["severity"] == HOLD and _is_told(f["code"])}))


def _is_told(code: str) -> bool:
    """Return whether a finding says something of a bill: not what a person, or the cause of a correction, has added."""
    return code == NOT_RATED or code not in findings.OF_NO_RULE
