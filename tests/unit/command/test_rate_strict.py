"""`wattline rate --case`: what is not known is refused with the names that are, and nothing that a case says is ignored."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.__main__ import main
from tests.unit.billing.rating.documents import HOME, PLAIN, TABLE, changed

CYCLE = {"from": "2026-01-01", "to": "2026-02-01", "read_day": "2026-02-01", "bill_months": ["2026-01"]}
CASE: dict[str, Any] = {
    "id": "c",
    "tariff": {"inline": PLAIN},
    "cycle": CYCLE,
    "account": [{"from": "2020-01-01"}],
    "usage": {"import": {"start": "100", "end": "110", "multiplier": "3000"}},
    "expect": {"total": "15000.00", "lines": [{"name": "energy", "amount": "15000.00"}]},
}
DAY = {"from": "2026-01-01", "to": "2026-01-02", "read_day": "2026-01-02", "bill_months": ["2026-01"]}
CURVE = {"quantity": "import", "start": "2026-01-01T00:00:00+08:00", "minutes": 30, "kwh": ["1"] * 48}
THEFT: dict[str, Any] = {
    "id": "t",
    "kind": "policy",
    "policy": "CN/supply-rules",
    "date": "2010-01-01",
    "calculation": "theft",
    "input": {"price": "0.5", "loads": [{"kw": "2", "use": "lighting"}], "days": "30"},
}
SERIES = {
    "series": "s",
    "unit": "CNY/kWh",
    "source": "a test",
    "values": [{"from": "2026-01-01", "to": None, "price": "1"}],
}
CALENDAR = {"calendar": "d", "title": "days", "years": {"2026": {"holiday": ["2026-01-01"]}}}
RULES = {
    "policy": "r",
    "version": "1",
    "effective": {"from": None, "to": None},
    "sources": [{"for": "all", "text": "test"}],
}


def rate(folder: Path, case: Any) -> int:
    path = folder / "case.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    return main(["rate", "--case", str(path), "--json"])


def policy(**more: Any) -> dict[str, Any]:
    return {**THEFT, "policy": {"inline": {**RULES, **more}}}


def beside(document: dict[str, Any]) -> dict[str, Any]:
    return {**CASE, "documents": [document]}


UNKNOWN: list[tuple[str, str, dict[str, Any]]] = [
    ("/usage/import/multipler", "multiplier", changed(CASE, {"/usage/import": {"start": "1", "end": "2", "multipler": "3000"}})),
    ("/usage/import/multiplier", "kwh", changed(CASE, {"/usage/import": {"kwh": "1", "multiplier": "3000"}})),
    ("/exepct", "expect", changed(CASE, {"/exepct": {"total": "1"}})),
    ("/kind", "tariff, policy", {**CASE, "kind": "tarif"}),
    ("/cycle/readday", "read_day", changed(CASE, {"/cycle/readday": "2026-02-01"})),
    ("/account/0/peple", "people", changed(CASE, {"/account/0/peple": 5})),
    ("/usage/imprt", "import", changed(CASE, {"/usage/imprt": "5"})),
    ("/account/0/values/iron", "none", changed(CASE, {"/account/0/values": {"iron": "1"}})),
    ("/account/0/option", "combined", changed(
        CASE, {"/account/0/option": "combind", "/tariff/inline/charges/0/for": {"option": ["", "combined"]}}
    )),
    ("/documents/0/values", "days", beside({**SERIES, "days": {}})),
    ("/amounts/enrgy", "none", {**CASE, "amounts": {"enrgy": "5"}}),
    ("/state/laders", "ladders", {**CASE, "state": {"laders": {}}}),
    ("/expect/totl", "total", {**CASE, "expect": {"totl": "1"}}),
    ("/expect/lines/0/amout", "amount", {**CASE, "expect": {"lines": [{"name": "energy", "amout": "1"}]}}),
    ("/published/0/figur", "figure", {**CASE, "published": [{"figur": "1", "figure": "1", "step": "1"}]}),
    ("/tariff/inline/chargs", "charges", changed(CASE, {"/tariff/inline/chargs": []})),
    ("/documents/0/titel", "title", beside({**SERIES, "titel": "x"})),
    ("/documents/0/values/0/prise", "price", beside(changed(SERIES, {"/values/0/prise": "1"}))),
    ("/documents/0/yeras", "years", beside({**CALENDAR, "yeras": {}})),
    ("/documents/0/rewards", "reward", beside({**TABLE, "rewards": {}})),
    ("/documents/0/penalty/0/points", "to_points", beside(changed(TABLE, {"/penalty/0/points": 5}))),
    ("/input/day", "days", changed(THEFT, {"/input": {**THEFT["input"], "day": "30"}})),
    ("/input/loads/0/kva", "kw", changed(THEFT, {"/input/loads/0/kva": "2"})),
    ("/calculation", "theft", {**THEFT, "calculation": "theif"}),
    ("/policy", "CN/supply-rules", {**THEFT, "policy": "CN/suply-rules"}),
    ("/policy/thef", "theft", policy(thef={"times": "3"})),
    ("/policy/theft/tmies", "times", policy(theft={"tmies": "3"})),
    ("/policy/theft/hours_a_day/pwr", "power", policy(theft={"hours_a_day": {"pwr": "12"}})),
]  # fmt: skip


@pytest.mark.parametrize(("pointer", "known", "case"), UNKNOWN, ids=[pointer for pointer, _, _ in UNKNOWN])
def test_what_is_not_known_is_refused_with_the_names_that_are(
    pointer: str, known: str, case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rate(tmp_path, case) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["refusal"]["pointer"] == pointer, answer
    assert known in answer["refusal"]["detail"]
    assert "total" not in answer


def test_the_same_case_without_the_fault_is_rated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rate(tmp_path, CASE) == 0
    assert rate(tmp_path, THEFT) == 0
    assert '"exact": "360"' in capsys.readouterr().out, "2 kW x 6 hours x 30 days"


DATED = {"/tariff/inline/charges/0/price": {"series": "cost"}, "/tariff/inline/series_at": "read_day"}
DAYS = {"/days": {"calendar": "festivals", "kinds": ["holiday"]}}
CURVED = {"cycle": DAY, "usage": {}, "curves": [CURVE], "expect": {}}
NOWHERE: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("tariff_unknown", "/tariff", "no tariff t/none", "CN-ZJ/residential", {**CASE, "tariff": "t/none"}),
    ("price_missing", "/series/cost", "no series cost", "s", {**changed(CASE, DATED), "documents": [SERIES]}),
    ("price_missing", "/series/cost", "no series cost", "s", changed(
        {**CASE, **CURVED, "documents": [SERIES]}, {**DATED, "/tariff/inline/charges/0/by": "interval"}
    )),
    ("holiday_year_missing", "/calendars/festivals", "no calendar festivals", "d", {
        **CASE, **CURVED, "tariff": {"inline": changed(HOME, DAYS)}, "documents": [CALENDAR],
        "state": {"ladders": {"year": {"year": 2026, "used_kwh": ["0", "0", "0"]}}},
    }),
    ("policy_unknown", "/policy", "no policy of this id", "CN/supply-rules", {**THEFT, "policy": "CN/suply-rules"}),
    ("policy_unknown", "/calculation", "no such calculation", "theft", {**THEFT, "calculation": "theif"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "pointer", "says", "known", "case"), NOWHERE, ids=[says for _, _, says, _, _ in NOWHERE]
)
def test_a_document_that_is_not_there_is_refused_with_those_that_are(
    code: str,
    pointer: str,
    says: str,
    known: str,
    case: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert rate(tmp_path, case) == 1
    refusal = json.loads(capsys.readouterr().out)["refusal"]
    assert (refusal["code"], refusal["pointer"]) == (code, pointer), refusal
    said, _, there = refusal["detail"].partition("; there are: ")
    assert said == says
    assert known in there.split(", ")


HOMES: dict[str, Any] = {
    **CASE,
    "tariff": {"inline": HOME},
    "usage": {"import.peak": "100", "import.valley": "100"},
    "state": {"ladders": {"year": {"year": 2026, "used_kwh": ["0", "0", "0"]}}},
}
del HOMES["expect"]
HALF_HOURS = {**CASE, "cycle": DAY, "usage": {}, "curves": [CURVE], "expect": {}}
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("input_wrong", "/input/loads/0/kw", changed(THEFT, {"/input/loads/0/kw": "-2"})),
    ("input_wrong", "/input/loads", changed(THEFT, {"/input/loads": []})),
    ("input_wrong", "/input/days", changed(THEFT, {"/input/days": "-30"})),
    ("input_wrong", "/input/debts/0/amount", {
        **THEFT,
        "calculation": "late_fee",
        "input": {"user": "other", "paid": "2010-02-01", "debts": [{"name": "d", "amount": "-5", "due": "2010-01-01"}]},
    }),
    ("request_wrong", "/curves/0/kwh/3", changed(HALF_HOURS, {"/curves/0/kwh/3": "-1"})),
    ("ladder_state_wrong", "/state/ladders/year/used_kwh/0", changed(HOMES, {"/state/ladders/year/used_kwh/0": "-1"})),
    ("ladder_state_wrong", "/state/ladders/year/used_kwh", changed(HOMES, {"/state/ladders/year/used_kwh": ["0"]})),
    ("ladder_state_wrong", "/state/ladders/year/used_kwh", changed(
        HOMES, {"/state/ladders/year": {"year": 2025, "used_kwh": ["0", "0", "0", "0"]}}
    )),
    ("ladder_state_wrong", "/state/ladders/yaer", changed(
        HOMES, {"/state/ladders/yaer": {"year": 2026, "used_kwh": ["0", "0", "0"]}}
    )),
    ("request_wrong", "/cycle/bill_months/1", changed(CASE, {"/cycle/bill_months": ["2026-01", "2026-01"]})),
    ("request_wrong", "/cycle/bill_months/0", changed(CASE, {"/cycle/bill_months": ["2026-03"]})),
    ("request_wrong", "/cycle/bill_months/0", changed(CASE, {"/cycle/bill_months": ["2025-12"]})),
    ("request_wrong", "/cycles/1/cycle/bill_months/0", {
        **{k: v for k, v in CASE.items() if k not in ("cycle", "expect")},
        "cycles": [{"cycle": CYCLE}, {"cycle": {**CYCLE, "from": "2026-02-01", "to": "2026-03-01"}}],
    }),
    ("request_wrong", "/usage/import/multiplier", changed(CASE, {"/usage/import/multiplier": "0"})),
]  # fmt: skip


@pytest.mark.parametrize(("code", "pointer", "case"), REFUSED, ids=[f"{c}:{p}" for c, p, _ in REFUSED])
def test_what_cannot_be_is_refused_with_its_code_and_place(
    code: str, pointer: str, case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rate(tmp_path, case) == 1
    refusal = json.loads(capsys.readouterr().out)["refusal"]
    assert (refusal["code"], refusal["pointer"]) == (code, pointer)


def test_every_fault_of_a_case_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = changed(CASE, {"/usage/import/multipler": "1", "/account/0/people": -1, "/cycle/bill_months": []})
    assert rate(tmp_path, case) == 1
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert [(f["code"], f["pointer"]) for f in faults] == [
        ("value_wrong", "/cycle/bill_months"),
        ("value_wrong", "/account/0/people"),
        ("field_unknown", "/usage/import/multipler"),
    ]


def compensation(effective: tuple[str | None, str | None], **more: str) -> dict[str, Any]:
    rules = {**RULES, "effective": dict(zip(("from", "to"), effective, strict=True))}
    return {
        "id": "o",
        "kind": "policy",
        "policy": {"inline": {**rules, "outage": {"times": "4", "days_of_month": "30"}}},
        "calculation": "outage_compensation",
        "input": {"hours": "6", "month_kwh": "7200", "price": "0.5"},
        "expect": {"items": [{"name": "compensation", "amount": "120.00"}]},
        **more,
    }


@pytest.mark.parametrize(
    ("case", "code", "pointer"),
    [
        (compensation((None, None)), None, None),
        (compensation(("2024-06-01", None), date="2024-06-01"), None, None),
        (compensation(("2024-06-01", None), date="2024-05-31"), "policy_unknown", "/policy"),
        (compensation((None, "2024-06-01"), date="2024-06-01"), "policy_unknown", "/policy"),
        (compensation(("2024-06-01", None)), "request_wrong", "/date"),
    ],
)
def test_a_policy_in_the_case_itself_holds_on_the_date_or_is_refused(
    case: dict[str, Any], code: str | None, pointer: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rate(tmp_path, case) == (1 if code else 0)
    refusal = json.loads(capsys.readouterr().out).get("refusal", {})
    assert (refusal.get("code"), refusal.get("pointer")) == (code, pointer)


def test_a_legal_calculation_counts_days_and_months_from_dates_and_takes_several_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loads = [
        {"name": "workshop", "kw": "10", "use": "power", "price": "0.8"},
        {"name": "lamps", "kw": "2", "use": "lighting", "price": "0.5", "days": "10"},
    ]
    dates = {"from": "2009-12-01", "to": "2010-01-01"}
    assert rate(tmp_path, {**THEFT, "input": {"loads": loads, **dates}, "expect": {"items": [
        {"name": "workshop kWh", "exact": "3720"},
        {"name": "lamps", "amount": "60.00"},
        {"name": "penalty", "amount": "9108.00"},
    ]}}) == 0  # fmt: skip
    private = {
        "case": "private",
        "tariff": "two_part",
        "kva": "100",
        "price": "30",
        "from": "2009-11-24",
        "to": "2010-01-01",
    }
    assert rate(tmp_path, {**THEFT, "calculation": "capacity_without_contract", "input": private, "expect": {"items": [
        {"name": "months", "formula": "7/30 + 1 = 37/30"},
        {"name": "basic_charge", "amount": "3700.00"},
    ]}}) == 0  # fmt: skip
    changed_ = {"price_paid": "0.5", "price_due": "0.8", "loads": [{"kw": "1", "use": "power"}], "to": "2010-01-01"}
    assert rate(tmp_path, {**THEFT, "calculation": "class_change", "input": changed_, "expect": {"items": [
        {"name": "kwh", "exact": "1104"},  # October to December: 92 days of 12 hours
    ]}}) == 0  # fmt: skip
    assert capsys.readouterr().err == ""


FACE = {"digits": 6, "scale": 2, "start": "9990.00", "end": "10.00", "rollover": True}


def faced(**values: Any) -> dict[str, Any]:
    return {**CASE, "usage": {"import": {**FACE, **values}}, "expect": {}}


def test_digits_are_those_of_the_whole_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Six digits of which two are decimals show up to 9999.99, in a case as in reading."""
    assert rate(tmp_path, faced()) == 0
    assert json.loads(capsys.readouterr().out)["quantities"] == {"import": {"kwh": "20"}}
    for values, pointer in (
        ({"start": "10000"}, "/usage/import/start"),
        ({"end": "10.001"}, "/usage/import/end"),
        ({"scale": 0, "start": "9990.50"}, "/usage/import/start"),
        ({"scale": 6}, "/usage/import/scale"),
        ({"digits": 16}, "/usage/import/digits"),
    ):
        assert rate(tmp_path, faced(**values)) == 1
        assert json.loads(capsys.readouterr().out)["refusal"]["pointer"] == pointer


def findings(folder: Path, case: dict[str, Any], shown: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    assert rate(folder, case) == 0
    return [(f["code"], f["pointer"]) for f in json.loads(shown.readouterr().out)["findings"]]


def test_two_curves_or_a_register_and_a_curve_that_disagree_are_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {**CURVE, "kwh": ["2", "0"] * 24}
    assert findings(tmp_path, {**HALF_HOURS, "usage": {"import": "48"}, "curves": [CURVE, CURVE]}, capsys) == []
    assert findings(tmp_path, {**HALF_HOURS, "curves": [CURVE, other]}, capsys) == [
        ("curves_differ", "/usage/curves/import")
    ]
    assert findings(tmp_path, {**HALF_HOURS, "usage": {"import": "49"}}, capsys) == [
        ("curve_register_differs", "/usage/import")
    ]


@pytest.mark.parametrize("depth", [60, 100_000])
@pytest.mark.parametrize("command", ["rate --case", "tariff-validate", "tariff-compare"])
def test_a_document_that_is_nested_too_deep_is_refused_with_a_code(
    command: str, depth: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "deep.json"
    path.write_text('{"tariff": {"inline": ' + '{"a": ' * depth + "1" + "}" * depth + "}}", encoding="utf-8")
    assert main([*command.split(), str(path)]) in (1, 2)
    shown = capsys.readouterr()
    assert "document_too_deep" in shown.out + shown.err or "more than 48 levels" in shown.out
