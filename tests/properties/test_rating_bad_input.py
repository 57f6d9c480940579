"""Whatever JSON comes in, preview, validate and compare answer it: with a bill, or with a code and a pointer."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.billing.rating.cases import advice
from services.billing.tariffs.documents import packaged as tariff_documents
from shared.regulation import packaged as policy_documents
from tests.kits.effort import examples
from tests.unit.billing.rating.documents import HOME, PLAIN
from tests.unit.billing.rating.test_advice import FLAT, year

FILES = sorted((Path(__file__).parents[1] / "cases").glob("*.json"))
CASES = [json.loads(p.read_text(encoding="utf-8")) for p in FILES if p.name != "worked_examples.json"]
CURVE = {"quantity": "import", "start": "2026-01-01T00:00:00+08:00", "minutes": 60, "kwh": ["0.1"] * 24}
ONE_DAY = {"from": "2026-01-01", "to": "2026-01-02", "read_day": "2026-01-02", "bill_months": ["2026-01"]}
EMPTY = {
    "ladders": {"year": {"year": 2026, "used_kwh": ["0", "0", "0"]}},
    "rest_kwh": {"import": "0"},
    "demand_kw": {"d": {"2025-12": "1"}},
}
FACTS = [
    {
        "from": "2020-01-01",
        "people": 3,
        "capacity_kva": "100",
        "values": {"x": "1"},
        "equipment": [{"name": "T", "kva": "1"}],
    }
]
CASES.append(
    {
        "id": "curve",
        "kind": "tariff",
        "tariff": {"inline": HOME},
        "cycle": ONE_DAY,
        "account": FACTS,
        "usage": {},
        "curves": [CURVE],
        "state": EMPTY,
    }
)
DOCUMENTS = tariff_documents.documents("sample")
POLICIES = policy_documents.policies()
WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"a": 1}),
    st.sampled_from(
        ["", "x", "0", "-1", "1e9", "2026-02-30", "2026-02-01", "9" * 15, "rest", "year", "import", "none"]
    ),
)
FUZZ = settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    out = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        out += places(item, (*path, key))
    return out


@st.composite
def spoiled(draw: st.DrawFn, value: Any) -> Any:
    """A document with one to three places replaced, dropped, or given a field too many."""
    out = deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        found = places(out)
        if not found:
            break
        *path, last = draw(st.sampled_from(found))
        place = out
        for key in path:
            place = place[key]
        how = draw(st.sampled_from(["replace", "replace", "drop", "add"]))
        if how == "replace":
            place[last] = deepcopy(draw(WRONG))
        elif how == "drop":
            del place[last]
        elif isinstance(place, dict):
            place["extra"] = deepcopy(draw(WRONG))
    return out


def answered(function: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    answer = function()
    json.dumps(answer)
    return answer


@FUZZ
@given(st.data())
def test_a_preview_answers_any_case(data: st.DataObject) -> None:
    case = data.draw(spoiled(data.draw(st.sampled_from(CASES))))
    answer = answered(lambda: advice.preview(case, DOCUMENTS, POLICIES))["answer"]
    if "refusal" in answer:
        assert answer["refusal"]["code"]
        assert answer["refusal"]["pointer"] is not None


@FUZZ
@given(st.data())
def test_validation_answers_any_document(data: st.DataObject) -> None:
    documents = [HOME, PLAIN, *(d for d in DOCUMENTS if "charges" in d)]
    document = data.draw(spoiled(data.draw(st.sampled_from(documents))))
    answer = answered(lambda: advice.validate(document, DOCUMENTS))
    assert answer["valid"] is not bool(answer["errors"])


@FUZZ
@given(st.data())
def test_a_comparison_answers_any_body(data: st.DataObject) -> None:
    body = year("200", "100")
    body["cycles"] = body["cycles"][:2]
    asked = data.draw(spoiled(body))
    answered(lambda: advice.compare(asked, [HOME, FLAT]))


def test_what_is_no_object_is_answered_too() -> None:
    for value in (None, [], "x", 7, {}):
        assert "refusal" in advice.preview(value, DOCUMENTS, POLICIES)["answer"]  # type: ignore[arg-type]
        assert not advice.validate(value, DOCUMENTS)["valid"]  # type: ignore[arg-type]
        assert "refusal" in advice.compare(value, DOCUMENTS)  # type: ignore[arg-type]
