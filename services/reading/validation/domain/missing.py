"""A task without a read."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.missing_read"


def find(reads: int, estimates_in_a_row: int) -> Finding | None:
    """Find a task without a read at the end of its window."""
    if reads:
        return None
    return Finding(CODE, {"estimates_in_a_row": estimates_in_a_row})
