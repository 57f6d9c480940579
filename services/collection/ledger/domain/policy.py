"""Dated policy of collection: chart of accounts, mapping of bill components and channels, dunning stages (催费).

The document is data (`services/collection/policies/default.json` is the one that ships); each version is whole and holds
from its date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

ROLES = ("receivable", "prepayment", "suspense", "opening", "unmapped", "difference")
KINDS = ("asset", "liability", "equity", "income")


class PolicyError(ValueError):
    """The policy document is not usable; the text names the place."""


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """One account of the chart (会计科目)."""

    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class DunningStage:
    stage: int
    days_after_due: int


@dataclass(frozen=True, slots=True)
class Version:
    """The policy that holds from `effective_from` until the next version."""

    effective_from: date
    chart: Mapping[str, LedgerAccount]
    roles: Mapping[str, str]
    components: Mapping[str, str]
    channels: Mapping[str, str]
    dunning: tuple[DunningStage, ...]

    @property
    def receivable(self) -> str:
        return self.roles["receivable"]

    @property
    def prepayment(self) -> str:
        return self.roles["prepayment"]


@dataclass(frozen=True, slots=True)
class Policy:
    versions: tuple[Version, ...]

    def at(self, day: date) -> Version:
        """Return the version that holds on a day; the first one also before its date, so that no money is without an account."""
        found = self.versions[0]
        for version in self.versions:
            if version.effective_from <= day:
                found = version
        return found

    def cash_code(self, channel: str, day: date) -> str:
        """Return the ledger account of a channel's money on a day; money may still arrive through a channel that has ended."""
        versions = (self.at(day), *reversed(self.versions))
        return next(version.channels[channel] for version in versions if channel in version.channels)

    def codes(self, role: str) -> list[str]:
        """Return every ledger account that has had this role, in any version."""
        return sorted({version.roles[role] for version in self.versions})

    def cash_codes(self) -> list[str]:
        """Return every ledger account that holds money of a channel, in any version."""
        return sorted({code for version in self.versions for code in version.channels.values()})

    def chart(self) -> dict[str, LedgerAccount]:
        """Return every ledger account of any version, as last named."""
        return {code: account for version in self.versions for code, account in version.chart.items()}


def parse(document: Any) -> Policy:
    """Return the policy of a JSON document; raises `PolicyError` with the place of the fault."""
    if not isinstance(document, dict) or not isinstance(document.get("versions"), list) or not document["versions"]:
        raise PolicyError("/versions: at least one version is needed")
    versions = tuple(_version(item, f"/versions/{i}") for i, item in enumerate(document["versions"]))
    for before, after in pairwise(versions):
        if before.effective_from >= after.effective_from:
            raise PolicyError("/versions: not in the order of their dates")
    cash = {code for version in versions for code in version.channels.values()}
    for role in ROLES:
        if cash & {version.roles[role] for version in versions}:
            raise PolicyError(f"the {role} account is also the account of a channel")
    return Policy(versions)


def _version(item: Any, place: str) -> Version:
    try:
        chart = {
            code: LedgerAccount(code, str(account["name"]), str(account["kind"]))
            for code, account in item["chart"].items()
        }
        version = Version(
            effective_from=date.fromisoformat(item["effective_from"]),
            chart=chart,
            roles=dict(item["roles"]),
            components=dict(item["components"]),
            channels=dict(item["channels"]),
            dunning=tuple(DunningStage(int(s["stage"]), int(s["days_after_due"])) for s in item["dunning"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as fault:
        raise PolicyError(f"{place}: {type(fault).__name__}: {fault}") from fault
    _check(version, place)
    return version


def _check(version: Version, place: str) -> None:
    for code, account in version.chart.items():
        if account.kind not in KINDS:
            raise PolicyError(f"{place}/chart/{code}/kind: one of {', '.join(KINDS)}")
    if set(version.roles) != set(ROLES):
        raise PolicyError(f"{place}/roles: exactly {', '.join(ROLES)}")
    if len(set(version.roles.values())) != len(ROLES):
        raise PolicyError(f"{place}/roles: each role needs an account of its own")
    for name, mapping in (("roles", version.roles), ("components", version.components), ("channels", version.channels)):
        for key, code in mapping.items():
            if code not in version.chart:
                raise PolicyError(f"{place}/{name}/{key}: {code} is not in the chart")
    stages = [stage.stage for stage in version.dunning]
    if stages != list(range(1, len(stages) + 1)) or any(s.days_after_due < 0 for s in version.dunning):
        raise PolicyError(f"{place}/dunning: stages count from 1, days are not negative")
