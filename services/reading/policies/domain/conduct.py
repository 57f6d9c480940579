"""Rules of conduct as data: when the reads of a route or of a reader are found to be out of the ordinary. Pure."""

from dataclasses import dataclass
from typing import Final

from shared.document import Node

MILLIONTHS_OF_A_KWH: Final = 1_000_000
MILLIONTHS_OF_A_WH: Final = 1_000
CYCLES_MAX: Final = 24
RECHECK_DAYS_MAX: Final = 62
READS_MAX: Final = 5000
HOURS_MAX: Final = 24 * 92
SECONDS_MAX: Final = 3600
WH_MAX: Final = 1_000_000
KWH_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysOff:
    """Off in `off_min` of the last `cycles` cycles."""

    cycles: int
    off_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LateUpload:
    """`reads_min` reads that came in more than `hours_max` whole hours after the time that they state."""

    hours_max: int
    reads_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDrift:
    """`percent` of the reads of a route are off to one side, of `points_min` at least."""

    percent: int
    points_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideWindow:
    """`reads_min` reads outside the window."""

    reads_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwalkable:
    """More than `points_max` points within `seconds`."""

    points_max: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessEstimate:
    """`cycles` in a row a read is the estimate, or differs by `tolerance_wh` at most."""

    cycles: int
    tolerance_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessRound:
    """`cycles` in a row a read is a multiple of `kwh`."""

    cycles: int
    kwh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessStep:
    """`cycles` in a row the same step."""

    cycles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductRules:
    """The rules of one version. `recheck_days`: what comes in so long after a read date is out of reach changes what is found."""

    recheck_days: int
    days_off: DaysOff
    late_upload: LateUpload
    route_drift: RouteDrift
    outside_window: OutsideWindow
    unwalkable: Unwalkable
    guess_estimate: GuessEstimate
    guess_round: GuessRound
    guess_step: GuessStep

    @property
    def cycles(self) -> int:
        """How many cycles a rule looks at, at most."""
        return max(
            self.days_off.cycles, self.guess_estimate.cycles + 2, self.guess_round.cycles, self.guess_step.cycles + 1
        )


def read(node: Node) -> ConductRules:
    """Return the rules of a policy's section."""
    names = "days_off late_upload route_drift outside_window unwalkable guess_estimate guess_round guess_step"
    node.keys(f"recheck_days {names}")
    off = node.get("days_off").keys("cycles off_min")
    late = node.get("late_upload").keys("hours_max reads_min")
    drift = node.get("route_drift").keys("percent points_min")
    outside = node.get("outside_window").keys("reads_min")
    walk = node.get("unwalkable").keys("points_max seconds")
    estimate = node.get("guess_estimate").keys("cycles tolerance_wh")
    round_ = node.get("guess_round").keys("cycles kwh")
    step = node.get("guess_step").keys("cycles")
    return ConductRules(
        recheck_days=node.get("recheck_days").whole(1, RECHECK_DAYS_MAX),
        days_off=DaysOff(
            cycles=off.get("cycles").whole(1, CYCLES_MAX), off_min=off.get("off_min").whole(1, CYCLES_MAX)
        ),
        late_upload=LateUpload(
            hours_max=late.get("hours_max").whole(0, HOURS_MAX), reads_min=late.get("reads_min").whole(1, READS_MAX)
        ),
        route_drift=RouteDrift(
            percent=drift.get("percent").whole(1, 100), points_min=drift.get("points_min").whole(1, READS_MAX)
        ),
        outside_window=OutsideWindow(reads_min=outside.get("reads_min").whole(1, READS_MAX)),
        unwalkable=Unwalkable(
            points_max=walk.get("points_max").whole(1, READS_MAX), seconds=walk.get("seconds").whole(1, SECONDS_MAX)
        ),
        guess_estimate=GuessEstimate(
            cycles=estimate.get("cycles").whole(1, CYCLES_MAX),
            tolerance_wh=estimate.get("tolerance_wh").whole(0, WH_MAX),
        ),
        guess_round=GuessRound(
            cycles=round_.get("cycles").whole(1, CYCLES_MAX), kwh=round_.get("kwh").whole(1, KWH_MAX)
        ),
        guess_step=GuessStep(cycles=step.get("cycles").whole(1, CYCLES_MAX)),
    )
