"""A register that fits what was known before it, which others contradict: more of them, or what a person edited."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.contradicted"


def find(days: int) -> Finding:
    """Find registers that do not agree with others that stand, within some days of the ones before."""
    return Finding(CODE, {"days": days})
