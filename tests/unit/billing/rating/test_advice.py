"""Preview, validation and comparison: what the routes and commands that store nothing answer."""

from fractions import Fraction
from typing import Any

from services.billing.rating.cases import advice
from tests.unit.billing.rating.documents import HOME, PLAIN, changed

FLAT = changed(HOME, {"/id": "t/flat", "/charges/0": {"name": "energy", "kind": "energy", "price": "0.538"}})
MONTHS = [f"2026-{m:02d}" for m in range(1, 13)]
CASE: dict[str, Any] = {
    "id": "c",
    "tariff": "t/plain",
    "cycle": {"from": "2026-01-01", "to": "2026-02-01", "read_day": "2026-02-01", "bill_months": ["2026-01"]},
    "account": [{"from": "2020-01-01", "people": 3}],
    "usage": {"import": "100"},
}


def year(peak: str, valley: str, **more: Any) -> dict[str, Any]:
    ends = [*(f"{m}-01" for m in MONTHS[1:]), "2026-12-31"]
    cycles = [
        {"cycle": {"from": f"{m}-01", "to": end, "read_day": end, "bill_months": [m]}}
        for m, end in zip(MONTHS, ends, strict=True)
    ]
    return {
        "account": [{"from": "2020-01-01", "people": 3}],
        "usage": {"import.peak": peak, "import.valley": valley},
        "state": {"ladders": {"year": {"year": 2026, "used_kwh": ["0", "0", "0"]}}},
        "cycles": cycles,
        "alternatives": [{"name": "one price", "tariff": "t/flat"}, {"name": "peak and valley", "tariff": "t/home"}],
        **more,
    }


def test_a_preview_is_the_answer_to_the_case_with_its_differences() -> None:
    out = advice.preview({**CASE, "expect": {"total": "49.99"}}, [PLAIN], [])
    assert out["answer"]["total"] == "50.00"
    assert out["differences"] == ["/total: expected '49.99', got '50.00'"]


def test_a_valid_document_gives_its_hash_and_what_is_not_confirmed() -> None:
    out = advice.validate(changed(HOME, {"/effective/from": None}), [])
    assert (out["valid"], out["unconfirmed"], out["errors"]) == (True, ["/effective/from"], [])
    assert len(out["sha256"]) == 64


def test_a_document_is_validated_beside_the_versions_before_it() -> None:
    second = changed(PLAIN, {"/version": 2, "/effective/from": "2025-01-01"})
    (error,) = advice.validate(second, [changed(PLAIN, {"/effective/to": "2025-01-02"})])["errors"]
    assert (error["code"], error["pointer"]) == ("version_overlap", "/effective/from")
    assert advice.validate(second, [changed(PLAIN, {"/effective/to": "2025-01-01"})])["valid"]
    assert advice.validate(second, [PLAIN])["valid"]


def test_a_document_of_the_same_version_is_compared_with_the_others_only() -> None:
    assert advice.validate(changed(PLAIN, {"/charges/0/price": "9"}), [PLAIN])["valid"]


def test_alternatives_are_compared_over_the_year_with_the_running_ladder() -> None:
    one, two = advice.compare(year("200", "100"), [HOME, FLAT])["alternatives"]
    # 300 kWh a month: 2,760 kWh in tier 1, 840 in tier 2: 3,600 x 0.538 + 840 x 0.05 and 2,400 x 0.568 + 1,200 x 0.288 + 42
    assert one["total"] == "1978.80"
    assert two["total"] == "1750.80"
    assert two["difference"] == "-228.00"
    assert (two["cycles_won"], two["cycles_lost"]) == (12, 0)
    assert two["cycles"][-1]["ladders"]["year"]["used_wh"] == [2_760_000, 840_000, 0]


def test_the_break_even_valley_share_is_where_both_cost_the_same() -> None:
    found = advice.compare(year("300", "0"), [HOME, FLAT])["alternatives"][1]
    # 0.568 - 0.280 s = 0.538 at s = 0.10714
    assert found["break_even_valley_share"] == "0.1071"
    share = Fraction(30, 280)
    assert abs(Fraction(found["break_even_valley_share"]) - share) < Fraction(1, 10_000)
    assert (found["cycles_won"], found["cycles_lost"]) == (0, 12)


def test_a_large_household_is_an_alternative_of_its_own() -> None:
    body = year("400", "0")
    body["alternatives"] = [
        {"name": "3 people", "tariff": "t/home"},
        {"name": "5 people", "tariff": "t/home", "people": 5},
    ]
    three, five = advice.compare(body, [HOME])["alternatives"]
    # 4,800 kWh: 2,040 in tier 2; with 1,200 kWh more quota 840
    assert three["total"] == "2828.40"
    assert five["total"] == "2768.40"
    assert five["difference"] == "-60.00"


def test_an_alternative_that_cannot_be_rated_says_why() -> None:
    body = year("1", "1")
    body["alternatives"].append({"name": "none", "tariff": "t/none"})
    out = advice.compare(body, [HOME, FLAT])["alternatives"]
    assert out[2]["refusal"]["code"] == "tariff_unknown"
    assert out[1]["refusal"] is None


def test_a_comparison_without_alternatives_is_refused() -> None:
    assert advice.compare(year("1", "1", alternatives=[]), [HOME])["refusal"]["pointer"] == "/alternatives"
    assert advice.compare({}, [HOME])["refusal"]["code"] == "request_wrong"
