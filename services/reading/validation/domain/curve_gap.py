"""A day curve with gaps."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.curve_gap_found"


def find(missing: int, interval_minutes: int) -> Finding | None:
    """Find a curve in force that has slots without a value that counts."""
    return Finding(CODE, {"slots": missing, "interval_minutes": interval_minutes}) if missing else None
