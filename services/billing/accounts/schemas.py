"""Accounts as they are asked for and shown. Energy is an integer of Wh."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.billing.base import PATH, PATH_MAX
from services.billing.contracts import domain as accounts
from services.billing.contracts.domain import CHANGES_MAX
from services.billing.rating.rating_types import Equipment
from shared.events.fact import MAX_CODE
from shared.fields import Day
from shared.web.batch import Code, In, No

ACCOUNTS_MAX = 1000  # one unit of work of about a second
USED_WH_MAX = 10**12  # a thousand GWh in one tier of a home's ladder is a slip of the unit
PEOPLE_MAX = 1000
REASON_MAX = 1000
VA_MAX = 10**13  # ten gigavolt-amperes
EQUIPMENT_MAX = 64
VALUES_MAX = 32
SUB_METERS_MAX = 64
OrgUnit = Annotated[str, Field(min_length=1, max_length=PATH_MAX, pattern=PATH, examples=["zj/hangzhou/xihu"])]
TariffId = Annotated[str, Field(min_length=1, max_length=PATH_MAX, pattern=PATH, examples=["CN-ZJ/residential"])]
Wh = Annotated[int, Field(ge=0, le=USED_WH_MAX)]
Decimal = Annotated[str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,12})?$", examples=["0.015"])]


class EquipmentIn(In):
    """A transformer or motor that counts towards capacity (变压器), in its state from this day on."""

    name: Code = Field(examples=["T1"])
    capacity_va: int = Field(ge=0, le=VA_MAX)
    state: Code = Field("running", description="`running`, or a state that the capacity charge of the tariff names")


class AccountTermsIn(In):
    """What the account is from a day on, until the next terms."""

    from_: Day = Field(alias="from")
    customer_class: Code = Field(examples=["residential"])
    people: int = Field(0, ge=0, le=PEOPLE_MAX, description="people of the household (户籍人口); 0: not known")
    households: int = Field(1, ge=1, le=PEOPLE_MAX, description="households behind one meter")
    option: str = Field(
        "", max_length=MAX_CODE, description="what the customer chose, as the tariff names it; none by default"
    )
    capacity_va: int | None = Field(
        None, ge=0, le=VA_MAX, description="capacity (受电容量), where no equipment is listed"
    )
    contract_demand_w: int | None = Field(None, ge=0, le=VA_MAX, description="contract demand (合同最大需量)")
    equipment: list[EquipmentIn] = Field([], max_length=EQUIPMENT_MAX)
    values: dict[Code, Decimal] = Field(
        {},
        max_length=VALUES_MAX,
        description="figures that the tariff names: losses, fixed kWh, shares, power factor standard, free kWh a month",
    )
    exempt: list[Code] = Field([], max_length=VALUES_MAX, description="exemptions that charges of the tariff name")

    def terms(self) -> accounts.AccountTerms:
        return accounts.AccountTerms(
            from_=self.from_,
            customer_class=self.customer_class,
            people=self.people,
            households=self.households,
            option=self.option,
            capacity_va=self.capacity_va,
            contract_demand_w=self.contract_demand_w,
            equipment=tuple(Equipment(one.name, one.capacity_va, one.state) for one in self.equipment),
            values=tuple(sorted(self.values.items())),
            exempt=tuple(sorted(set(self.exempt))),
        )

    @classmethod
    def of(cls, terms: accounts.AccountTerms) -> "AccountTermsIn":
        return cls(
            from_=terms.from_,
            customer_class=terms.customer_class,
            people=terms.people,
            households=terms.households,
            option=terms.option,
            capacity_va=terms.capacity_va,
            contract_demand_w=terms.contract_demand_w,
            equipment=[
                EquipmentIn(name=one.name, capacity_va=one.capacity_va, state=one.state) for one in terms.equipment
            ],
            values=dict(terms.values),
            exempt=list(terms.exempt),
        )


class AssignmentIn(In):
    from_: Day = Field(alias="from")
    tariff: TariffId


class PaymentModeIn(In):
    """How the contract is paid from this day on, until the next payment mode."""

    from_: Day = Field(alias="from")
    mode: accounts.PaymentMode


class OpeningUsageIn(In):
    """What each tier of a ladder had used in a year when the contract opened or went live; zeros for a new home."""

    ladder: Code = Field(examples=["year"])
    year: int = Field(ge=2000, le=2200)
    used_wh: list[Wh] = Field(min_length=1, max_length=10)


class SubMeterIn(In):
    """A service point behind the main meter (套表) whose usage is taken off the main meter's (套扣)."""

    service_point_no: No
    quantity: Code = Field(
        examples=["sub"], description="the name under which the tariff takes it off, `rest_of … without`"
    )
    from_: Day = Field(alias="from")
    to: Day | None = Field(None, description="first day on which it is not taken off any more")


class ContractIn(In):
    contract_no: No
    service_point_no: No
    from_: Day = Field(alias="from")
    to: Day | None = Field(None, description="first day no longer supplied")
    tariffs: list[AssignmentIn] = Field(min_length=1, max_length=CHANGES_MAX)
    opening_usage: list[OpeningUsageIn] = Field([], max_length=10)
    cycle_months: Literal[1, 2] = 1
    curve_minutes: accounts.CurveMinutes | None = Field(
        None, description="slots of the load curve that its bills need; none: registers are enough"
    )
    payment_modes: list[PaymentModeIn] = Field(
        [], max_length=CHANGES_MAX, description="dated; postpaid before the first and without any"
    )
    sub_meters: list[SubMeterIn] = Field([], max_length=SUB_METERS_MAX)
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
    opened_on: Day
    closed_on: Day | None = None
    facts: list[AccountTermsIn] = Field(min_length=1, max_length=CHANGES_MAX)
    contracts: list[ContractIn] = Field([], max_length=CHANGES_MAX)
    customer_no: No | None = Field(None, description="the customer (客户编号): an opaque number, nothing personal")

    def account(self, account_no: str) -> accounts.Account:
        return accounts.Account(
            account_no=account_no,
            org_unit=self.org_unit.strip("/"),
            opened_on=self.opened_on,
            closed_on=self.closed_on,
            facts=tuple(facts.terms() for facts in self.facts),
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
                    payment_modes=tuple(accounts.Payment(one.from_, one.mode) for one in c.payment_modes),
                    sub_meters=tuple(
                        accounts.SubMeter(one.service_point_no, one.quantity, one.from_, one.to) for one in c.sub_meters
                    ),
                )
                for c in self.contracts
            ),
            customer_no=self.customer_no or "",
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
            facts=[AccountTermsIn.of(terms) for terms in account.facts],
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
                    payment_modes=[PaymentModeIn(from_=one.from_, mode=one.mode) for one in c.payment_modes],
                    sub_meters=[
                        SubMeterIn.model_validate(
                            {
                                "service_point_no": one.service_point_no,
                                "quantity": one.quantity,
                                "from": one.from_,
                                "to": one.to,
                            }
                        )
                        for one in c.sub_meters
                    ],
                )
                for c in account.contracts
            ],
            customer_no=account.customer_no or None,
        )


class AccountHead(BaseModel):
    account_no: str
    org_unit: str
    version: int


class WaitingContract(BaseModel):
    """A contract that names points which reading has not told of yet, or that named some which are another bureau's."""

    contract_no: str
    account_no: str
    org_unit: str
    service_point_nos: list[str]
    status: Literal["waiting", "refused"]
    code: str | None
