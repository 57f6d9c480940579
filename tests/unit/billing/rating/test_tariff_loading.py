"""A tariff document with a fault is refused with a code and a JSON pointer to the fault."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.billing.rating import rating
from services.billing.rating.tariff.codes import LOADING
from services.billing.rating.tariff.form import TARIFF
from services.billing.tariffs.documents import packaged
from tests.unit.billing.rating.documents import HOME, PLAIN, TABLE, changed

CASES = Path(__file__).parents[3] / "cases"
LIMITS = "/ladders/year/limits_kwh"
FACTOR: dict[str, Any] = {
    "name": "pf",
    "kind": "power_factor",
    "table": "t/factor",
    "standard": "0.90",
    "active": "import",
    "reactive": "reactive.import",
    "on": ["energy"],
    "of": "exact",
}
CAPACITY = {"name": "capacity", "kind": "capacity", "price": "20", "month": "calendar_days"}
BARE_LADDER = {"counts": "import", "span": "month", "limits_kwh": ["1"]}
PERCENT = {"name": "p", "kind": "percent", "percent": "3", "of": "exact"}
OWN = {"rest_of": "import", "without": ["export"]}
LOSS = {"loss": {"iron": "304", "iron_by": "hours"}}
FEE = {"name": "fee", "kind": "fixed", "price": "10", "per": "month"}
FREE = {"kwh_per_month": "15", "how": "credit_at_tier_1", "rest": "lost"}


def seasons(months: dict[str, Any], **limits: list[str]) -> dict[str, Any]:
    ladder = {**BARE_LADDER, "proration": "per_month", "seasons": months, "limits_kwh": limits}
    return changed(HOME, {"/ladders/month": ladder})


DEEP: Any = "1"
for _ in range(9):
    DEEP = {"sum": [DEEP]}

TOO_DEEP: Any = "1"
for _ in range(60):
    TOO_DEEP = {"sum": [TOO_DEEP]}

FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("document_too_deep", "/charges/0/price" + "/sum/0" * 22 + "/sum", changed(PLAIN, {"/charges/0/price": TOO_DEEP})),
    ("not_an_object", "/rounding/line", changed(HOME, {"/rounding/line": "0.01"})),
    ("not_an_object", "/effective", changed(HOME, {"/effective": 7})),
    ("field_missing", "/id", changed(HOME, drop="/id")),
    ("field_missing", "/charges/0/price", changed(HOME, drop="/charges/0/price")),
    ("field_missing", "/sources", changed(HOME, drop="/sources")),
    ("field_unknown", "/colour", changed(HOME, {"/colour": "red"})),
    ("value_wrong", "/charges/0/price/peak", changed(HOME, {"/charges/0/price/peak": 0.568})),
    ("value_wrong", "/charges/0/price/peak", changed(HOME, {"/charges/0/price/peak": "1e3"})),
    ("value_wrong", "/effective/from", changed(HOME, {"/effective/from": "2020-02-30"})),
    ("value_wrong", "/ladders/year/year_starts", changed(HOME, {"/ladders/year/year_starts": "01-15"})),
    (
        "value_wrong",
        "/ladders/year/household/from_people",
        changed(HOME, {"/ladders/year/household/from_people": True}),
    ),
    ("value_wrong", "/rounding/line/step", changed(HOME, {"/rounding/line/step": "0.005"})),
    ("value_wrong", "/rounding/line/step", changed(HOME, {"/rounding/line/step": "0"})),
    ("value_wrong", "/rounding/total", changed(HOME, {"/rounding/total": {"step": "0.01", "mode": "none"}})),
    ("value_wrong", "/rounding/kwh", changed(HOME, {"/rounding/kwh": {"step": "1", "mode": "none", "rest": "lost"}})),
    ("value_wrong", "/periods/0/when/0/hours/0", changed(HOME, {"/periods/0/when/0/hours/0": "8-22"})),
    ("value_wrong", "/periods/0/when/0/hours/0", changed(HOME, {"/periods/0/when/0/hours/0": "08:00-08:00"})),
    ("value_wrong", "/ladders/year/whole_quantity", changed(HOME, {"/ladders/year/whole_quantity": True})),
    ("value_wrong", "/charges", changed(PLAIN, {"/charges": []})),
    ("value_wrong", "/charges/0/price", changed(PLAIN, {"/charges/0/price": {"from": "elsewhere"}})),
    ("value_wrong", "/charges/0/price", changed(PLAIN, {"/charges/0/by": "interval"})),
    ("choice_open", "/on_change", changed(HOME, drop="/on_change")),
    ("choice_open", "/on_change/usage", changed(HOME, drop="/on_change/usage")),
    ("choice_open", "/on_change/ladder", changed(HOME, drop="/on_change/ladder")),
    ("choice_open", "/on_change/limits", changed(HOME, drop="/on_change/limits")),
    ("choice_open", "/rounding/line", changed(HOME, drop="/rounding/line")),
    ("choice_open", "/rounding/line/mode", changed(HOME, drop="/rounding/line/mode")),
    ("choice_open", "/rounding/line", changed(HOME, {"/rounding/line/mode": "none"})),
    ("choice_open", "/rounding/kwh/rest", changed(HOME, {"/rounding/kwh": {"step": "1", "mode": "down"}})),
    ("choice_open", "/ladders/year/cycle_belongs_to", changed(HOME, drop="/ladders/year/cycle_belongs_to")),
    ("choice_open", "/ladders/year/part_year", changed(HOME, drop="/ladders/year/part_year")),
    ("choice_open", "/ladders/year/household/widens", changed(HOME, drop="/ladders/year/household/widens")),
    (
        "choice_open",
        "/ladders/month/proration",
        changed(HOME, {"/ladders/month": BARE_LADDER}),
    ),
    (
        "choice_open",
        "/charges/1/tier_kwh_of_periods",
        changed(HOME, {"/charges/1/add": {"peak": ["0", "0.05", "0.3"], "valley": ["0", "0.03", "0.18"]}}),
    ),
    (
        "choice_open",
        "/charges/1/month",
        changed(PLAIN, {"/charges/1": {"name": "c", "kind": "capacity", "price": "1"}}),
    ),
    ("choice_open", "/charges/1/last_part", changed(PLAIN, {"/charges/1": {**CAPACITY, "month": "thirtieths"}})),
    (
        "choice_open",
        "/charges/1/on",
        changed(PLAIN, {"/charges/1": PERCENT}),
    ),
    ("choice_open", "/charges/1/of", changed(PLAIN, {"/charges/1": {k: v for k, v in FACTOR.items() if k != "of"}})),
    (
        "choice_open",
        "/charges/1/active",
        changed(PLAIN, {"/charges/1": {k: v for k, v in FACTOR.items() if k != "active"}}),
    ),
    ("choice_open", "/series_at", changed(PLAIN, {"/charges/0/price": {"series": "s"}})),
    (
        "choice_open",
        "/quantities/loss",
        changed(PLAIN, {"/quantities": {"loss": LOSS}}),
    ),
    (
        "choice_open",
        "/quantities/own/below_zero",
        changed(PLAIN, {"/quantities": {"own": OWN}}),
    ),
    ("choice_open", "/ladders/year/household/from", changed(HOME, drop="/ladders/year/household/from")),
    *[
        (
            "choice_open",
            f"/ladders/year/free/{name}",
            changed(HOME, {"/ladders/year/free": {k: v for k, v in FREE.items() if k != name}}),
        )
        for name in ("how", "rest")
    ],
    *[
        (
            "choice_open",
            f"/charges/1/{name}",
            changed(PLAIN, {"/charges/1": FACTOR | {"standard": "0.90"}}, f"/charges/1/{name}"),
        )
        for name in ("standard", "reactive", "on")
    ],
    ("choice_open", "/charges/1/of", changed(PLAIN, {"/charges/1": {**PERCENT, "on": ["energy"]}}, "/charges/1/of")),
    ("choice_open", "/charges/1/per", changed(PLAIN, {"/charges/1": {"name": "f", "kind": "fixed", "price": "1"}})),
    (
        "choice_open",
        "/charges/1/basis",
        changed(PLAIN, {"/charges/1": {**CAPACITY, "kind": "demand"}}, "/charges/1/month"),
    ),
    (
        "choice_open",
        "/quantities/loss/loss/iron_by",
        changed(PLAIN, {"/quantities": {"loss": {"loss": {"iron": "304"}}}}),
    ),
    ("value_wrong", "/tax/shown", changed(PLAIN, {"/tax": {"included": False, "rate": "0.13", "shown": False}})),
    ("choice_open", "/tax/included", changed(PLAIN, {"/tax": {"rate": "0.13", "shown": True}})),
    (
        "name_twice",
        "/ladders/month/seasons/b",
        seasons({"a": [1, 2, 3], "b": [3], "c": "rest"}, a=["1"], b=["2"], c=["3"]),
    ),
    ("field_missing", "/ladders/month/seasons", seasons({"a": [1, 2, 3], "b": [4]}, a=["1"], b=["2"])),
    ("name_unknown", "/ladders/month/limits_kwh/c", seasons({"a": "rest"}, a=["1"], c=["2"])),
    ("tier_count", "/ladders/month/limits_kwh", seasons({"a": [1], "b": "rest"}, a=["1"], b=["2", "3"])),
    ("choice_unknown", "/charges/1/part_month", changed(PLAIN, {"/charges/1": FEE | {"part_month": "by_hours"}})),
    (
        "value_wrong",
        "/charges/1/part_month",
        changed(PLAIN, {"/charges/1": FEE | {"per": "day", "part_month": "thirtieths"}}),
    ),
    ("choice_unknown", "/undivided_kwh", changed(HOME, {"/undivided_kwh": "by_days"})),
    ("name_unknown", "/undivided_kwh/period", changed(HOME, {"/undivided_kwh": {"period": "flat"}})),
    ("value_wrong", "/undivided_kwh", changed(PLAIN, {"/undivided_kwh": "by_share"})),
    ("choice_unknown", "/charges/0/kind", changed(HOME, {"/charges/0/kind": "magic"})),
    ("choice_unknown", "/ladders/year/span", changed(HOME, {"/ladders/year/span": "decade"})),
    ("name_unknown", "/charges/1/ladder", changed(HOME, {"/charges/1/ladder": "month"})),
    ("name_unknown", "/ladders/year/counts", changed(HOME, {"/ladders/year/counts": "water"})),
    ("name_unknown", "/charges/0/quantity", changed(PLAIN, {"/charges/0/quantity": "steam"})),
    ("name_unknown", "/charges/0/by", changed(PLAIN, {"/charges/0/by": "period"})),
    ("name_unknown", "/charges/1/on/0", changed(PLAIN, {"/charges/1": {**FACTOR, "on": ["later"]}})),
    ("name_unknown", "/charges/1/table", changed(PLAIN, {"/charges/1": {**FACTOR, "table": "t/none"}})),
    ("name_unknown", "/charges/1/standard", changed(PLAIN, {"/charges/1": {**FACTOR, "standard": "0.95"}})),
    ("name_unknown", "/charges/0/price/of", changed(PLAIN, {"/charges/0/price": {"of": "base"}})),
    ("name_unknown", "/periods/0/over", changed(HOME, {"/periods/0/over": "flat"})),
    ("name_unknown", "/periods/0/when/0/days/0", changed(HOME, {"/periods/0/when/0/days": ["holiday"]})),
    (
        "name_unknown",
        "/quantities/own/rest_of",
        changed(PLAIN, {"/quantities": {"own": {**OWN, "rest_of": "x", "below_zero": "zero"}}}),
    ),
    ("name_twice", "/charges/1/name", changed(HOME, {"/charges/1/name": "energy"})),
    ("name_twice", "/periods/1/name", changed(HOME, {"/periods/1/name": "peak"})),
    ("limits_order", f"{LIMITS}/1", changed(HOME, {LIMITS: ["4800", "2760"]})),
    ("limits_order", f"{LIMITS}/1", changed(HOME, {LIMITS: ["2760", "2760"]})),
    ("limits_order", f"{LIMITS}/0", changed(HOME, {LIMITS: ["0", "2760"]})),
    ("hours_gap", "/periods", changed(HOME, {"/periods/1/when/0/hours": ["22:00-07:59"]})),
    ("hours_overlap", "/periods", changed(HOME, {"/periods/1/when/0/hours": ["21:59-08:00"]})),
    ("hours_overlap", "/periods", changed(HOME, {"/periods/0/when": "rest", "/periods/1/when": "rest"})),
    ("dates_reversed", "/effective", changed(HOME, {"/effective": {"from": "2020-01-01", "to": "2020-01-01"}})),
    ("period_price_missing", "/charges/0/price/valley", changed(HOME, drop="/charges/0/price/valley")),
    ("tier_count", "/charges/1/add", changed(HOME, {"/charges/1/add": ["0", "0.05"]})),
    (
        "document_too_large",
        "/charges/0/price" + "/sum/0" * 7,
        changed(PLAIN, {"/charges/0/price": DEEP}),
    ),
    ("document_too_large", "/sources", changed(PLAIN, {"/sources": [{"for": "x", "text": "y"}] * 513})),
]


@pytest.mark.parametrize(("code", "pointer", "document"), FAULTS, ids=[f"{c}:{p}" for c, p, _ in FAULTS])
def test_a_faulty_document_is_refused_with_its_code_and_place(
    code: str, pointer: str, document: dict[str, Any]
) -> None:
    with pytest.raises(rating.TariffError) as caught:
        rating.load_tariff(document, {"t/factor": TABLE})
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


def test_the_same_documents_without_a_fault_load() -> None:
    extra = {"/charges/1": FACTOR, "/charges/2": CAPACITY}
    assert rating.load_tariff(HOME).unconfirmed == ()
    assert len(rating.load_tariff(changed(PLAIN, extra), {"t/factor": TABLE}).charges) == 3


def test_a_field_name_with_a_slash_is_escaped_in_the_pointer() -> None:
    with pytest.raises(rating.TariffError) as caught:
        rating.load_tariff({**PLAIN, "a/b~c": 1})
    assert caught.value.pointer == "/a~1b~0c"


def test_free_kwh_that_no_charge_makes_free_are_refused() -> None:
    free = {"kwh_per_month": "15", "how": "credit_at_tier_1", "rest": "lost"}
    with pytest.raises(rating.TariffError) as caught:
        rating.load_tariff(changed(HOME, {"/ladders/year/free": free}))
    assert (caught.value.code, caught.value.pointer) == ("field_missing", "/charges")


def test_a_fact_can_be_supplied_only_where_it_is_open() -> None:
    open_document = changed(HOME, {"/ladders/year/household": None, "/effective/from": None})
    assert rating.load_tariff(open_document).unconfirmed == ("/effective/from", "/ladders/year/household")
    filled = rating.supply(open_document, {"/effective/from": "2020-01-01"}, "why")
    assert rating.load_tariff(filled).unconfirmed == ("/ladders/year/household",)
    assert filled["supplied"] == [{"at": "/effective/from", "why": "why"}]
    with pytest.raises(rating.TariffError) as caught:
        rating.supply(open_document, {"/charges/0/price/peak": "9"}, "why")
    assert (caught.value.code, caught.value.pointer) == ("already_given", "/charges/0/price/peak")
    with pytest.raises(rating.TariffError) as caught:
        rating.supply(open_document, {"/nowhere/at/all": "9"}, "why")
    assert caught.value.code == "name_unknown"


def test_every_loading_code_has_a_test_here() -> None:
    elsewhere = {
        "version_gap",
        "version_overlap",
        "version_in_use",
        "series_gap",
        "series_overlap",
        "already_given",
        "document_too_deep",
    }
    assert {code for code, _, _ in FAULTS} | elsewhere == set(LOADING)


# --- the documents that come with the product


def test_every_packaged_document_loads_and_says_what_is_not_confirmed() -> None:
    book = rating.load_book(packaged.documents())
    assert {i.split("/")[0] for i in book.versions} == {
        f"CN-{p}" for p in ("BJ", "SH", "ZJ", "JS", "GD", "HN", "SD", "AH", "SC")
    }
    for versions in book.versions.values():
        for tariff in versions:
            assert tariff.unconfirmed or tariff.id.startswith("CN-SC"), tariff.id


def test_a_packaged_document_is_complete_but_for_the_facts_that_are_null() -> None:
    """Whatever is null, filled with something of the right form, must give a document that loads."""
    stand_in: dict[str, Any] = {
        "/effective/from": "2012-07-01",
        "/ladders/year/household": HOME["ladders"]["year"]["household"],
        "/ladders/month/household": {"from_people": 5, "kwh_per_month": "100", "widens": "tier_1"},
        "/ladders/month/seasons/summer_winter": [6, 7, 8, 12, 1, 2],
        "/ladders/year/free/rest": "lost",
        "/prices/base": "0.6",
        "/charges/1/tier_kwh_of_periods": "by_share",
        "/periods/0/when": [{"hours": ["08:00-22:00"]}],
        "/periods/1/when": "rest",
    }
    tables = {d["table"]: d for d in packaged.documents() if "table" in d}
    for document in packaged.documents():
        if "charges" not in document or document["version"] == 2:
            continue
        loaded = rating.load_tariff(document, tables)
        hours = ("/periods/0/when", "/periods/1/when") if loaded.hours_unconfirmed else ()
        values = {p: stand_in.get(p, "0.5") for p in (*loaded.unconfirmed, *hours)}
        complete = rating.load_tariff(rating.supply(document, values, "a test"), tables)
        assert complete.unconfirmed == ()
        assert complete.charges


def test_the_sample_fills_the_tariffs_of_the_sample_district() -> None:
    book = rating.load_book(packaged.documents("sample"))
    for name in (
        "CN-BJ/residential",
        "CN-ZJ/residential",
        "CN-ZJ/residential/time-of-use",
        "CN-ZJ/residential/combined",
    ):
        assert book.versions[name][0].unconfirmed == ()
        assert not book.versions[name][0].hours_unconfirmed


def test_all_faults_of_a_document_are_told_at_once() -> None:
    wrong = changed(
        HOME,
        {
            "/colour": "red",
            "/rounding/line/step": "0.005",
            "/ladders/year/limits_kwh": ["4800", "2760"],
            "/charges/0/price/peak": 0.568,
            "/charges/0/prise": "1",
            "/quantities": {"own": {"rest_of": "nothing", "without": [], "below_zero": "zero"}},
        },
    )
    wrong["charges"].append({**PERCENT, "on": ["elsewhere"]})
    with pytest.raises(rating.TariffError) as caught:
        rating.load_tariff(wrong)
    assert {(fault.code, fault.pointer) for fault in caught.value.faults} >= {
        ("field_unknown", "/colour"),
        ("value_wrong", "/rounding/line/step"),
        ("limits_order", "/ladders/year/limits_kwh/1"),
        ("value_wrong", "/charges/0/price/peak"),
        ("field_unknown", "/charges/0/prise"),
        ("name_unknown", "/quantities/own/rest_of"),
    }
    known = next(fault.detail for fault in caught.value.faults if fault.pointer == "/charges/0/prise")
    assert known.endswith("it knows: by, exempt, for, kind, name, price, quantity, tax, zh")


def test_sound_parts_are_not_blamed_for_the_parts_that_they_name() -> None:
    with pytest.raises(rating.TariffError) as caught:
        rating.load_tariff(changed(HOME, {"/ladders/year/limits_kwh": ["4800", "2760"]}))
    assert [(fault.code, fault.pointer) for fault in caught.value.faults] == [
        ("limits_order", "/ladders/year/limits_kwh/1")
    ]


def test_every_packaged_tariff_and_every_tariff_of_a_case_has_the_published_form() -> None:
    validator = jsonschema.Draft202012Validator(TARIFF.schema)
    found = [*tariffs_in(packaged.documents())]
    found += [t for path in CASES.glob("*.json") for t in tariffs_in(json.loads(path.read_text()))]
    assert len(found) > 40
    for document in found:
        assert not list(validator.iter_errors(document)), document["id"]


@pytest.mark.parametrize(("code", "pointer", "document"), FAULTS, ids=[f"{c} {p[-60:]}" for c, p, _ in FAULTS])
def test_what_the_published_form_refuses_the_loader_refuses(code: str, pointer: str, document: dict[str, Any]) -> None:
    if code == "document_too_deep":
        return
    refused = bool(list(jsonschema.Draft202012Validator(TARIFF.schema).iter_errors(document)))
    assert bool(TARIFF.faults(document)) == refused


def tariffs_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "charges" in value and "on_change" in value:
        yield value
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from tariffs_in(inner)


def test_quantities_and_prices_are_loaded_in_any_order_as_a_stored_document_is_sorted() -> None:
    base = changed(PLAIN, {"/rounding/loss": {"step": "1", "mode": "half_up"}})
    quantities = {
        "loss": {"loss": {"iron": "30", "iron_by": "thirtieths"}},
        "import.billed": {"sum": ["import", "loss"]},
        "all": {"sum": ["import.billed", "loss"]},
    }
    prices = {"z": "0.5", "m": {"of": "z", "times": "2"}, "a": {"sum": [{"of": "m"}, {"of": "z"}]}}
    loaded = [
        rating.load_tariff(
            base | {"quantities": dict(reversed(quantities.items())), "prices": dict(reversed(prices.items()))}
        ),
        rating.load_tariff(base | {"quantities": quantities, "prices": prices}),
    ]
    assert [[rule.name for rule in tariff.quantities] for tariff in loaded] == [["loss", "import.billed", "all"]] * 2
    circle = {"x": {"sum": ["y"]}, "y": {"sum": ["x"]}}
    with pytest.raises(rating.TariffError, match="name_unknown"):
        rating.load_tariff(base | {"quantities": circle})
