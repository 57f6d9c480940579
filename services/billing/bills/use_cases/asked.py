"""What is to be calculated for a contract, and how it is found for the days of bills that are looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.bills import EFFECTIVE
from services.billing.bills.store import bills as bills_store
from services.billing.contracts.domain import Terms
from services.billing.contracts.store import contracts as contracts_store
from services.billing.usages.domain import Usage
from services.billing.usages.store import usages as usages_store
from shared.db.engine import View

Period = tuple[date, date]


@dataclass(slots=True, kw_only=True)
class Asked:
    """What is to be calculated for one contract.

    `fresh`: new usages by period. `out`: bills that are taken out, their periods by id; one that was taken out before leaves its
    period here, so that later bills begin where it began. `overtaken`: proposals that are none any more, as (id, version of the
    row). `reason`: why, for a correction whose usages do not say it. `again`: first day of the bills that are calculated again
    for changed facts, `cause` the finding that tells of the change. `approved`: somebody has seen what the findings say.
    `decided`: somebody has decided that the facts as they stand are what is billed; `by_two`: with a second person. `day`: the
    business date of that decision.
    """

    terms: Terms
    fresh: dict[Period, Usage] = field(default_factory=dict)
    out: dict[str, Period] = field(default_factory=dict)
    overtaken: list[tuple[str, int]] = field(default_factory=list)
    reason: str = ""
    again: date | None = None
    cause: str = ""
    approved: bool = False
    decided: bool = False
    by_two: bool = False
    day: date | None = None

    @property
    def start(self) -> date | None:
        """Return the first day that is calculated; None where nothing is."""
        days = [from_ for from_, _ in [*self.fresh, *self.out.values()]]
        return min([*days, self.again] if self.again else days, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDays:
    """What is to be calculated on the days of some bills, by contract, and the usages there that no contract covers."""

    requests: dict[str, Asked]
    loose: list[Usage]


async def on_days(view: View, rows: Sequence[Row[Any]], *, of_any_contract: bool, lock: bool = True) -> OnDays:
    """Ask for the usages that are in force on the days of bills, in place of the bills in force there that rest on others.

    Whose days they are now, may be another contract's (`of_any_contract`): then the bills whose usage their own contract does not
    cover any more are taken out too. Otherwise these stay, they await the cut of their usage. The accounts are locked, but by who
    only reads.
    """
    days = [(row.service_point_no, row.period_from, row.period_to) for row in rows]
    usages = await usages_store.standing(view, days)
    periods = [(usage.service_point_no, usage.period_from, usage.period_to) for usage in usages]
    numbers = () if of_any_contract else [_contract_no(usage, rows) for usage in usages]
    own = await contracts_store.terms_by_number(view, [row.contract_no for row in rows], lock=lock)
    terms = await contracts_store.terms_of(view, periods, numbers, lock=lock)
    requests = {no: Asked(terms=term) for no, term in own.items()}
    for i, term in terms.items():
        fresh = requests.setdefault(term.contract_no, Asked(terms=term)).fresh
        fresh[usages[i].period_from, usages[i].period_to] = usages[i]
    in_force = set() if of_any_contract else {usage.usage_id for usage in usages}
    for bill in await bills_store.sharing_days(view, days):
        request, period = requests.get(bill.contract_no), (bill.period_from, bill.period_to)
        if request and bill.status in EFFECTIVE and bill.usage_id not in in_force and period not in request.fresh:
            request.out[bill.bill_id] = period
    return OnDays(requests=requests, loose=[usage for i, usage in enumerate(usages) if i not in terms])


def _contract_no(usage: Usage, rows: Sequence[Row[Any]]) -> str:
    here = (row for row in rows if row.service_point_no == usage.service_point_no)
    return str(next(row.contract_no for row in here if usage.shares_a_day(row.period_from, row.period_to)))
