"""A late read within a period that was measured as a whole."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.late_read_unused"


def find() -> Finding:
    """Find a late read that changes no period."""
    return Finding(CODE, {})
