"""The order of the review queue (审核队列): by age, or by money at risk as reviewers have judged the rules until now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import Row

from services.billing.bills.store import shown
from services.billing.business_day import store as business_days
from services.billing.context import Context
from services.billing.review import store as review_store
from services.billing.review.domain import precision
from services.billing.review.domain.findings import HOLD, OF_NO_RULE, of_rules, of_text
from services.billing.review.domain.precision import NOBODY, Figures, Floor, Narrowed, Tallies
from shared.db.columns import Condition
from shared.db.engine import View
from shared.errors import BusinessError

Order = Literal["age", "risk"]
ORDERED_MAX: Final = 10_000


class TooManyToOrder(BusinessError):
    status = 422
    code = "review_queue.too_many_to_order"
    title = "More than 10,000 bills wait: narrow them by filters such as one route, or ask for the oldest first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the verdicts until an instant say of the rules, of the bills that a person sees, and what is expected of them."""

    until: datetime
    floor: Floor
    tallies: Tallies

    def of(self, code: str, customer_class: str, org_unit: str) -> Narrowed:
        """Return what is said of the rule of a finding, as narrow as verdicts reach: of bills of that class and org unit."""
        return Narrowed(NOBODY) if code in OF_NO_RULE else self.tallies.of(code, customer_class, org_unit)

    def at_risk_fen(self, row: Row[Any]) -> int:
        """Return the money at risk in a bill of the queue."""
        rules = of_rules(row.findings)
        holding = [found for found in of_text(row.findings) if found.severity == HOLD and found.code in rules]
        bill = Figures(
            total_fen=row.total_fen,
            energy_wh=row.energy_wh,
            bills_before=int(row.bills_before or 0),
            before_fen=int(row.before_fen or 0),
            before_wh=int(row.before_wh or 0),
        )
        tallies = {found.code: self.of(found.code, row.customer_class, row.org_unit).tally for found in holding}
        return precision.at_risk_fen(bill, holding, tallies, self.floor)

    def by_risk(
        self, rows: Sequence[Row[Any]], after: tuple[datetime, int, str] | None = None
    ) -> list[tuple[int, str]]:
        """Return the keys of the order by risk behind a cursor: less the money at risk, and the bill. Raises TooManyToOrder."""
        if len(rows) > ORDERED_MAX:
            raise TooManyToOrder
        keys = sorted((-self.at_risk_fen(row), str(row.bill_id)) for row in rows)
        return [key for key in keys if after is None or key > after[1:]]


async def judged(view: View, visible: Condition, until: datetime, context: Context) -> Judged:
    """Return what the verdicts until an instant say of the rules."""
    found = await review_store.tallies(view, visible, bills=shown.versions(), until=until)
    floor = await floor_of(view, context)
    return Judged(until=until, floor=floor, tallies=Tallies(found, floor))


async def floor_of(view: View, context: Context) -> Floor:
    """Return what is expected of rules: by the policy of the latest business date that billing has heard of."""
    return context.policies.on(await business_days.latest(view) or date.max).review.floor
