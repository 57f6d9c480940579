"""Whether meters may be installed: what is recorded of them in stock is held against the rules of the day."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.reading.network.domain.refusal import Refused
from services.reading.policies.domain import Policies
from services.reading.stock.domain.facts import TEXTS, FitRules, History, unfit
from services.reading.stock.use_cases import living
from shared.db.engine import View

Wanted = tuple[str, date, date | None]
"""A meter over [installed_on, removed_on)."""


async def refusals(view: View, wanted: Sequence[Wanted], *, policies: Policies) -> Mapping[tuple[str, date], Refused]:
    """Return what speaks against installations, by meter and first day. Three statements, none for nothing."""
    if not wanted:
        return {}
    facts = await living.known(view, sorted({meter_no for meter_no, _, _ in wanted}))
    found = {}
    for meter_no, installed_on, removed_on in wanted:
        rules = policies.on_or_first(installed_on).stock
        history = History(
            receipt=facts.receipts.get(meter_no),
            movements=[each.movement for each in facts.movements.get(meter_no, ()) if each.fits],
            tests=facts.tests.get(meter_no, ()),
        )
        needs = FitRules(tested_before_use=rules.tested_before_use, refuse_expired=rules.refuse_expired)
        code = unfit(history, installed_on, removed_on, needs)
        if code is not None:
            found[meter_no, installed_on] = Refused(code, TEXTS[code])
    return found
