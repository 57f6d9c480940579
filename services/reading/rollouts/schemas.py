"""What the routes of roll-outs take and answer."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from services.reading.network.schemas import ITEMS_MAX, Code, No, OrgUnit, Shown
from services.reading.rollouts.domain.programme import Failure, Month, PlannedPoint, Programme, Share, State, permille
from services.reading.rollouts.store import programmes
from services.reading.rollouts.use_cases.planning import Withdrawal
from shared.fields import Day
from shared.web.batch import In

ROLLOUTS_MAX = 100
ROUTES_MAX = 200
POINTS_MAX = 10_000_000


class RolloutIn(In):
    """A roll-out of meters (换装工程)."""

    programme_no: No = Field(description="The utility's own number.")
    org_unit: OrgUnit
    route_nos: list[No] = Field(default_factory=list, max_length=ROUTES_MAX, description="None: all of the org unit.")
    meter_type: Code = Field(description="The type that the points get.")
    planned_count: Annotated[int, Field(ge=0, le=POINTS_MAX)]
    starts_on: Day
    ends_on: Day = Field(description="First day after it.")

    def programme(self) -> Programme:
        """Return the roll-out."""
        return Programme(**self.model_dump() | {"route_nos": tuple(sorted(set(self.route_nos)))})


class RolloutsIn(In):
    items: Annotated[list[RolloutIn], Field(max_length=ROLLOUTS_MAX)]


class RolloutOut(Shown):
    programme_no: str
    org_unit: str
    route_nos: list[str]
    meter_type: str
    planned_count: int
    starts_on: date
    ends_on: date

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what is shown of a row."""
        return cls.model_validate(programmes.programme(row))


class PointIn(In):
    programme_no: No
    service_point_no: No
    planned_on: Day = Field(description="By which it is to have its new meter.")

    def point(self) -> PlannedPoint:
        """Return the planned point."""
        return PlannedPoint(**self.model_dump())


class PointsIn(In):
    items: Annotated[list[PointIn], Field(max_length=ITEMS_MAX)]


class WithdrawalIn(In):
    programme_no: No
    service_point_no: No
    reason: Code

    def withdrawal(self) -> Withdrawal:
        """Return the withdrawal."""
        return Withdrawal(**self.model_dump())


class WithdrawalsIn(In):
    items: Annotated[list[WithdrawalIn], Field(max_length=ITEMS_MAX)]


class FailureIn(In):
    programme_no: No
    service_point_no: No
    failed_on: Day
    reason: Code = Field(description="A code of `rollouts.failed_reasons` of the policy.")

    def failure(self) -> Failure:
        """Return the failure."""
        return Failure(**self.model_dump())


class FailuresIn(In):
    items: Annotated[list[FailureIn], Field(max_length=ITEMS_MAX)]


class PointOut(Shown):
    programme_no: str
    service_point_no: str
    org_unit: str
    route_no: str
    planned_on: date
    state: State = Field(
        description="`done`: a meter of the type stands there since `done_on`; `fitted_before`: since before the roll-out;"
        " `failed`: last tried so, and not planned anew."
    )
    overdue: bool = Field(description="It was planned for an earlier day, and is not done.")
    done_on: date | None
    meter_no: str | None
    failed_on: date | None
    reason: str | None


class ProgressOut(Shown):
    """How far a roll-out has come in an org unit. `GET /v1/rollout-points` with the same filters and `alone=true` opens it."""

    programme_no: str
    org_unit: str
    planned_count: int = Field(
        description="Of the whole roll-out, as it was put: points that are to be planned and done."
    )
    points: int = Field(description="Planned by now.")
    planned: int = Field(description="Not done, and not failed.")
    done: int
    failed: int
    fitted_before: int = Field(description="Had a meter of the type before the roll-out began: none of its work.")
    overdue: int
    done_permille: int = Field(description="Of the points that did not have their meter before.")

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what is shown of a row."""
        names = "planned_count", "points", "planned", "done", "failed", "fitted_before", "overdue"
        counts = {name: int(row._mapping[name]) for name in names}
        share = permille(counts["done"], counts["points"] - counts["fitted_before"])
        return cls(programme_no=row.programme_no, org_unit=row.org_unit, **counts, done_permille=share)


class MonthOut(Shown):
    month: str
    planned: int = Field(description="Points that were to be done in it.")
    done: int
    failed: int = Field(description="Visits that failed in it, whatever became of the point later.")

    @classmethod
    def month_(cls, month: Month) -> Self:
        """Return what is shown of a month."""
        return cls.model_validate(month)


class MonthsOut(BaseModel):
    items: list[MonthOut]


class RemoteShareOut(BaseModel):
    """How many points of an org unit are read remotely (远程采集覆盖率); of those below it too where that is asked for."""

    org_unit: str
    points: int = Field(description="That have a meter on the day.")
    remote: int
    remote_permille: int

    @classmethod
    def of(cls, share: Share) -> Self:
        """Return what is shown of a share."""
        own = permille(share.remote, share.points)
        return cls(org_unit=share.org_unit, points=share.points, remote=share.remote, remote_permille=own)


class RemotePointOut(Shown):
    service_point_no: str
    org_unit: str
    route_no: str
    meter_no: str
    meter_type: str | None
    remote: bool
