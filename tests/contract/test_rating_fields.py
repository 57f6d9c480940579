"""Every field that the forms know is on the page of fields. `python -m tests.contract.test_rating_fields` writes its tables."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from services.billing.rating.tariff.form import TARIFF
from services.billing.rating.tariff.form_parts import PRICES, QUANTITIES
from shared.forms import Schema
from shared.regulation.calculate import CALCULATIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rating-fields.md"
TABLE = re.compile(r"(<!-- fields: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
EXAMPLE = re.compile(r"^```json (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DEFS = TARIFF.schema["$defs"]
COMMON = set.intersection(*(set(form["properties"]) for name, form in DEFS.items() if name.startswith("charge_")))
"""Fields that all charges have: one charge that shows them is enough."""
SHOWN = {
    "document": TARIFF.schema,
    **{name: DEFS[name] for name in ("rounding", "condition", "period", "when", "ladder")},
    **{name: DEFS[name] for part in ("price_", "charge_", "quantity_") for name in DEFS if name.startswith(part)},
    **{f"calculation_{name}": calculation.form.schema for name, calculation in CALCULATIONS.items()},
}


def rows(schema: Schema, defs: Mapping[str, Schema], path: str = "", needed: bool = True) -> Iterator[str]:
    """Every field of a form with what it holds; those of objects within it after it."""
    if "anyOf" in schema and "properties" not in schema:
        for inner in schema["anyOf"]:
            yield from rows(inner, defs, path, needed)
    for name, form in schema.get("properties", {}).items():
        must = "yes" if needed and name in schema.get("required", ()) else ""
        says = form.get("description", "")
        yield f"| `{path}{name}` | {must} | {holds(form)} | {says} |"
        inner = form.get("items", form)
        if "$ref" not in inner:
            yield from rows(inner, defs, f"{path}{name}.", needed)


def holds(form: Schema) -> str:
    if "$ref" in form:
        return str(form["$ref"].removeprefix("#/$defs/")).replace("_", " ")
    if "enum" in form:
        return ", ".join(f"`{value}`" for value in form["enum"] if value is not None)
    if "const" in form:
        return f"`{form['const']}`"
    if "anyOf" in form:
        return " or ".join(dict.fromkeys(holds(inner) for inner in form["anyOf"]))
    if "if" in form:
        return " or ".join(dict.fromkeys(holds(form[key]) for key in ("then", "else") if form.get(key)))
    names = form.get("type", "anything")
    kind = " or ".join(n for n in names if n != "null") if isinstance(names, list) else names
    if kind == "array":
        return f"list of {holds(form['items'])}"
    return {"object": "object", "string": "text"}.get(kind, kind)


def table(name: str) -> str:
    schema = SHOWN[name]
    found = list(dict.fromkeys(rows(schema, DEFS)))
    return "\n".join(["| field | needed | holds | says |", "|---|---|---|---|", *found]) + "\n"


def written(page: str) -> str:
    return TABLE.sub(lambda match: match[1] + table(match[2]) + match[3], page)


def test_the_page_has_every_field_of_every_form() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for _, name, _ in TABLE.findall(page)] == list(SHOWN)
    assert page == written(page)


def examples() -> list[dict[str, Any]]:
    return [json.loads(text) for _, text in EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))]


def tariffs() -> list[dict[str, Any]]:
    return [case["tariff"]["inline"] for case in examples() if "tariff" in case]


def shown() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of every example: the form that it has, and itself."""
    for case in examples():
        if case.get("kind") == "policy":
            yield f"calculation_{case['calculation']}", case["input"]
    for tariff in tariffs():
        yield "document", tariff
        yield from ((f"charge_{charge['kind']}", charge) for charge in tariff["charges"])
        yield from (("ladder", ladder) for ladder in tariff.get("ladders", {}).values())
        for quantity in tariff.get("quantities", {}).values():
            yield f"quantity_{next(name for name in quantity if name in QUANTITIES)}", quantity
        for period in tariff.get("periods", ()):
            yield "period", period
            yield from (("when", when) for when in period["when"] if when != "rest" and period["when"] != "rest")
        yield from (("rounding", part) for part in objects(tariff) if "mode" in part)
        yield from (("condition", part["for"]) for part in objects(tariff) if isinstance(part.get("for"), dict))
        for part in objects([*tariff["charges"], tariff.get("prices")]):
            yield from ((f"price_{name}", part) for name in PRICES if name in part)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Every field of a part as the tables write it."""
    for inner in value if isinstance(value, list) else ():
        yield from paths(inner, path)
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield f"{path}{name}"
        yield from paths(inner, f"{path}{name}.")


@pytest.mark.parametrize("name", SHOWN)
def test_every_field_is_in_an_example(name: str) -> None:
    known = {row.split("`")[1] for row in rows(SHOWN[name], DEFS)}
    said = {path for form, part in shown() if form == name for path in paths(part)}
    of_all = {path for form, part in shown() if form.startswith("charge_") for path in paths(part)} & COMMON
    assert not sorted(known - said - (of_all if name.startswith("charge_") else set())), "no example has these fields"


def test_every_rule_of_a_change_and_every_span_of_a_ladder_is_in_an_example() -> None:
    usage = TARIFF.schema["properties"]["on_change"]["properties"]["usage"]["enum"]
    spans = DEFS["ladder"]["properties"]["span"]["enum"]
    assert {tariff["on_change"]["usage"] for tariff in tariffs()} == set(usage) - {None}
    assert {ladder["span"] for form, ladder in shown() if form == "ladder"} == set(spans) - {None}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_every_calculation_has_a_case_on_the_page(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    of_calculation = page.split(f"<!-- fields: calculation_{name} -->")[1].split("<!-- fields:")[0]
    files = re.findall(r"`(tests/cases/[\w./-]+\.json)`", of_calculation)
    assert files, "no case is named"
    for file in files:
        assert json.loads((ROOT / file).read_text(encoding="utf-8"))["calculation"] == name


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
