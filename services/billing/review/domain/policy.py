"""Review, release and correction rules as dated data: another utility or province is another file, never other code."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.billing.review.domain import findings

OFF: Final = "off"
ANY: Final = "*"
AUTOMATIC: Final = "automatic"
REVIEWER: Final = "reviewer"
REVERSAL_AND_NEW: Final = "reversal_and_new"
DELTA: Final = "delta"
STYLES: Final = (REVERSAL_AND_NEW, DELTA)
"""How issued bills are corrected: reversed and issued anew (冲红重开), or left standing with a difference document (差额单)."""
_SEVERITIES: Final = frozenset({OFF, *findings.SEVERITIES})


class PolicyWrong(ValueError):
    """The policy document cannot be used; the text is a JSON pointer and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change counts from this percentage of the expected usage on, and from this many Wh on; both must be met."""

    percent: int
    wh: int


@dataclass(frozen=True, slots=True)
class Review:
    """The limits of the review rules. A severity of `off` switches a rule off."""

    home_classes: frozenset[str]
    implausible_home_wh_a_month: int
    change_warn: Change
    change_hold: Change
    amount_fen_max: Mapping[str, int]
    zero_usage: str
    negative_usage: str
    usage_without_amount: str
    estimated_usage: str
    estimates_in_a_row_max: int
    first_bill: str
    settles_estimate: str
    reading_findings: Mapping[str, str]
    rating_findings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """How the runs of an org unit are released (发行): by itself or by a reviewer, dated, with a term of payment in days."""

    mode: str
    issue_after_days: int
    due_days: int


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules of billing that hold in [from_, to)."""

    version: str
    from_: date
    to: date | None
    review: Review
    run_sum_change_percent: int
    release: Mapping[str, Release]
    correction_style: str
    correction_hold_on: frozenset[str]

    def release_of(self, org_unit: str) -> Release:
        """Give the release rule of the nearest org unit above, `*` where none is named."""
        unit = org_unit
        while unit:
            if unit in self.release:
                return self.release[unit]
            unit = unit.rpartition("/")[0]
        return self.release[ANY]


class Policies:
    """The versions of one policy document in time order."""

    def __init__(self, versions: Sequence[Policy]) -> None:
        self._versions = tuple(versions)
        self._starts = [policy.from_ for policy in versions]

    def on(self, day: date) -> Policy:
        """Give the version that holds on a day; LookupError where none does."""
        index = bisect_right(self._starts, day) - 1
        if index < 0:
            raise LookupError(f"no billing policy holds on {day}")
        found = self._versions[index]
        if found.to is not None and day >= found.to:
            raise LookupError(f"no billing policy holds on {day}")
        return found


def load(document: Mapping[str, Any]) -> Policies:
    """Read a policy document; raises PolicyWrong with the JSON pointer of the fault."""
    versions: list[Policy] = []
    for index, item in enumerate(_at(document, "", "versions", list)):
        pointer = f"/versions/{index}"
        version = _version(item, pointer)
        if versions and versions[-1].to != version.from_:
            raise PolicyWrong(f"{pointer}/effective: gap or overlap in time with the version before")
        versions.append(version)
    if not versions:
        raise PolicyWrong("/versions: at least one is needed")
    return Policies(versions)


def _version(item: Mapping[str, Any], pointer: str) -> Policy:
    effective = _at(item, pointer, "effective", dict)
    corrections = _at(item, pointer, "corrections", dict)
    if corrections.get("style") not in STYLES:
        raise PolicyWrong(f"{pointer}/corrections/style: one of {', '.join(STYLES)}")
    release = {
        unit: _release(rule, f"{pointer}/release/{unit}") for unit, rule in _at(item, pointer, "release", dict).items()
    }
    if ANY not in release:
        raise PolicyWrong(f"{pointer}/release: '*' is missing")
    end = effective.get("to")
    return Policy(
        version=_at(item, pointer, "version", str),
        from_=date.fromisoformat(_at(effective, f"{pointer}/effective", "from", str)),
        to=None if end is None else date.fromisoformat(end),
        review=_review(_at(item, pointer, "review", dict), f"{pointer}/review"),
        run_sum_change_percent=_count(_at(item, pointer, "run", dict), f"{pointer}/run", "sum_change_percent"),
        release=release,
        correction_style=corrections["style"],
        correction_hold_on=frozenset(_at(corrections, f"{pointer}/corrections", "hold_on", list)),
    )


def _review(item: Mapping[str, Any], pointer: str) -> Review:
    change = _at(item, pointer, "sudden_change", dict)
    estimated = _at(item, pointer, "estimated_usage", dict)
    amounts = _at(_at(item, pointer, "abnormal_amount", dict), f"{pointer}/abnormal_amount", "over_fen", dict)
    home = _at(item, pointer, "implausible_home", dict)
    return Review(
        home_classes=frozenset(_at(item, pointer, "home_classes", list)),
        implausible_home_wh_a_month=1000 * _count(home, f"{pointer}/implausible_home", "over_kwh_a_month"),
        change_warn=_change(change, f"{pointer}/sudden_change", "warn"),
        change_hold=_change(change, f"{pointer}/sudden_change", "hold"),
        amount_fen_max={name: _count(amounts, f"{pointer}/abnormal_amount/over_fen", name) for name in amounts},
        zero_usage=_severity(item, pointer, "zero_usage"),
        negative_usage=_severity(item, pointer, "negative_usage"),
        usage_without_amount=_severity(item, pointer, "usage_without_amount"),
        estimated_usage=_severity(estimated, f"{pointer}/estimated_usage", "severity"),
        estimates_in_a_row_max=_count(estimated, f"{pointer}/estimated_usage", "hold_after_in_a_row"),
        first_bill=_severity(item, pointer, "first_bill"),
        settles_estimate=_severity(item, pointer, "settles_estimate"),
        reading_findings=_severities(item, pointer, "reading_findings"),
        rating_findings=_severities(item, pointer, "rating_findings"),
    )


def _release(rule: Mapping[str, Any], pointer: str) -> Release:
    mode = _at(rule, pointer, "mode", str)
    if mode not in (AUTOMATIC, REVIEWER):
        raise PolicyWrong(f"{pointer}/mode: {AUTOMATIC} or {REVIEWER}")
    return Release(mode, _count(rule, pointer, "issue_after_days"), _count(rule, pointer, "due_days"))


def _change(item: Mapping[str, Any], pointer: str, name: str) -> Change:
    limits = _at(item, pointer, name, dict)
    return Change(_count(limits, f"{pointer}/{name}", "percent"), 1000 * _count(limits, f"{pointer}/{name}", "kwh"))


def _severities(item: Mapping[str, Any], pointer: str, name: str) -> Mapping[str, str]:
    named = _at(item, pointer, name, dict)
    if ANY not in named:
        raise PolicyWrong(f"{pointer}/{name}: '*' is missing")
    return {code: _severity(named, f"{pointer}/{name}", code) for code in named}


def _severity(item: Mapping[str, Any], pointer: str, name: str) -> str:
    value = _at(item, pointer, name, str)
    if value not in _SEVERITIES:
        raise PolicyWrong(f"{pointer}/{name}: one of {', '.join(sorted(_SEVERITIES))}")
    return str(value)


def _count(item: Mapping[str, Any], pointer: str, name: str) -> int:
    value = _at(item, pointer, name, int)
    if isinstance(value, bool) or value < 0:
        raise PolicyWrong(f"{pointer}/{name}: a count of 0 or more")
    return int(value)


def _at(item: Mapping[str, Any], pointer: str, name: str, kind: type) -> Any:
    value = item.get(name) if isinstance(item, Mapping) else None
    if not isinstance(value, kind):
        raise PolicyWrong(f"{pointer}/{name}: {kind.__name__} expected")
    return value
