"""How many examples property tests draw, and with which seed: enough to notice a change at each run, more where there is time."""

import os

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


def number(name: str, fixed: int) -> int:
    """Return a number of the environment, or the fixed one (`python -m tests.chaos kills` sets them)."""
    return int(os.environ.get(name, fixed))
