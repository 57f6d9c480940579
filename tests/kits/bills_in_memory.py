"""The bills of one contract in memory, calculated by the chains of the product, and the documents that its customer holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import orjson

from services.billing.bills.domain import bills, chains, differences, policy
from services.billing.bills.domain.bills import (
    ADJUSTED,
    EFFECTIVE,
    HELD,
    ISSUED,
    READY,
    REPLACED,
    REVERSED,
    Draft,
    Stored,
)
from services.billing.contracts import domain as accounts
from services.billing.contracts.domain import AccountTerms, Assignment, Terms
from services.billing.rating import rating
from services.billing.review.domain import findings
from services.billing.settings import DEFAULT_POLICY
from services.billing.tariffs.documents import packaged
from services.billing.usages.domain import Usage

BOOK = rating.load_book(packaged.documents("sample"))
POLICIES = policy.load(orjson.loads(DEFAULT_POLICY.read_bytes()))
DAY = date(2020, 1, 1)
ACCOUNT_TERMS, TARIFFS = (AccountTerms(DAY, "residential", 3, 1),), (Assignment(DAY, "CN-ZJ/residential"),)
TERMS = Terms(
    account_no="A",
    contract_no="C",
    service_point_no="S",
    org_unit="zj",
    account_terms=ACCOUNT_TERMS,
    assignments=TARIFFS,
    opening='{"ladders":{"year":{"used_wh":[0,0,0],"year":2026}}}',
    opened=DAY,
    ended=None,
    cycle_months=1,
    spans=accounts.spans(ACCOUNT_TERMS, TARIFFS),
)


def usage(cycle: int, wh: int, version: int) -> Usage:
    start, end = date(2026, cycle, 1), date(2026, cycle + 1, 1)
    return Usage(
        usage_id=f"u{cycle}-{version}",
        service_point_no="S",
        org_unit="zj",
        route_no="R",
        cycle=f"2026-{cycle:02}",
        read_date=end,
        period_from=start,
        period_to=end,
        version=version,
        energy={"import": wh},
        import_wh=wh,
    )


@dataclass
class Books:
    """The bills of one contract in memory, and the documents that the customer holds, in fen by component."""

    terms: Terms = TERMS
    book: rating.TariffBook = BOOK
    style: str = policy.REVERSAL_AND_NEW
    bills: list[Stored] = field(default_factory=list)
    usages: dict[str, Usage] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, Draft] = field(default_factory=dict)
    by_difference: set[str] = field(default_factory=set)
    documents: dict[str, dict[str, int]] = field(default_factory=dict)
    rated: int = 0

    def rate(self, requests: Sequence[rating.Request]) -> list[rating.RatedBill]:
        self.rated += len(requests)
        return rating.rate(requests, self.book)

    def take(self, *new: Usage) -> None:
        self.usages |= {usage.usage_id: usage for usage in new}
        fresh = {(usage.period_from, usage.period_to): usage for usage in new}
        first = min(usage.period_from for usage in new)
        before = [b for b in self.bills if b.status in EFFECTIVE and b.period_from < first]
        start = max((b.period_from for b in before), default=first)
        stored = [b for b in self.bills if b.period_from >= start]
        chain = chains.plan(self.terms, stored, fresh, self.usages)
        chains.calculate([chain], self.rate, POLICIES, self.lines)
        corrected = [d.replaces.bill_id for d in chain.drafts if d.replaces and d.replaces.status == ISSUED]
        style = differences.style(self.style, [bill_id in self.by_difference for bill_id in corrected])
        for draft in chain.drafts:
            bill_id = f"b{len(self.bills)}"
            self.drafts[bill_id] = draft
            old = draft.replaces
            if old is not None and old.status == ISSUED:
                status = self._correct(old, bill_id, style)
                self.bills[self.bills.index(old)] = replace(old, status=status)
            elif old is not None:
                self.bills[self.bills.index(old)] = replace(old, status=REPLACED)
            self.lines[bill_id] = draft.lines_text
            assert sum(line.amount_fen for line in draft.lines) == draft.total_fen
            self.bills.append(
                Stored(
                    bill_id=bill_id,
                    period_from=draft.usage.period_from,
                    period_to=draft.usage.period_to,
                    version=draft.version,
                    status=draft.status,
                    row_version=1,
                    usage_id=draft.usage.usage_id,
                    energy_wh=draft.usage.import_wh,
                    total_fen=draft.total_fen,
                    estimated=draft.usage.estimated,
                    state=draft.state,
                    findings=findings.as_text(draft.findings),
                )
            )
        for old, state in chain.restated:
            self.bills[self.bills.index(old)] = replace(old, state=state)

    def _correct(self, old: Stored, bill_id: str, style: str) -> str:
        if style == policy.REVERSAL_AND_NEW:
            del self.documents[old.bill_id]  # a bill told by difference is none: this would fail
            self.documents[bill_id] = self._parts(bill_id)
            return REVERSED
        was, now = self.drafts[old.bill_id].lines, self.drafts[bill_id].lines
        told = dict(differences.components(self._parts(old.bill_id), self._parts(bill_id)))
        assert _by_charge(differences.lines(was, now)) == told
        self.documents[f"d{bill_id}"] = told
        self.by_difference.add(bill_id)
        return ADJUSTED

    def _parts(self, bill_id: str) -> dict[str, int]:
        return dict(bills.components(self.drafts[bill_id].lines))

    def issue(self) -> None:
        for i, bill in enumerate(self.bills):
            if bill.status in (READY, HELD):
                self.bills[i] = replace(bill, status=ISSUED)
                self.documents[bill.bill_id] = self._parts(bill.bill_id)

    def do(self, step: str) -> None:
        if step == "issue":
            self.issue()
        else:
            self.style = step  # the policy of the days to come

    def told_fen(self) -> int:
        return sum(fen for parts in self.documents.values() for fen in parts.values())

    def in_force(self) -> list[tuple[date, int, str]]:
        found = [b for b in self.bills if b.status in EFFECTIVE]
        return sorted((b.period_from, b.total_fen, b.state) for b in found)


def _by_charge(changed: Sequence[differences.LineDifference]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in changed:
        sums[line.charge] = sums.get(line.charge, 0) + line.now_fen - line.before_fen
    return {charge: fen for charge, fen in sums.items() if fen}
