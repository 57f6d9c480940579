"""How many examples property tests draw, and with which seed: enough to notice a change at each run, more where there is time."""

import os

EFFORT = int(os.environ.get("WATTLINE_TEST_EFFORT", "1"))
SEED_NAME = "WATTLINE_TEST_SEED"


def examples(count: int) -> int:
    """Return how many examples to draw: `count`, times WATTLINE_TEST_EFFORT (a nightly run may set 20)."""
    return count * EFFORT


def seeds(*fixed: int) -> tuple[int, ...]:
    """Return the seeds to try: the fixed ones, or the one of WATTLINE_TEST_SEED (`make chaos` draws it)."""
    drawn = os.environ.get(SEED_NAME)
    return (int(drawn),) if drawn else fixed
