"""How many examples property tests draw: enough to notice a change at each run, more where there is time."""

import os

EFFORT = int(os.environ.get("WATTLINE_TEST_EFFORT", "1"))


def examples(count: int) -> int:
    """Return how many examples to draw: `count`, times WATTLINE_TEST_EFFORT (a nightly run may set 20)."""
    return count * EFFORT
