"""The tables of unused supply and of closings, and of what others have told of them."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Column, Date, Index, Text, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table

_UNDER_WAY = text("state NOT IN ('closed', 'withdrawn')")
_OPEN = text("state = 'open'")


def _maybe(kind: Any = columns.No) -> Any:
    return Field(default=None, sa_column=Column(kind, nullable=True))


class UnusedSupply(base.Base, table=True):
    """The work list of supply that nobody uses, one row a contract: as the self-check found it last, and what was said of it."""

    __tablename__ = "unused_supply"
    __table_args__ = (Index("unused_supply_state", "state", "take_up_by"), Index("unused_supply_account", "account_no"))

    contract_no: str = Field(sa_column=columns.key())
    account_no: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    since: date = base.day()
    until: date = base.day()
    months: int
    found_on: date = base.day()
    take_up_by: date | None = base.day(nullable=True)
    state: str = base.no()
    why: str = base.no()
    explained_until: date | None = base.day(nullable=True)
    explained_by: str | None = _maybe()
    explanation: str = base.long_text()
    closing_no: str | None = _maybe()
    withdrawn_on: date | None = base.day(nullable=True)


class Closing(base.Base, table=True):
    """A closing (销户) of a contract: never two under way for one, and by three people: proposed, checked, approved."""

    __tablename__ = "closing"
    __table_args__ = (
        Index("closing_under_way", "contract_no", unique=True, postgresql_where=_UNDER_WAY, sqlite_where=_UNDER_WAY),
        Index("closing_account", "account_no"),
        Index("closing_service_point", "service_point_no"),
        Index("closing_state", "state", "due_on"),
        CheckConstraint("checked_by <> proposed_by", name="closing_checked_by_another"),
        CheckConstraint("approved_by <> proposed_by AND approved_by <> checked_by", name="closing_approved_by_a_third"),
        CheckConstraint("approved_by <> requested_by", name="closing_approved_by_two"),
    )

    closing_no: str = Field(sa_column=columns.key())
    account_no: str = base.no()
    contract_no: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    since: date = base.day()
    state: str = base.no()
    version: int
    proposed_on: date = base.day()
    proposed_by: str = base.no()
    explanation: str = base.long_text()
    check_order_no: str = base.no()
    due_on: date | None = base.day(nullable=True)
    waits_for: str = base.no()
    checked_by: str | None = _maybe()
    check_result: str | None = _maybe()
    announced_on: date | None = base.day(nullable=True)
    objection_until: date | None = base.day(nullable=True)
    told_on: date | None = base.day(nullable=True)
    told_way: str | None = _maybe()
    told_by: str | None = _maybe()
    told_explanation: str | None = _maybe(Text)
    approved_on: date | None = base.day(nullable=True)
    requested_by: str | None = _maybe()
    approved_by: str | None = _maybe()
    read_order_no: str | None = _maybe()
    ends_on: date | None = base.day(nullable=True)
    billed_on: date | None = base.day(nullable=True)
    bill_id: str | None = _maybe()
    final_fen: int | None = base.amount(nullable=True)
    ends_account: bool | None = Field(default=None)
    settled_on: date | None = base.day(nullable=True)
    paid_out_fen: int | None = base.amount(nullable=True)
    kept_fen: int | None = base.amount(nullable=True)
    closed_on: date | None = base.day(nullable=True)
    code: str | None = _maybe()
    ended_by: str | None = _maybe()


class ClosingNotice(base.Base, table=True):
    """What became of the notices and of the question of an announcement, under their own numbers, whichever came first."""

    __tablename__ = "closing_notice"
    __table_args__ = (Index("closing_notice_closing", "closing_no"),)

    notice_id: str = Field(sa_column=columns.key())
    closing_no: str = base.no()
    outcome: str = base.no()
    code: str = base.no()
    on: date | None = base.day(nullable=True)


class ClosingAnswer(base.Base, table=True):
    """What a customer has answered to an announcement: whatever was said first, an objection is one."""

    __tablename__ = "closing_answer"

    closing_no: str = Field(sa_column=columns.key())
    answer: str = Field(sa_column=columns.key())
    answered_on: date = Field(sa_column=Column(Date, primary_key=True))
    way: str = base.no()
    recorded_by: str | None = _maybe()


class ClosingSettlement(base.Base, table=True):
    """What collection has done with the money of an account that was closed."""

    __tablename__ = "closing_settlement"

    closing_no: str = Field(sa_column=columns.key())
    settled_on: date = base.day()
    paid_out_fen: int = base.amount()
    kept_fen: int = base.amount()


class ClosingFinding(base.Base, table=True):
    """What came of a closing too late to be a step of it, one row a code, and what a person has said of it."""

    __tablename__ = "closing_finding"
    __table_args__ = (Index("closing_finding_open", "closing_no", "code", postgresql_where=_OPEN, sqlite_where=_OPEN),)

    closing_no: str = Field(sa_column=columns.key())
    code: str = Field(sa_column=columns.key())
    what: str = base.long_text()
    account_no: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    found_on: date = base.day()
    due_on: date | None = base.day(nullable=True)
    state: str = base.no()
    explained_by: str | None = _maybe()
    explanation: str = base.long_text()


class MeterBack(base.Base, table=True):
    """A movement by which a meter that was removed from a service point came back into stock, as reading told it last."""

    __tablename__ = "closing_meter"
    __table_args__ = (Index("closing_meter_point", "service_point_no"),)

    movement_no: str = Field(sa_column=columns.key())
    version: int
    service_point_no: str = base.no()
    meter_no: str = base.no()
    taken_back_on: date = base.day()
    withdrawn: bool


UNUSED_SUPPLY, CLOSING, CLOSING_FINDING = table(UnusedSupply), table(Closing), table(ClosingFinding)
NOTICE, ANSWER, SETTLEMENT, METER_BACK = (
    table(ClosingNotice),
    table(ClosingAnswer),
    table(ClosingSettlement),
    table(MeterBack),
)
