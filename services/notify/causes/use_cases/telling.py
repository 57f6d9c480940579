"""Facts become causes, of whatever kind, and causes notices; whose account is not known yet waits for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from services.notify.accounts import store as accounts
from services.notify.accounts.domain import Supply, account_on
from services.notify.causes.use_cases.enclosing import enclose
from services.notify.leaflets.domain import Leaflets
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.states import WAITS_FOR_ACCOUNT
from services.notify.notices.store import unaddressed
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies, civil_day
from services.notify.templates.domain import Kind, Kinds
from shared.db.engine import Tx


async def tell(tx: Tx, facts: Sequence[Any], policies: Policies, kind: Kind, leaflets: Leaflets) -> None:
    """Tell the contacts of each account once of what happened, in this kind of notice."""
    told = [(cause, fact) for fact in facts if (cause := kind.cause(fact)) is not None]
    causes: list[Cause] = [_on_its_day(cause, kind, policies) for cause, _ in told]
    if kind.bill is not None:
        causes = await enclose(tx, [(cause, kind.bill(fact)) for cause, fact in told], leaflets)
    if kind.supplied_on is not None:
        causes = await _of_whoever_is_supplied(tx, causes, {kind.name: kind})
    if causes:
        await queue_causes(tx, causes, policies)


def _on_its_day(cause: Cause, kind: Kind, policies: Policies) -> Cause:
    """Return a cause with the utility's civil day of what it tells, where its fact has but an instant; so its last day."""
    if kind.happened is None:
        return cause
    day = civil_day(policies, datetime.fromisoformat(str(cause.figures[kind.happened])))
    figures = cause.figures
    if kind.tell_by is not None:
        last = date.fromisoformat(str(figures[kind.tell_by])) + (day - cause.day)
        figures = {**figures, kind.tell_by: last.isoformat()}
    return replace(cause, day=day, cycle=f"{day:%Y-%m}", figures=figures)


async def _of_whoever_is_supplied(tx: Tx, causes: Sequence[Cause], kinds: Kinds) -> list[Cause]:
    """Return the causes whose account is known; the others wait for it."""
    known, unknown = resolve(causes, await accounts.supplies(tx, [cause.service_point_no for cause in causes]), kinds)
    if unknown:
        points = [cause.service_point_no for cause in unknown]
        await accounts.lock_anchors(tx, map(accounts.service_point_anchor, points))
        late, unknown = resolve(unknown, await accounts.supplies(tx, points), kinds)
        known += late
    if unknown:
        await unaddressed.set_aside(tx, list({cause.id: cause for cause in unknown}.values()), WAITS_FOR_ACCOUNT)
    return known


def resolve(
    causes: Sequence[Cause], found: Mapping[str, list[Supply]], kinds: Kinds
) -> tuple[list[Cause], list[Cause]]:
    """Give each cause of a service point the account that is supplied there on the day that its kind names."""
    known, unknown = [], []
    for cause in causes:
        day = date.fromisoformat(str(cause.figures[kinds[cause.template].supplied_on or ""]))
        supply = account_on(found.get(cause.service_point_no, []), day)
        if supply is None:
            unknown.append(cause)
        else:
            figures = {**cause.figures, "account_no": supply.account_no}
            known.append(replace(cause, account_no=supply.account_no, org_unit=supply.org_unit, figures=figures))
    return known, unknown
