"""A register that runs backwards."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.negative_usage"


def find(backward: tuple[str, ...], period_days: int) -> Finding | None:
    """Find registers that ran backwards by more than a roll-over explains."""
    if not backward:
        return None
    return Finding(CODE, {"registers": len(backward), "days": period_days})
