"""A face that passed its last number (翻转): possible, and always worth a look."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.rolled_over"


def find(turned: bool, days: int) -> Finding | None:
    """Find a face that turned within the days since the register before."""
    return Finding(CODE, {"days": days}) if turned else None
