"""A usage from a customer's own read to the next read of somebody else, which lets doubt the own one."""

from services.reading.policies.domain import Deviation
from services.reading.validation.domain import high, low
from services.reading.validation.domain.findings import Finding
from services.reading.validation.domain.history import History

CODE = "reading.own_read_doubted"


def find(energy_wh: int, days: int, history: History | None, limit: Deviation) -> Finding | None:
    """Find a usage after an own read whose daily average is above or below that of the period that it closed."""
    found = high.find(energy_wh, days, history, limit) or low.find(energy_wh, days, history, limit)
    return Finding(CODE, found.numbers) if found else None
