"""What the routes of scorecards answer."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, Field

from services.reading.adherence.schemas import CountsOut
from services.reading.scorecards.domain.rows import Kind, Row
from services.reading.scorecards.store.cards import FIGURES
from services.reading.wrong_reads.domain import Fault, WrongRead


class FiguresOut(CountsOut):
    """What adherence counts, by the duties of the month, and how right the reads were. Each figure opens to its rows."""

    read_permille: int = Field(description="Of a thousand tasks so many were read (实抄率), rounded down.")
    serious: int = Field(description="Of them so far off, or so much on a bill, that they are serious by the policy.")
    fixed_same_day: int = Field(
        description="Of them fixed on the day on which they were found, or before the next business day."
    )
    fix_days: int = Field(description="Business days from found to fixed, over all of them.")
    disputes_confirmed: int = Field(description="Disputes that ended in the month, and showed that a read was wrong.")

    @classmethod
    def figures(cls, row: Any) -> dict[str, int]:
        """Return the figures of a row."""
        found = {name: int(getattr(row, name)) for name in FIGURES}
        read = found["early"] + found["on_time"] + found["late"]
        return found | {"read_permille": 1000 * read // found["expected"] if found["expected"] else 0}


class ScorecardOut(FiguresOut):
    month: str
    route_no: str
    reader: str | None = Field(description="Null: what is nobody's.")
    org_unit: str
    made_on: date

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what is shown of a scorecard."""
        names = ("month", "route_no", "org_unit", "made_on")
        head = {name: getattr(row, name) for name in names}
        return cls(**head, **cls.figures(row), reader=row.reader or None)


class ReaderScoreOut(FiguresOut):
    month: str
    reader: str | None = Field(description="Null: what is nobody's.")
    routes: int

    @classmethod
    def of(cls, row: Any, month: str) -> Self:
        """Return what is shown of a reader in a month, over all routes."""
        return cls(**cls.figures(row), month=month, routes=row.routes, reader=row.reader or None)


class ScorecardRowOut(BaseModel):
    """What a scorecard counts. `subject`: the id of the task, of the correction, of the corrected bill, or of the dispute."""

    kind: Kind
    subject: str
    month: str
    route_no: str
    reader: str | None
    org_unit: str
    service_point_no: str
    day: date
    ended: str | None
    status: str | None
    read_by: str | None
    fault: str | None
    serious: bool
    fix_days: int | None
    details: dict[str, Any]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """Return what is shown of a row."""
        return cls.model_validate(row | {"reader": row["reader"] or None})


class WrongReadOut(BaseModel):
    """A read that was corrected or annulled (错抄), whose error it was, and how soon it was fixed (当日处理)."""

    correction_id: str
    read_id: str
    kind: str
    service_point_no: str
    org_unit: str
    route_no: str
    day: date
    reader: str | None
    fault: Fault = Field(description="Of the reader, unless the meter was at fault, or no person had read it.")
    off_wh: int | None = Field(description="How far an energy register was off; null of what was annulled.")
    serious: bool
    reason: str
    found_on: date
    fixed_on: date
    fix_days: int | None = Field(
        description="Business days from found to fixed; 0: the same day. Null where a year has no calendar yet."
    )
    fixed_by: str

    @classmethod
    def of(cls, given: tuple[WrongRead, Row]) -> Self:
        """Return what is shown of a wrong read."""
        wrong, row = given
        names = (
            *("correction_id", "read_id", "kind", "service_point_no", "org_unit", "route_no", "day", "reader", "fault"),
            *("off_wh", "reason", "fixed_on", "fixed_by"),
        )
        plain = {name: getattr(wrong, name) for name in names}
        return cls(**plain, serious=row.serious, fix_days=row.fix_days, found_on=row.details["found_on"])
