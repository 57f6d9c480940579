"""A day curve with values that its point cannot use."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.curve_beyond_possible"


def find(suspect: int, highest_wh: int, limit_wh: int) -> Finding | None:
    """Find a curve with values above the most that its register can run in a slot; they are not used."""
    if not suspect:
        return None
    return Finding(CODE, {"slots": suspect, "highest_wh": highest_wh, "limit_wh": limit_wh})
