"""The day that a read counts for. It is derived from the instant, never stored."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.policies.domain import Policies
from shared.dated import NotCovered


@dataclass(frozen=True, slots=True)
class ReadDays:
    """Instants and days of reads, by the policy's tolerance before the midnight that ends a day."""

    policies: Policies
    zone: ZoneInfo

    def of(self, read_at: datetime) -> date:
        """Return the day that a read counts for: the read of day d closes the period that ends at d, whatever its hour."""
        return calendar.read_day(read_at, self.zone, self._tolerance(calendar.local_day(read_at, self.zone)))

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """Return the first instant whose read counts for a day, and that of the next."""
        start, end = calendar.day_bounds(day, self.zone)
        before, within = self._tolerance(day - timedelta(days=1)), self._tolerance(day)
        return start - timedelta(seconds=before), end - timedelta(seconds=within)

    def seconds_from_midnight(self, read_at: datetime) -> int:
        """Return how far a read is from the first instant of its day, before or after: the nearest is the best of its rank."""
        start, _ = calendar.day_bounds(self.of(read_at), self.zone)
        return abs(int((read_at - start).total_seconds()))

    def _tolerance(self, civil_day: date) -> int:
        try:
            return self.policies.on(civil_day).midnight_tolerance_seconds
        except NotCovered:  # reads from before the first rules are refused
            return 0
