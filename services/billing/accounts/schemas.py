"""Accounts as they are asked for and shown. Energy is an integer of Wh."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.billing.base import PATH, PATH_MAX
from services.billing.contracts import domain as accounts
from services.billing.contracts.domain import CHANGES_MAX
from shared.web.batch import Code, In, No

ACCOUNTS_MAX = 1000  # one unit of work of about a second
USED_WH_MAX = 10**12  # a thousand GWh in one tier of a home's ladder is a slip of the unit
PEOPLE_MAX = 1000
REASON_MAX = 1000
OrgUnit = Annotated[str, Field(min_length=1, max_length=PATH_MAX, pattern=PATH, examples=["zj/hangzhou/xihu"])]
TariffId = Annotated[str, Field(min_length=1, max_length=PATH_MAX, pattern=PATH, examples=["CN-ZJ/residential"])]
Wh = Annotated[int, Field(ge=0, le=USED_WH_MAX)]


class AccountTermsIn(In):
    """What the account is from a day on, until the next terms."""

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
    tariffs: list[AssignmentIn] = Field(min_length=1, max_length=CHANGES_MAX)
    opening_usage: list[OpeningUsageIn] = Field([], max_length=10)
    cycle_months: Literal[1, 2] = 1
    curve_minutes: accounts.CurveMinutes | None = Field(
        None, description="slots of the load curve that its bills need; none: registers are enough"
    )
    annulled: bool = Field(False, description="it never was: it covers no day, and its bills are taken back")
    reason: str = Field(
        "", max_length=REASON_MAX, description="why it is annulled, or covers other days than was stated"
    )

    def state(self) -> dict[str, Any] | None:
        if not self.opening_usage:
            return None
        return {"ladders": {o.ladder: {"year": o.year, "used_wh": o.used_wh} for o in self.opening_usage}}


class AccountState(In):
    """The whole state of an account; a PUT replaces all of it."""

    org_unit: OrgUnit
    opened_on: date
    closed_on: date | None = None
    facts: list[AccountTermsIn] = Field(min_length=1, max_length=CHANGES_MAX)
    contracts: list[ContractIn] = Field([], max_length=CHANGES_MAX)

    def account(self, account_no: str) -> accounts.Account:
        return accounts.Account(
            account_no=account_no,
            org_unit=self.org_unit.strip("/"),
            opened_on=self.opened_on,
            closed_on=self.closed_on,
            facts=tuple(
                accounts.AccountTerms(
                    from_=f.from_, customer_class=f.customer_class, people=f.people, households=f.households
                )
                for f in self.facts
            ),
            contracts=tuple(
                accounts.Contract(
                    contract_no=c.contract_no,
                    service_point_no=c.service_point_no,
                    from_=c.from_,
                    to=c.to,
                    assignments=tuple(accounts.Assignment(a.from_, a.tariff) for a in c.tariffs),
                    opening=c.state(),
                    cycle_months=c.cycle_months,
                    annulled=c.annulled,
                    reason=c.reason.strip(),
                    curve_minutes=c.curve_minutes,
                )
                for c in self.contracts
            ),
        )


class AccountItem(AccountState):
    account_no: No


class AccountsIn(In):
    items: list[AccountItem] = Field(min_length=1, max_length=ACCOUNTS_MAX)


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
                AccountTermsIn(from_=f.from_, customer_class=f.customer_class, people=f.people, households=f.households)
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
                    annulled=c.annulled,
                    reason=c.reason,
                    curve_minutes=c.curve_minutes,
                )
                for c in account.contracts
            ],
        )


class AccountHead(BaseModel):
    account_no: str
    org_unit: str
    version: int
