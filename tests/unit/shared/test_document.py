"""Documents are walked with their JSON pointer, and what is not known is refused."""

from collections.abc import Callable
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
