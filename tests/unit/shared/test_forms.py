"""A form is enforced as the JSON Schema that it is, and every fault is told with its place."""

from copy import deepcopy
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import forms
from shared.document import DEPTH_MAX, LIST_MAX
from shared.forms import Form, choice, record, rows

START = record({"start": forms.DECIMAL}, {"end": forms.DECIMAL})
FORM = Form(
    {
        "$defs": {"part": record({"kwh": forms.DECIMAL}, {"note": forms.TEXT})},
        **record(
            {"name": forms.TEXT, "parts": rows({"$ref": "#/$defs/part"})},
            {
                "mode": choice("a", "b"),
                "count": {"type": "integer", "minimum": 1, "maximum": 9},
                "flag": forms.FLAG,
                "day": {"type": ["string", "null"], "pattern": "^[0-9]{4}$"},
                "months": {**rows(forms.TEXT), "uniqueItems": True},
                "values": {"type": "object", "additionalProperties": forms.DECIMAL, "minProperties": 1},
                "use": {
                    "anyOf": [
                        forms.DECIMAL,
                        record({"kwh": forms.DECIMAL}),
                        record({"start": forms.DECIMAL}, {"end": forms.DECIMAL}),
                    ]
                },
                "kind": {"const": "x"},
            },
        ),
        "if": {"required": ["kind"]},
        "then": {"required": ["mode"]},
    }
)
RIGHT: dict[str, Any] = {
    "name": "n",
    "parts": [{"kwh": "1"}, {"kwh": "-0.5", "note": "x"}],
    "mode": "a",
    "count": 3,
    "flag": True,
    "day": None,
    "months": ["1", "2"],
    "values": {"x": "1"},
    "use": {"start": "1"},
    "kind": "x",
}


def told(document: Any) -> list[tuple[str, str]]:
    return [(fault.code, fault.pointer) for fault in FORM.faults(document)]


@pytest.mark.parametrize(
    ("values", "code", "pointer"),
    [
        ({"nmae": "n"}, "field_unknown", "/nmae"),
        ({"parts": [{"kwh": "1", "nte": "x"}]}, "field_unknown", "/parts/0/nte"),
        ({"parts": [{}]}, "field_missing", "/parts/0/kwh"),
        ({"parts": []}, "value_wrong", "/parts"),
        ({"parts": {}}, "value_wrong", "/parts"),
        ({"parts": [{"kwh": "1"}] * (LIST_MAX + 1)}, "document_too_large", "/parts"),
        ({"parts": [{"kwh": 1}]}, "value_wrong", "/parts/0/kwh"),
        ({"parts": [{"kwh": "1e9"}]}, "value_wrong", "/parts/0/kwh"),
        ({"parts": [7]}, "not_an_object", "/parts/0"),
        ({"mode": "c"}, "choice_unknown", "/mode"),
        ({"count": True}, "value_wrong", "/count"),
        ({"count": 10}, "value_wrong", "/count"),
        ({"name": ""}, "value_wrong", "/name"),
        ({"months": ["1", "1"]}, "name_twice", "/months/1"),
        ({"values": {}}, "value_wrong", "/values"),
        ({"values": {str(n): "1" for n in range(LIST_MAX + 1)}}, "document_too_large", "/values"),
        ({"use": {"kwh": "1", "multiplier": "3"}}, "field_unknown", "/use/multiplier"),
        ({"use": {"start": "1", "ende": "3"}}, "field_unknown", "/use/ende"),
        ({"use": 7}, "value_wrong", "/use"),
    ],
)
def test_a_fault_is_told_with_its_code_and_place(values: dict[str, Any], code: str, pointer: str) -> None:
    assert told(RIGHT | values) == [(code, pointer)]


def test_a_right_document_has_no_fault_and_all_faults_of_another_are_told_at_once() -> None:
    assert told(RIGHT) == []
    wrong = {"kind": "x", "parts": [{"kwh": "1"}, {"kw": "1"}], "count": 0}
    assert told(wrong) == [
        ("field_missing", "/mode"),
        ("field_missing", "/name"),
        ("field_unknown", "/parts/1/kw"),
        ("field_missing", "/parts/1/kwh"),
        ("value_wrong", "/count"),
    ]


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    (fault,) = FORM.faults(RIGHT | {"parts": [{"kwh": "1", "nte": "x"}]})
    assert fault.detail.endswith("it knows: kwh, note")


def test_a_document_nested_deeper_than_any_is_refused_with_its_place() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert told({"name": deep}) == [("document_too_deep", "/name" + "/0" * (DEPTH_MAX - 1))]


def test_a_keyword_that_is_not_enforced_is_not_taken() -> None:
    with pytest.raises(ValueError, match="oneOf"):
        Form({"properties": {"a": {"oneOf": []}}})


WRONG = st.sampled_from(
    [None, True, 0, 3, "", "x", "1", "2026", [], ["1", "1"], {}, {"kwh": "1"}, {"start": "1", "end": "2"}]
)


@given(st.data())
def test_a_form_holds_exactly_where_the_json_schema_holds(data: st.DataObject) -> None:
    document = deepcopy(RIGHT)
    for _ in range(data.draw(st.integers(1, 3))):
        parts = document.get("parts")
        place = data.draw(st.sampled_from([document, *(parts if isinstance(parts, list) else [])]))
        if not isinstance(place, dict):
            continue
        key = data.draw(st.sampled_from([*place, "extra", "note"]))
        place[key] = deepcopy(data.draw(WRONG))
        if data.draw(st.booleans()):
            del place[key]
    judge = jsonschema.Draft202012Validator(FORM.schema)
    assert (told(document) == []) is judge.is_valid(document)
