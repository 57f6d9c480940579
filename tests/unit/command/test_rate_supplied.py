"""`--supplied sample` fills the open facts of every packaged tariff, so that each of them bills."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.__main__ import main
from services.billing.rating import rating
from services.billing.tariffs.documents import packaged

SAMPLE = packaged.documents("sample")
TARIFFS = {(d["id"], d["version"]): d for d in SAMPLE if "charges" in d}
OPEN = {(d["id"], d["version"]): d for d in packaged.documents() if "charges" in d}
INDUSTRY = "CN-SC/commercial-industrial/two-part/capacity"


def case(tariff: str, version: int) -> dict[str, Any]:
    """100 kWh in each period (300 in a tariff without any), in June of the version's time."""
    document = TARIFFS[tariff, version]
    year = 2023 if version == 1 else 2024
    periods = [p["name"] for p in document.get("periods", ())]
    usage = {f"import.{name}": "100" for name in periods} or {"import": "300"}
    ladders = {
        n: {"year": year, "used_kwh": ["0", "0", "0"]}
        for n, x in document.get("ladders", {}).items()
        if x["span"] == "year"
    }
    industry = {"capacity_kva": "100", "class": "industry"} if tariff == INDUSTRY else {}
    return {
        "id": "supplied",
        "tariff": tariff,
        "cycle": {
            "from": f"{year}-06-01",
            "to": f"{year}-07-01",
            "read_day": f"{year}-07-01",
            "bill_months": [f"{year}-06"],
        },
        "account": [{"from": "2020-01-01", "people": 3, **industry}],
        "usage": usage | ({"reactive.import": "50", "reactive.export": "0"} if industry else {}),
        **({"state": {"ladders": ladders}} if ladders else {}),
    }


def rate(folder: Path, tariff: str, version: int, *more: str) -> int:
    path = folder / "case.json"
    path.write_text(json.dumps(case(tariff, version)), encoding="utf-8")
    return main(["rate", "--json", "--case", str(path), *more])


@pytest.mark.parametrize(("tariff", "version"), sorted(TARIFFS))
def test_a_packaged_tariff_bills_with_the_sample_facts(
    tariff: str, version: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rate(tmp_path, tariff, version, "--supplied", "sample") == 0
    answer = json.loads(capsys.readouterr().out)
    assert float(answer["total"]) > 0
    assert [(t["id"], t["version"]) for t in answer["tariffs"]] == [(tariff, str(version))]
    assert answer["findings"] == []


@pytest.mark.parametrize(("tariff", "version"), sorted(TARIFFS))
def test_a_packaged_tariff_with_open_facts_refuses_without_them(
    tariff: str, version: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rate(tmp_path, tariff, version) == 1
    refusal = json.loads(capsys.readouterr().out)["refusal"]
    assert refusal["code"] == ("price_missing" if (tariff, version) == (INDUSTRY, 1) else "tariff_unconfirmed")


def test_what_is_filled_says_so_and_nothing_else_is_changed() -> None:
    book = rating.load_book(SAMPLE)
    for key, document in TARIFFS.items():
        loaded = next(t for t in book.versions[key[0]] if t.version == str(key[1]))
        assert (loaded.unconfirmed, loaded.hours_unconfirmed) == ((), False), key
        if document != OPEN[key]:
            assert document["supplied"]
            assert all("do not bill" in item["why"] for item in document["supplied"])


def test_a_series_that_has_prices_is_not_replaced_by_a_sample() -> None:
    with pytest.raises(ValueError, match="has prices"):
        packaged.priced({"series": "s", "values": [{"from": "2026-01-01", "to": None, "price": "1"}]}, [], "a test")
