"""The policy document: dated, validated with a pointer to the fault."""

from datetime import date
from typing import Any

import orjson
import pytest

from services.billing.bills.domain import policy
from services.billing.settings import DEFAULT_POLICY
from shared.business_calendar import folder
from shared.document import DocumentError


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(DEFAULT_POLICY.read_bytes())
    return loaded


def test_the_nearest_org_unit_decides_how_runs_are_released() -> None:
    changed = document()
    by_hand = {"mode": "reviewer", "issue_after_days": 2, "due_days": 10}
    changed["versions"][0]["release"]["zj/hangzhou"] = by_hand
    now = policy.load(changed).on(date(2026, 1, 1))
    assert now.release_of("zj/hangzhou/xihu").mode == "reviewer"
    assert now.release_of("zj/hangzhou").due_days == 10
    assert now.release_of("zj/ningbo").mode == "automatic"


def test_a_run_is_due_by_business_days_after_its_read_day_or_by_days_after_its_closing() -> None:
    changed = document()
    changed["versions"][0]["release"]["zj"] = {"mode": "automatic", "issue_after_days": 1, "due_days": 20}
    now = policy.load(changed).on(date(2026, 1, 1))
    friday, saturday = date(2026, 3, 6), date(2026, 3, 7)
    calendar = folder.load(folder.DOCUMENTS)
    due = [
        now.release_of(unit).due_on(read_date=friday, closed_on=saturday, calendar=calendar) for unit in ("zj", "js")
    ]
    assert due == [date(2026, 3, 8), date(2026, 3, 9)]


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (
            {"issue_after_days": 1, "issue_after_business_days": 1},
            "value_wrong at /versions/0/release/*/issue_after_days",
        ),
        ({}, "field_missing at /versions/0/release/*/issue_after_days"),
        ({"issue_after_business_days": 61}, "value_wrong at /versions/0/release/*/issue_after_business_days"),
    ],
)
def test_a_release_names_one_rule_for_its_day(rule: dict[str, int], fault: str) -> None:
    changed = document()
    changed["versions"][0]["release"]["*"] = {"mode": "automatic", "due_days": 20} | rule
    with pytest.raises(DocumentError) as refused:
        policy.load(changed)
    assert fault in str(refused.value)


def test_a_version_holds_from_its_first_day_until_the_next_ones() -> None:
    changed = document()
    later = orjson.loads(orjson.dumps(changed["versions"][0]))
    changed["versions"][0]["effective"]["to"] = "2026-07-01"
    later |= {"version": "2", "effective": {"from": "2026-07-01", "to": None}}
    changed["versions"].append(later)
    loaded = policy.load(changed)
    assert [loaded.version_on(day).name for day in (date(2026, 6, 30), date(2026, 7, 1))] == ["1", "2"]
    with pytest.raises(LookupError):
        loaded.on(date(1999, 12, 31))


@pytest.mark.parametrize("style", policy.STYLES)
def test_a_utility_chooses_how_issued_bills_are_corrected(style: str) -> None:
    changed = document()
    changed["versions"][0]["corrections"]["style"] = style
    assert policy.load(changed).on(date(2026, 1, 1)).corrections.style == style


def test_the_shipped_policy_reverses_and_issues_anew() -> None:
    assert policy.load(document()).on(date(2026, 1, 1)).corrections.style == policy.REVERSAL_AND_NEW


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("review", "zero_usage"), "maybe", "/versions/0/review/zero_usage"),
        (
            ("review", "implausible_home", "over_kwh_a_month"),
            -1,
            "/versions/0/review/implausible_home/over_kwh_a_month",
        ),
        (("review", "sudden_rise", "hold"), None, "/versions/0/review/sudden_rise/hold"),
        (("release", "*", "mode"), "never", "/versions/0/release/*/mode"),
        (("release",), {}, "/versions/0/release"),
        (("corrections", "style"), "credit_note", "/versions/0/corrections/style"),
        (("run", "sum_change_percent"), "50", "/versions/0/run/sum_change_percent"),
        (("effective", "from"), None, "/versions/0/effective/from"),
        (("review", "zero_usages"), "warn", "/versions/0/review/zero_usages"),
    ],
)
def test_a_wrong_document_is_refused_with_the_place_of_the_fault(
    path: tuple[str, ...], value: Any, pointer: str
) -> None:
    wrong = document()
    place = wrong["versions"][0]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(DocumentError, match=pointer.replace("*", r"\*")):
        policy.load(wrong)


def test_a_gap_between_versions_is_refused() -> None:
    wrong = document()
    wrong["versions"].append(orjson.loads(orjson.dumps(wrong["versions"][0])))
    wrong["versions"][0]["effective"]["to"] = "2026-06-30"
    wrong["versions"][1]["effective"]["from"] = "2026-07-01"
    with pytest.raises(DocumentError, match="version_gap"):
        policy.load(wrong)


def test_all_faults_of_a_policy_are_told_at_once() -> None:
    wrong = document()
    version = wrong["versions"][0]
    version["review"] |= {"zero_usage": "maybe", "zero_usages": "warn", "sudden_rise": {"warn": 5}}
    version["release"] = {
        "zj": {"mode": "never", "due_days": -1, "issue_after_days": 1, "issue_after_business_days": 1}
    }
    version["corrections"] = []
    with pytest.raises(DocumentError) as refused:
        policy.load(wrong)
    assert {fault.pointer.removeprefix("/versions/0") for fault in refused.value.faults} == {
        "/review/zero_usage",
        "/review/zero_usages",
        "/review/sudden_rise/warn",
        "/review/sudden_rise/hold",
        "/release/*",
        "/release/zj/mode",
        "/release/zj/due_days",
        "/release/zj/issue_after_days",
        "/corrections",
    }
