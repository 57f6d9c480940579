"""A usage was estimated; who is supplied there may not be known yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from services.notify.accounts import store as accounts
from services.notify.accounts.domain import Supply, account_on
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.states import WAITS_FOR_ACCOUNT
from services.notify.notices.store import unaddressed
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies
from services.notify.templates.domain import Figures
from shared.db.engine import Tx
from shared.events.reading import EstimateMade


async def tell(tx: Tx, facts: Sequence[EstimateMade], policies: Policies) -> None:
    """Tell who is supplied at the service point that its usage was estimated; an unknown one waits for its account."""
    causes = [(_of_estimate(fact), fact.period_from) for fact in facts]
    found = await accounts.supplies(tx, [cause.service_point_no for cause, _ in causes])
    known, unknown = resolve(causes, found)
    if unknown:
        points = [cause.service_point_no for cause, _ in unknown]
        await accounts.lock_anchors(tx, map(accounts.service_point_anchor, points))
        late, unknown = resolve(unknown, await accounts.supplies(tx, points))
        known += late
    if unknown:
        still = list({cause.id: cause for cause, _ in unknown}.values())
        await unaddressed.set_aside(tx, still, WAITS_FOR_ACCOUNT)
    if known:
        await queue_causes(tx, known, policies)


def _of_estimate(fact: EstimateMade) -> Cause:
    figures: Figures = {
        "account_no": "",
        "service_point_no": fact.service_point_no,
        "cycle": fact.cycle,
        "period_from": fact.period_from.isoformat(),
        "period_to": fact.period_to.isoformat(),
        "energy_wh": fact.energy_wh,
        "reason": fact.reason,
    }
    return Cause(
        kind="usage",
        id=fact.usage_id,
        template="estimate_made",
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.cycle,
        day=fact.period_to,
        figures=figures,
    )


def resolve(
    causes: Sequence[tuple[Cause, date]], found: Mapping[str, list[Supply]]
) -> tuple[list[Cause], list[tuple[Cause, date]]]:
    """Give each cause of a service point the account supplied there on the first day of its period."""
    known, unknown = [], []
    for cause, day in causes:
        supply = account_on(found.get(cause.service_point_no, []), day)
        if supply is None:
            unknown.append((cause, day))
        else:
            figures = {**cause.figures, "account_no": supply.account_no}
            known.append(replace(cause, account_no=supply.account_no, org_unit=supply.org_unit, figures=figures))
    return known, unknown
