"""Findings: coded values with a severity that travel with a bill; never exceptions, never personal data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import orjson  # lint: skip=PURE-IMPORT text in and text out, as pure as json and ten times as fast

INFO: Final = "info"
WARN: Final = "warn"
HOLD: Final = "hold"
_RANK: Final = {"": 0, INFO: 1, WARN: 2, HOLD: 3}
SEVERITIES: Final = (INFO, WARN, HOLD)
HELD_BY_REVIEWER: Final = "billing.held_by_reviewer"
"""A reviewer's own hold outlives a new calculation of the bill."""
ACCOUNT_CHANGED: Final = "billing.account_changed"
"""The account data that the bill rests on were changed after it had gone out."""
TARIFF_CHANGED: Final = "billing.tariff_changed"
"""A tariff, series, calendar or table that the bill rests on was changed after it had been calculated."""
SUB_METER_CHANGED: Final = "billing.sub_meter_changed"
"""What a sub-meter of the bill's main meter measured was told again after the bill had gone out."""
LARGE_CORRECTION: Final = "billing.large_correction"
"""A correction of an amount from which on two people decide, whoever told what it rests on."""
TAKEN_BACK: Final = "billing.taken_back"
"""Proposed is that an issued bill goes with nothing in its place: its period is no more, or another contract's."""
FROZEN: Final = "billing.frozen"
"""A freeze keeps a correction of an issued bill from going out; with its end it is calculated again by itself."""
CAUSES: Final = (ACCOUNT_CHANGED, TARIFF_CHANGED, SUB_METER_CHANGED)
"""Why a correction is proposed that no newer usage asks for."""
SENT_TO_SITE: Final = "billing.sent_to_site"
"""The policy wants it looked at on site: a site order is out, or has been."""
NOT_RATED: Final = "billing.not_rated"
"""The rating misses something."""
DRAWN_SAMPLE: Final = "billing.drawn_sample"
"""It was drawn, whatever is in it."""
OF_NO_RULE: Final = frozenset(
    (HELD_BY_REVIEWER, DRAWN_SAMPLE, NOT_RATED, SENT_TO_SITE, LARGE_CORRECTION, TAKEN_BACK, FROZEN, *CAUSES)
)
"""What no review rule found: there is nothing to be right or wrong about."""
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """One coded observation on a bill: `hold` keeps it from being issued, `warn` and `info` are only shown.

    `values` are the figures that the rule compared, integers or short codes.
    """

    code: str
    severity: str
    values: Mapping[str, Any] = field(default_factory=lambda: _NONE)

    def as_json(self) -> dict[str, Any]:
        """Return the finding as it is stored and shown."""
        return {"code": self.code, "severity": self.severity, **({"values": dict(self.values)} if self.values else {})}


def worst(found: Iterable[Finding]) -> str:
    """Return the highest severity among findings, empty where there are none."""
    return max((f.severity for f in found), key=_RANK.__getitem__, default="")


def as_text(found: Sequence[Finding]) -> str:
    """Return findings as they are stored."""
    return orjson.dumps([f.as_json() for f in found]).decode() if found else "[]"


def are_same(text: str, found: Sequence[Finding]) -> bool:
    """Return whether stored findings are these, in whatever order they were found."""
    stored = [orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in orjson.loads(text or "[]")]
    return sorted(stored) == sorted(orjson.dumps(each.as_json(), option=orjson.OPT_SORT_KEYS) for each in found)


def of_rules(text: str) -> dict[str, str]:
    """Return the severity of each finding of a review rule among stored ones, by code; the worst where there are several.

    A bill that could not be rated has none: it has no figures that a rule could be right about.
    """
    found: dict[str, str] = {}
    for each in orjson.loads(text):
        code, severity = each["code"], each["severity"]
        if code == NOT_RATED:
            return {}
        if code not in OF_NO_RULE and _RANK[severity] > _RANK[found.get(code, "")]:
            found[code] = severity
    return found


def of_text(text: str) -> list[Finding]:
    """Return stored findings."""
    return [Finding(each["code"], each["severity"], each.get("values", _NONE)) for each in orjson.loads(text)]


def codes_of(text: str) -> set[str]:
    """Return the codes of stored findings."""
    return {each["code"] for each in orjson.loads(text)}


def with_more(text: str, more: Iterable[Finding]) -> str:
    """Add findings to stored ones."""
    return orjson.dumps([*orjson.loads(text), *(each.as_json() for each in more)]).decode()


def with_one(text: str, finding: Finding) -> str:
    """Add a finding to stored ones."""
    return orjson.dumps([*orjson.loads(text), finding.as_json()]).decode()
