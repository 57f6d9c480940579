"""A customer's own read that does not agree with what was read after it, on site or by the meter itself."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.own_read_contradicted"


def find(days: int) -> Finding:
    """Find an own read that fits what was known some days before it, and not what others have seen since."""
    return Finding(CODE, {"days": days})
