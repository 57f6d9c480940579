"""Requests and answers of billing. Money is an integer of fen, energy an integer of Wh, prices are decimals in text."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.billing.domain import accounts
from services.billing.domain.accounts import FACTS_MAX
from shared.events.fact import MAX_CODE, MAX_NO

ACCOUNTS_MAX = 1000  # one unit of work of about a second
PATH_MAX = 160
REASON_MAX = 1000
USED_WH_MAX = 10**12  # a thousand GWh in one tier of a home's ladder is a slip of the unit
PEOPLE_MAX = 1000
PATH = r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"

No = Annotated[str, Field(min_length=1, max_length=MAX_NO)]
Code = Annotated[str, Field(min_length=1, max_length=MAX_CODE)]
OrgUnit = Annotated[str, Field(min_length=1, max_length=PATH_MAX, pattern=PATH, examples=["zj/hangzhou/xihu"])]
TariffId = Annotated[str, Field(min_length=1, max_length=PATH_MAX, pattern=PATH, examples=["CN-ZJ/residential"])]
Wh = Annotated[int, Field(ge=0, le=USED_WH_MAX)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class FactIn(In):
    """What holds from a day on, until the next fact."""

    from_: date = Field(alias="from")
    customer_class: Code = Field(examples=["residential"])
    people: int = Field(0, ge=0, le=PEOPLE_MAX, description="people of the household (户籍人口); 0: not known")
    households: int = Field(1, ge=1, le=PEOPLE_MAX, description="households behind one meter")


class AssignmentIn(In):
    from_: date = Field(alias="from")
    tariff: TariffId


class OpeningUsageIn(In):
    """What each tier of a ladder had used in a year when the contract opened or went live; zeros for a new home."""

    ladder: Code = Field(examples=["year"])
    year: int = Field(ge=2000, le=2200)
    used_wh: list[Wh] = Field(min_length=1, max_length=10)


class ContractIn(In):
    contract_no: No
    service_point_no: No
    from_: date = Field(alias="from")
    to: date | None = Field(None, description="first day no longer supplied")
    tariffs: list[AssignmentIn] = Field(min_length=1, max_length=FACTS_MAX)
    opening_usage: list[OpeningUsageIn] = Field([], max_length=10)
    cycle_months: Literal[1, 2] = 1

    def state(self) -> dict[str, Any] | None:
        if not self.opening_usage:
            return None
        return {"ladders": {o.ladder: {"year": o.year, "used_wh": o.used_wh} for o in self.opening_usage}}


class AccountState(In):
    """The whole state of an account; a PUT replaces all of it."""

    org_unit: OrgUnit
    opened_on: date
    closed_on: date | None = None
    facts: list[FactIn] = Field(min_length=1, max_length=FACTS_MAX)
    contracts: list[ContractIn] = Field([], max_length=FACTS_MAX)

    def account(self, account_no: str) -> accounts.Account:
        return accounts.Account(
            account_no=account_no,
            org_unit=self.org_unit.strip("/"),
            opened_on=self.opened_on,
            closed_on=self.closed_on,
            facts=tuple(accounts.DatedFact(f.from_, f.customer_class, f.people, f.households) for f in self.facts),
            contracts=tuple(
                accounts.Contract(
                    contract_no=c.contract_no,
                    service_point_no=c.service_point_no,
                    from_=c.from_,
                    to=c.to,
                    assignments=tuple(accounts.Assignment(a.from_, a.tariff) for a in c.tariffs),
                    opening=c.state(),
                    cycle_months=c.cycle_months,
                )
                for c in self.contracts
            ),
        )


class AccountItem(AccountState):
    account_no: No


class AccountsIn(In):
    items: list[AccountItem] = Field(min_length=1, max_length=ACCOUNTS_MAX)


class OutcomeOut(BaseModel):
    index: int
    status: Literal["done", "already_done", "refused"]
    code: str = ""
    message: str = ""
    id: str | None = None


class OutcomesOut(BaseModel):
    outcomes: list[OutcomeOut]


class AccountOut(AccountItem):
    version: int

    @classmethod
    def of(cls, account: accounts.Account, version: int) -> "AccountOut":
        return cls(
            account_no=account.account_no,
            version=version,
            org_unit=account.org_unit,
            opened_on=account.opened_on,
            closed_on=account.closed_on,
            facts=[
                FactIn(from_=f.from_, customer_class=f.customer_class, people=f.people, households=f.households)
                for f in account.facts
            ],
            contracts=[
                ContractIn(
                    contract_no=c.contract_no,
                    service_point_no=c.service_point_no,
                    from_=c.from_,
                    to=c.to,
                    tariffs=[AssignmentIn(from_=a.from_, tariff=a.tariff) for a in c.assignments],
                    opening_usage=[
                        OpeningUsageIn(ladder=name, year=state["year"], used_wh=state["used_wh"])
                        for name, state in (c.opening or {}).get("ladders", {}).items()
                    ],
                    cycle_months=2 if c.cycle_months == 2 else 1,
                )
                for c in account.contracts
            ],
        )


class FindingOut(BaseModel):
    code: str
    severity: Literal["info", "warn", "hold"]
    values: dict[str, Any] = {}


class BillHead(BaseModel):
    bill_id: str
    account_no: str
    contract_no: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    status: str
    row_version: int = Field(description="the version that a decision names in If-Match")
    energy_wh: int
    total_fen: int
    estimated: bool
    by_difference: bool = Field(
        description="no document of its own: its figures went out as a difference to the version before"
    )
    issued_on: date | None
    due_on: date | None
    findings: list[FindingOut]


class LineOut(BaseModel):
    number: int
    charge: str
    title: str
    kind: str
    period: str | None
    tier: int | None
    quantity: str | None
    unit: str
    price: str | None
    exact: str = Field(description="yuan before rounding")
    amount_fen: int
    tariff: str
    tariff_version: str
    from_: date = Field(alias="from")
    to: date
    formula: str


class DecisionOut(BaseModel):
    decision_id: str
    decision: str
    decided_by: str
    explanation: str
    business_date: date
    decided_at: datetime


class OriginOut(BaseModel):
    service: str
    kind: str
    id: str


class BillOut(BillHead):
    lines: list[LineOut]
    components: dict[str, int]
    tax_fen: int | None
    quantities_wh: dict[str, int]
    tariffs: list[dict[str, str]]
    ladder_state: dict[str, Any] | None
    replaces: str | None
    replaced_by: str | None
    correction_id: str | None = Field(description="the correction that made this version")
    reversed_by: str | None = Field(description="the correction that reversed this version")
    adjusted_by: str | None = Field(description="the correction by difference that took this version out of force")
    difference_id: str | None = Field(description="the difference document that told of this version")
    decisions: list[DecisionOut]
    calculated_at: datetime
    derived_from: list[OriginOut]


class WaitingUsage(BaseModel):
    """A usage that no contract covers yet; it is billed by itself when one does."""

    usage_id: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    waiting_for: str
    received_at: datetime


class QueueItem(BillHead):
    held_at: datetime
    age_seconds: int
    read_by: list[str] = Field(description="who had a hand in the reads: none of them may decide")


class DecisionIn(In):
    decision: Literal["approve", "hold", "request_reread", "correct", "cancel"]
    explanation: str = Field("", max_length=REASON_MAX)
    business_date: date | None = Field(
        None, description="day of the decision; by default the latest that billing knows"
    )


class DecidedOut(BaseModel):
    bill_id: str = Field(description="the bill now in force for the period; another one where it was calculated again")
    status: str
    row_version: int


class RunOut(BaseModel):
    route_no: str
    cycle: str
    org_unit: str
    status: str
    stopped: bool = Field(description="the switch stops all releases")
    version: int
    closed_on: date | None
    issue_on: date | None
    usages: int | None
    sum_wh: int | None
    missed: int | None
    findings: list[FindingOut]
    closed_at: datetime | None
    releasing_at: datetime | None
    released_at: datetime | None
    bills: dict[str, int] = Field({}, description="bills of the run by status")


class ReleaseIn(In):
    explanation: str = Field("", max_length=REASON_MAX)
    business_date: date | None = Field(
        None, description="issue date; by default the latest business date, at least T+1"
    )


class SwitchIn(In):
    stopped: bool
    reason: str = Field(min_length=1, max_length=REASON_MAX)


class SwitchOut(SwitchIn):
    version: int
    reason: str = ""


class TariffOut(BaseModel):
    tariff_id: str
    version: str
    effective_from: date | None
    effective_to: date | None
    content_hash: str
    used: bool


class TariffDocumentOut(TariffOut):
    document: dict[str, Any]


class StoredOut(BaseModel):
    status: Literal["done", "already_done"]


class TouchedBill(BaseModel):
    bill_id: str
    account_no: str
    contract_no: str
    org_unit: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    total_fen: int
    issued_on: date | None
    tariffs: list[dict[str, str]] = Field(description="id, version and content hash of the documents that rated it")


class FaultOut(BaseModel):
    code: str
    pointer: str
    detail: str


class ValidOut(BaseModel):
    valid: bool
    sha256: str | None
    unconfirmed: list[str] = Field(
        description="JSON pointers of facts that no source gives: the tariff cannot bill yet"
    )
    hours_unconfirmed: bool
    errors: list[FaultOut]


class DifferenceOut(BaseModel):
    """A difference document (差额单): the bill in force less the one before it, which stands."""

    difference_id: str
    correction_id: str
    account_no: str
    org_unit: str
    cycle: str
    bill_id: str = Field(description="the bill that it adjusts")
    replacement_id: str | None = Field(description="the bill now in force; none where the bill was cancelled")
    issued_on: date
    due_on: date
    total_fen: int = Field(description="below zero: a credit")
    components: dict[str, int]


class LineDifferenceOut(BaseModel):
    charge: str
    title: str
    period: str | None
    tier: int | None
    before_fen: int
    now_fen: int
    difference_fen: int


class DifferenceDocumentOut(DifferenceOut):
    lines: list[LineDifferenceOut] = Field(description="what changed by charge, period and tier; they sum to the total")


class CorrectionOut(BaseModel):
    correction_id: str
    account_no: str
    contract_no: str
    reason: str
    style: Literal["reversal_and_new", "delta"]
    corrected_on: date
    reversed_fen: int = Field(description="sum of the bills taken out of force")
    replaced_fen: int = Field(description="sum of the bills in their place")
    reversals: list[str] = Field(description="bills taken out of force; in style `delta` they stand as documents")
    replacements: list[str]
    differences: list[DifferenceOut] = Field(description="one for each bill taken out of force, in style `delta`")
