"""A load curve travels as a short text and comes out as it went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import packed


@given(st.lists(st.integers(0, 2**50), max_size=300))
def test_a_series_comes_out_as_it_went_in(values: list[int]) -> None:
    assert packed.unpack(packed.pack(values)) == values


@pytest.mark.parametrize("text", ["", "AAAA", "not base64", packed.pack([5, 300])[:-4]])
def test_what_is_no_packed_series_is_refused(text: str) -> None:
    with pytest.raises(packed.NotPacked):
        packed.unpack(text)
