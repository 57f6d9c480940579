"""What the routes of other read days take and answer."""

from datetime import date
from typing import Annotated, Any, Literal, cast, get_args

import orjson
from pydantic import Field, model_validator

from services.reading.network.schemas import No, Shown
from services.reading.read_day_changes.domain import LIFE
from services.reading.read_day_changes.use_cases.requesting import Wanted
from services.reading.tasks.domain.tasks import cycle_of
from shared.events.fact import MAX_CODE
from shared.fields import Day, Month, Time, Words
from shared.web.batch import In

NAMED_MAX = 1_000
EXPLANATION_MAX = 1_000
State = Literal["asked", "confirmed", "effective", "declined", "unconfirmed", "rejected", "withdrawn"]
assert set(get_args(State)) == set(LIFE.states)


class RequestIn(In):
    """Another read day for good (`read_day` and `from_cycle`), or one visit on another day (`visit_on`, for its cycle)."""

    request_no: No = Field(description="The asker's own number: sent again it changes nothing.")
    route_no: No
    service_point_nos: list[No] | None = Field(
        None,
        min_length=1,
        max_length=NAMED_MAX,
        description="Points of the route for which it is asked; without, all of them, and the route is moved itself.",
    )
    read_day: Annotated[int, Field(ge=1, le=31)] | None = Field(None, description="抄表例日, the proposed one.")
    from_cycle: Month | None = Field(None, description="The first cycle that is read on it; none that is planned.")
    months: Annotated[int, Field(ge=1, le=3)] | None = Field(None, description="Those of the route where not given.")
    first_month: Annotated[int, Field(ge=1, le=3)] | None = None
    visit_on: Day | None = Field(
        None, description="确需调整抄表时间: one visit on this day instead of the planned one of its cycle."
    )
    from_time: Time | None = Field(None, description="Of a visit: local time from which on somebody comes.")
    to_time: Time | None = None
    reason: Words = Field(max_length=MAX_CODE, description="A code of the utility's own.")
    explanation: Words = Field(max_length=EXPLANATION_MAX, description="It stays here; nothing about persons.")
    asked_on: Day | None = Field(None, description="Business date; today where it is not given.")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "RequestIn":
        for_good = self.read_day is not None and self.from_cycle is not None
        of_change = (self.read_day, self.from_cycle, self.months, self.first_month)
        if self.visit_on is None:
            if not for_good or self.from_time or self.to_time:
                raise ValueError("read_day and from_cycle, or visit_on with its times")
        elif any(each is not None for each in of_change):
            raise ValueError("either read_day, from_cycle and months, or visit_on")
        if self.from_time and self.to_time and self.from_time >= self.to_time:
            raise ValueError("from_time is before to_time")
        return self

    def wanted(self, today: date) -> Wanted:
        """Return the request as the use case takes it."""
        once = self.visit_on
        return Wanted(
            request_no=self.request_no,
            route_no=self.route_no,
            points=tuple(sorted(set(self.service_point_nos or ()))),
            read_day=cast(int, self.read_day) if once is None else once.day,
            from_cycle=cast(str, self.from_cycle) if once is None else cycle_of(once),
            months=self.months,
            first_month=self.first_month,
            visit_on=once,
            from_time=self.from_time,
            to_time=self.to_time,
            reason=self.reason,
            explanation=self.explanation,
            asked_on=self.asked_on or today,
        )


class RequestOut(Shown):
    request_no: str
    route_no: str
    org_unit: str
    service_point_nos: list[str] = Field(description="Those that were named; none: all of the route.")
    read_day: int
    months: int
    first_month: int
    from_cycle: str
    visit_on: date | None
    from_time: str | None
    to_time: str | None
    reason: str
    explanation: str
    requested_by: str
    asked_on: date
    answer_by: date
    counts: dict[State, int] = Field(description="How many service points are in which state.")


class ProposalOut(Shown):
    """What is asked for one service point, and what became of it."""

    question_id: str
    request_no: str
    service_point_no: str
    route_no: str
    org_unit: str
    now_on: date = Field(description="When its first cycle would be read as things were.")
    first_on: date = Field(description="When it would be read on the new day.")
    state: State
    answer: str | None
    answered_on: date | None
    way: str | None
    recorded_by: str | None = Field(description="Who wrote down the answer, where an employee did.")
    closed_for: str | None = Field(description="Why it ended, where nobody decided on it.")


class ExceptionOut(Shown):
    """A service point that is read on a day of its own from a cycle on; 0 is with its route again."""

    route_no: str
    service_point_no: str
    from_cycle: str
    read_day: int
    months: int
    first_month: int


def request_out(row: Any, counts: dict[str, int]) -> RequestOut:
    """Return a request as it is answered."""
    shown = {"service_point_nos": orjson.loads(row.points), "counts": counts}
    return RequestOut.model_validate(dict(row._mapping) | shown)
