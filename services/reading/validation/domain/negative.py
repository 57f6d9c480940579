"""A register that runs backwards."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.negative_usage"


def find(backward: int, days: int) -> Finding | None:
    """Find a number of registers that ran backwards, by more than a roll-over explains, within some days."""
    return Finding(CODE, {"registers": backward, "days": days}) if backward else None
