"""Documents are walked with their JSON pointer, and what is not known is refused."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from shared import document
from shared.document import DocumentError, Node

WALKS: list[tuple[Any, Callable[[Node], Any], str, str]] = [
    ({"a": 1, "b/c": 2}, lambda node: node.keys("a"), "field_unknown", "/b~1c"),
    ({"a": 1}, lambda node: node.get("b"), "field_missing", "/b"),
    ([1], lambda node: node.get("b"), "not_an_object", ""),
    ([1], lambda node: node.keys("b"), "not_an_object", ""),
    ([1], lambda node: list(node.fields()), "not_an_object", ""),
    ({"a": 1}, lambda node: node.get("a").items(), "value_wrong", "/a"),
    ({"a": [1] * (document.LIST_MAX + 1)}, lambda node: node.get("a").items(), "document_too_large", "/a"),
    (dict.fromkeys(map(str, range(document.LIST_MAX + 1))), lambda node: list(node.fields()), "document_too_large", ""),
    ({"a": ""}, lambda node: node.get("a").text(), "value_wrong", "/a"),
    ({"a": ["x", "x"]}, lambda node: node.get("a").texts(), "name_twice", "/a/1"),
    ({"a": 1}, lambda node: node.get("a").flag(), "value_wrong", "/a"),
    ({"a": True}, lambda node: node.get("a").whole(0, 9), "value_wrong", "/a"),
    ({"a": 10}, lambda node: node.get("a").whole(0, 9), "value_wrong", "/a"),
    ({"a": None}, lambda node: node.get("a").choice("x"), "choice_open", "/a"),
    ({"a": "y"}, lambda node: node.get("a").choice("x"), "choice_unknown", "/a"),
    ({"a": "2026-02-30"}, lambda node: node.get("a").day(), "value_wrong", "/a"),
]


@pytest.mark.parametrize(("value", "walk", "code", "pointer"), WALKS)
def test_a_fault_is_refused_with_its_code_and_place(
    value: Any, walk: Callable[[Node], Any], code: str, pointer: str
) -> None:
    with pytest.raises(DocumentError) as refused:
        walk(Node(value))
    assert (refused.value.code, refused.value.pointer) == (code, pointer)
    assert refused.value.detail


def test_what_is_there_is_returned() -> None:
    node = Node({"a": {"b": [1, 2]}, "c": "x", "d": True, "e": None})
    assert [item.value for item in node.get("a").get("b").items()] == [1, 2]
    assert [item.pointer for item in node.get("a").get("b").items()] == ["/a/b/0", "/a/b/1"]
    assert (node.get("c").choice("x", "y"), node.get("d").flag(), node.maybe("e"), node.maybe("f")) == (
        "x",
        True,
        None,
        None,
    )
    assert ("c" in node, "e" in node) == (True, False)


def _person(node: Node) -> tuple[str, int, date | None]:
    node.keys("name age place born kind tall")
    place = node.get("place").keys("street number")
    place.get("street").text()
    place.get("number").whole(1, 9)
    node.get("kind").choice("home", "shop")
    node.get("tall").flag()
    return node.get("name").text(), node.get("age").whole(0, 150), node.get("born").day()


RIGHT = {
    "name": "x",
    "age": 3,
    "place": {"street": "s", "number": 1},
    "born": "2026-01-01",
    "kind": "shop",
    "tall": True,
}


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (
            {
                "name": "",
                "age": -1,
                "place": {"streat": "s", "number": "1"},
                "born": "x",
                "kind": "y",
                "tall": 1,
                "sex": 0,
            },
            [
                "/sex field_unknown",
                "/place/streat field_unknown",
                "/place/street field_missing",
                "/place/number value_wrong",
                "/kind choice_unknown",
                "/tall value_wrong",
                "/name value_wrong",
                "/age value_wrong",
                "/born value_wrong",
            ],
        ),
        ({"place": []}, ["/place not_an_object"]),
    ],
)
def test_all_faults_are_told_at_once_and_none_within_a_wrong_value(change: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(DocumentError) as refused:
        Node.read(RIGHT | change, _person)
    assert [f"{fault.pointer} {fault.code}" for fault in refused.value.faults] == faults
    assert all(
        f"{fault.code} at {fault.pointer}: {fault.detail}" in str(refused.value) for fault in refused.value.faults
    )


def test_a_document_without_a_fault_is_what_is_made_of_it() -> None:
    assert Node.read(RIGHT, _person) == ("x", 3, date(2026, 1, 1))


def test_what_cannot_be_gone_on_from_is_told_after_what_was_found_and_no_answer_is_endless() -> None:
    def walk(node: Node) -> None:
        for item in node.items():
            item.text()
        raise node.fail("document_too_large")

    with pytest.raises(DocumentError) as refused:
        Node.read([1], walk)
    assert [fault.code for fault in refused.value.faults] == ["value_wrong", "document_too_large"]
    with pytest.raises(DocumentError) as refused:
        Node.read([1] * 300, walk)
    assert len(refused.value.faults) == document.FAULTS_MAX
