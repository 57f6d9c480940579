"""The table of trial runs."""

from datetime import date, datetime

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class TrialRun(base.Base, table=True):
    """A trial run: whose bills are tried under what, how far it is, and its report, the only thing that it writes.

    `proposals`: content hashes of proposed rating documents, a JSON list; `policy`: a policy document, empty where the one in
    force holds. `as_if_from`: the day on which proposed tariff versions begin that begin later; `applied`: what is tried from
    when to when and the bills that it touches, a JSON list, empty until it runs. `after_contract`: the last contract that is in
    the report. `rests_on`: the hash of what it rests on. `leased_until`: until when other replicas leave it to the one that works
    on it, `leased_by`. `failures`: in a row.
    """

    __tablename__ = "trial_run"
    __table_args__ = (
        Index(
            "trial_run_under_way",
            "trial_id",
            postgresql_where=text("status IN ('waiting', 'running')"),
            sqlite_where=text("status IN ('waiting', 'running')"),
        ),
    )
    trial_id: str = Field(sa_column=columns.key())
    org_unit: str = base.path()
    route_no: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    cycle_from: str = base.no()
    cycle_to: str = base.no()
    proposals: str = base.long_text()
    policy: str = base.long_text()
    as_if_from: date | None = base.day(nullable=True)
    applied: str = base.long_text()
    reason: str = base.long_text()
    requested_by: str = base.no()
    asked_at: datetime = base.instant()
    status: str = base.no()
    why: str = base.no()
    rests_on: str = base.no()
    contracts: int
    contracts_done: int
    after_contract: str = base.no()
    report: str = base.long_text()
    failures: int
    leased_by: str = base.no()
    leased_until: datetime | None = base.instant(nullable=True)
    finished_at: datetime | None = base.instant(nullable=True)
    version: int


TRIAL_RUN = table(TrialRun)
IS_UNDER_WAY = text("trial_run.status IN ('waiting', 'running')")
"""The condition of the partial index, its values in the text of the statement: else SQLite cannot tell that it has the rows."""
