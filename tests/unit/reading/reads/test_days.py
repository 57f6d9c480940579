"""The day that a read counts for."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.reading.policies.domain import load
from services.reading.reads.domain.days import ReadDays
from services.reading.settings import SHIPPED_POLICY

(SHIPPED,) = json.loads(SHIPPED_POLICY.read_text())["versions"]


def _version(start: str, end: str | None, seconds: int) -> dict[str, object]:
    reads = SHIPPED["reads"] | {"midnight_tolerance_seconds": seconds}
    return SHIPPED | {"version": start, "effective": {"from": start, "to": end}, "reads": reads}


POLICIES = load(
    {
        "id": "CN/reading",
        "title": "rules",
        "versions": [_version("2000-01-01", "2026-03-29", 60), _version("2026-03-29", None, 1800)],
    }
)


@given(
    st.integers(0, 3 * 86_400),
    st.sampled_from(["Asia/Shanghai", "Europe/London", "Africa/Cairo"]),
)
def test_the_bounds_of_a_day_hold_the_instants_that_count_for_it_and_no_other(seconds: int, zone: str) -> None:
    days = ReadDays(POLICIES, ZoneInfo(zone))
    read_at = datetime(2026, 3, 28, tzinfo=UTC) + timedelta(seconds=seconds)
    first, next_first = days.bounds(days.of(read_at))
    assert first <= read_at < next_first
    assert days.of(first) == days.of(read_at) == days.of(next_first - timedelta(seconds=1))


def test_the_distance_from_midnight_counts_before_it_and_after() -> None:
    days = ReadDays(POLICIES, ZoneInfo("Asia/Shanghai"))
    instants = [datetime.fromisoformat(f"2026-03-{text}+08:00") for text in ("27T23:59:30", "28T00:00:30")]
    assert [(days.of(each), days.seconds_from_midnight(each)) for each in instants] == [(date(2026, 3, 28), 30)] * 2
