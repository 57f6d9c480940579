"""The commands: rate a case file, validate a tariff, compare alternatives."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.__main__ import main
from tests.unit.billing.rating.documents import PLAIN, changed

CASES = Path(__file__).parents[2] / "cases"


def rate(*arguments: str) -> int:
    return main(["rate", *arguments])


def test_a_case_that_holds_exits_with_0_and_prints_the_bill(capsys: pytest.CaptureFixture[str]) -> None:
    assert rate("--case", str(CASES / "zj-multi-feb.json")) == 0
    out = capsys.readouterr().out
    assert "2800 kWh x 0.538 = 1506.4" in out
    assert "1508.40 CNY" in out


def test_json_is_printed_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert rate("--case", str(CASES / "theft-res-2kw.json"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["name"] == "kwh"


def written(folder: Path, value: Any) -> str:
    path = folder / "file.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def test_a_case_that_does_not_hold_exits_with_1_and_shows_each_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = json.loads((CASES / "zj-multi-feb.json").read_text(encoding="utf-8"))
    case["expect"] = {"total": "1.00", "currency": "EUR"}
    assert rate("--case", written(tmp_path, case)) == 1
    shown = capsys.readouterr().err
    assert shown.count("DIFFERENT") == 2
    assert "/currency: expected 'EUR', got 'CNY'" in shown


def test_a_refused_case_exits_with_1_unless_the_refusal_is_expected(tmp_path: Path) -> None:
    case = json.loads((CASES / "zj-multi-feb.json").read_text(encoding="utf-8"))
    case = {k: v for k, v in case.items() if k not in ("state", "expect", "published")}
    assert rate("--case", written(tmp_path, case)) == 1
    assert rate("--case", written(tmp_path, {**case, "expect": {"refusal": {"code": "ladder_state_missing"}}})) == 0


def test_what_is_no_case_exits_with_2(tmp_path: Path) -> None:
    assert rate("--case", str(tmp_path / "none.json")) == 2
    assert rate("--case", written(tmp_path, [1])) == 2


def test_a_tariff_is_validated_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tariff-validate", written(tmp_path, PLAIN)]) == 0
    capsys.readouterr()
    assert main(["tariff-validate", written(tmp_path, changed(PLAIN, drop="/charges"))]) == 1
    assert json.loads(capsys.readouterr().out)["errors"][0]["pointer"] == "/charges"


def test_alternatives_are_compared_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cycle = {"from": "2026-01-01", "to": "2026-02-01", "read_day": "2026-02-01", "bill_months": ["2026-01"]}
    body = {
        "account": [{"from": "2020-01-01", "people": 3}],
        "usage": {"import.peak": "100", "import.valley": "100"},
        "state": {"ladders": {"year": {"year": 2026, "used_kwh": ["0", "0", "0"]}}},
        "cycles": [{"cycle": cycle}],
        "alternatives": [
            {"name": "one price", "tariff": "CN-ZJ/residential"},
            {"name": "peak and valley", "tariff": "CN-ZJ/residential/time-of-use"},
        ],
    }
    assert main(["tariff-compare", written(tmp_path, body), "--supplied", "sample"]) == 0
    assert json.loads(capsys.readouterr().out)["alternatives"][1]["difference"] == "-22.00"
