"""A register that ran farther than it can."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.impossible_usage"


def find(too_far: int, days: int) -> Finding | None:
    """Find a number of registers that ran farther than is possible within some days."""
    return Finding(CODE, {"registers": too_far, "days": days}) if too_far else None
