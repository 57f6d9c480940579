"""What became of customers' own reads (自报): the next read of somebody else checks them. Pure."""

from collections.abc import Sequence
from typing import Final

from services.reading.usage.domain import ranking
from services.reading.usage.domain.usages import Usage
from services.reading.validation.domain import own_read_doubted

REPORTED: Final = "reported"
CONFIRMED: Final = "confirmed"
CONTRADICTED: Final = "contradicted"
UNUSED: Final = "unused"


def verdict(read_id: str, standing: Sequence[Usage], *, is_found: bool) -> tuple[str, str | None]:
    """Return what became of an own read, and the read that has checked it.

    `standing`: the usages of its point in force, in order. `is_found`: that it contradicts others is among the findings. Unused
    is what closes no period: a better read is there, or no period ends on that day.
    """
    at = next((n for n, usage in enumerate(standing) if _closes(usage, read_id)), None)
    if at is None:
        return (CONTRADICTED if is_found else UNUSED), None
    later = next((usage for usage in standing[at + 1 :] if ranking.checks(usage.closing_source)), None)
    if later is None:
        return REPORTED, None
    by = next(iter(later.closing_read_ids), None)
    return (CONTRADICTED if own_read_doubted.CODE in later.findings else CONFIRMED), by


def _closes(usage: Usage, read_id: str) -> bool:
    return usage.closing_source == ranking.SELF and read_id in usage.closing_read_ids
