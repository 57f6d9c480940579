import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web import pagination
from shared.web.errors import Problem

KEYS = st.lists(st.one_of(st.text(), st.integers(-(2**63) + 1, 2**63 - 1)), min_size=1, max_size=4).map(tuple)


@given(KEYS.filter(lambda key: all("\0" not in v and v.isprintable() for v in key if isinstance(v, str))))
def test_a_cursor_gives_back_the_key_that_it_was_made_of(key: tuple[str | int, ...]) -> None:
    assert pagination.decode(pagination.encode(key)) == key


def refusal(cursor: str) -> str | None:
    try:
        pagination.decode(cursor)
    except Problem as refused:
        return refused.code
    return None


@given(st.text(max_size=50))
def test_any_text_as_a_cursor_is_a_key_or_a_problem(text: str) -> None:
    assert refusal(text) in (None, "request.malformed_cursor")


@pytest.mark.parametrize("value", [{}, [], [None], [1.5], [[1]], "x", 1, None])
def test_a_cursor_of_another_shape_is_refused(value: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    with pytest.raises(Problem):
        pagination.decode(cursor)


@pytest.mark.parametrize(
    ("kind", "value"), [(int, "1"), (int, True), (str, 1), (int, 2**63), (str, "a\0"), (pagination.date, "x")]
)
def test_a_cursor_of_another_list_is_refused(kind: type, value: object) -> None:
    with pytest.raises(Problem):
        pagination.Wanted(10, (value,)).last_as(kind)


def test_a_cursor_of_another_length_is_refused() -> None:
    with pytest.raises(Problem):
        pagination.Wanted(10, (1, 2)).last_as(int)
