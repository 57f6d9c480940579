"""A read that comes again with other content."""

from services.reading.network.domain.registers import Counts, Shown
from services.reading.validation.domain.findings import Finding

CODE = "reading.conflicting_duplicate"


def find(stored: Shown, given: Counts) -> Finding | None:
    """Find a read that has the natural key of a stored one and other content."""
    if stored == given:
        return None
    return Finding(CODE, {f"stored_{i}": count for i, count in enumerate(stored) if count is not None})
