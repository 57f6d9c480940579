"""Texts that a spreadsheet would take for formulas are written as texts, numbers and everything else as they are."""

import csv
import io

import pytest

from shared.web import spreadsheet


def written(value: object) -> str:
    (_, row) = csv.reader(io.StringIO(bytes(spreadsheet.answer(["a"], [[value]]).body).decode()))
    return row[0] if row else ""


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "\t=1", "-1-1", "+1+1", "-"])
def test_a_text_that_would_be_a_formula_is_written_as_text(text: str) -> None:
    assert written(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "R1", "-12.5", "+3", "a=b", "居民", 'with "quotes", and commas', -5, 0])
def test_everything_else_is_written_as_it_is(value: object) -> None:
    assert written(value) == str(value)
