"""Dated policy of the ledger: chart of accounts, and which account a role, a bill component or a channel's money has.

Its document is data (`services/collection/policies/default.json` is the one that ships); other capabilities have parts of their
own in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared import dated, second_person
from shared.dated import Versions
from shared.document import Node
from shared.second_person import SecondPerson

FIELDS: Final = "chart roles components channels approvals"
SCOPE: Final = "collection:write"
MONTH_CLOSING: Final = "month.closing"
OPENING_RECEIVABLE: Final = "receivable.opening"
REVERSAL: Final = "payment.reversal"
RESOLUTION: Final = "suspense.resolution"
PAYING_OUT: Final = "account.payout"
LATE_PAYOUT: Final = "account.late_payout"
WAIVER: Final = "late_fee.waiver"
PLAN: Final = "instalment.plan"
CUTTING: Final = "supply.cut"
APPROVALS: Final = dict.fromkeys(
    (MONTH_CLOSING, OPENING_RECEIVABLE, REVERSAL, RESOLUTION, PAYING_OUT, LATE_PAYOUT, WAIVER, PLAN, CUTTING), SCOPE
)
"""What two people do in collection, each with the scope of the second one."""
ROLES: Final = ("receivable", "prepayment", "suspense", "opening", "unmapped", "difference")
KINDS: Final = ("asset", "liability", "equity", "income")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAccount:
    """One account of the chart (会计科目)."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds in one period: the chart, and ledger accounts by role, bill component and channel."""

    chart: Mapping[str, LedgerAccount]
    roles: Mapping[str, str]
    components: Mapping[str, str]
    channels: Mapping[str, str]
    approvals: SecondPerson

    @property
    def receivable(self) -> str:
        return self.roles["receivable"]

    @property
    def prepayment(self) -> str:
        return self.roles["prepayment"]


class Policy:
    """The rules of all days."""

    def __init__(self, versions: Versions[Rules]) -> None:
        self._versions = versions
        self._first = min((version.period.from_ for version in versions), default=date.min)
        self.rules = tuple(version.rules for version in versions)

    def at(self, day: date) -> Rules:
        """Return the rules that hold on a day; the first ones also before their date, so that no money is without an account."""
        return self._versions.on(max(day, self._first))

    def cash_code(self, channel: str, day: date) -> str:
        """Return the ledger account of a channel's money on a day; money may still arrive through a channel that has ended."""
        candidates = (self.at(day), *reversed(self.rules))
        return next(rules.channels[channel] for rules in candidates if channel in rules.channels)

    def second_person(self, kind: str, day: date, fen: int = 0) -> str | None:
        """Return the scope of the second person that something needs on a day; None where one person is enough."""
        return self.at(day).approvals.scope(kind, fen)

    def codes(self, role: str) -> list[str]:
        """Return every ledger account that has had this role, in any version."""
        return sorted({rules.roles[role] for rules in self.rules})

    def cash_codes(self) -> list[str]:
        """Return every ledger account that holds money of a channel, in any version."""
        return sorted({code for rules in self.rules for code in rules.channels.values()})

    def chart(self) -> dict[str, LedgerAccount]:
        """Return every ledger account of any version, as last named."""
        return {code: account for rules in self.rules for code, account in rules.chart.items()}


def read(document: Node, *, also: str) -> Policy:
    """Return the policy of a document; `also` names the fields of a version that other capabilities read."""
    policy = Policy(dated.versions(document, _rules, fields=f"{FIELDS} {also}"))
    cash = policy.cash_codes()
    for node in document.get("versions").items():
        for role, code in node.get("roles").fields():
            if code.text() in cash:
                code.refuse("name_twice", f"the {role} account is also the account of a channel")
    return policy


def _rules(node: Node) -> Rules:
    listed = node.get("chart")
    chart = {code: _account(account) for code, account in listed.fields()}
    roles = node.get("roles").keys(" ".join(ROLES))
    found = {role: _code(roles.get(role), listed) for role in ROLES}
    if roles.sound and len(set(found.values())) != len(ROLES):
        roles.refuse("name_twice", "each role needs an account of its own")
    return Rules(
        chart=chart,
        roles=found,
        components={name: _code(code, listed) for name, code in node.get("components").fields()},
        channels={name: _code(code, listed) for name, code in node.get("channels").fields()},
        approvals=second_person.read(node.maybe("approvals"), APPROVALS),
    )


def _account(node: Node) -> LedgerAccount:
    node.keys("name kind")
    return LedgerAccount(name=node.get("name").text(), kind=node.get("kind").choice(*KINDS))


def _code(node: Node, chart: Node) -> str:
    code = node.text()
    if isinstance(chart.value, dict) and code not in chart.value:
        node.refuse("name_unknown", f"{code} is not in the chart")
    return code
