"""How many examples tests draw, with which seed, on which database: enough to notice a change, more where there is time."""

import os
from collections.abc import Iterable
from itertools import cycle
from typing import Any

import pytest

EFFORT = int(os.environ.get("WATTLINE_TEST_EFFORT", "1"))
SEED_NAME = "WATTLINE_TEST_SEED"
KILLS_NAME = "WATTLINE_TEST_KILLS"
ACCOUNTS_NAME = "WATTLINE_TEST_ACCOUNTS"
TOLD_NAME = "WATTLINE_TEST_TOLD"
"""File to which the kill test adds a line of JSON for each seed whose books were equal."""


def examples(count: int) -> int:
    """Return how many examples to draw: `count`, times WATTLINE_TEST_EFFORT (a nightly run may set 20)."""
    return count * EFFORT


def seeds(*fixed: int) -> tuple[int, ...]:
    """Return the seeds to try: the fixed ones, or the one of WATTLINE_TEST_SEED (`make chaos` draws it)."""
    drawn = os.environ.get(SEED_NAME)
    return (int(drawn),) if drawn else fixed


def walks(*fixed: int) -> pytest.MarkDecorator:
    """Give a `seed` to a test that walks at random, each on one of the databases in turn; one that was drawn on both."""
    return in_turn("seed", seeds(*fixed) * (2 if SEED_NAME in os.environ else 1))


def in_turn(names: str | tuple[str, ...], cases: Iterable[Any], ids: Any = None) -> pytest.MarkDecorator:
    """Parametrize a test by what comes in, where no database tells one case from another: each is tried on one, in turn."""
    lanes = (("postgres", [pytest.mark.postgres]), ("sqlite", []))
    chosen = [(lane, case) for case, lane in zip(cases, cycle(lanes), strict=False)]
    given = [
        pytest.param(name, *([case] if isinstance(names, str) else case), marks=marks) for (name, marks), case in chosen
    ]
    if isinstance(ids, list):
        ids = [f"{name}-{own}" for ((name, _), _), own in zip(chosen, ids, strict=True)]
    named = (names,) if isinstance(names, str) else names
    return pytest.mark.parametrize(("database_url", *named), given, ids=ids, indirect=["database_url"])


def number(name: str, fixed: int) -> int:
    """Return a number of the environment, or the fixed one (`python -m tests.chaos kills` sets them)."""
    return int(os.environ.get(name, fixed))
