"""Asking for a trial run, and stopping it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import Row

from services.billing.context import Context
from services.billing.tariffs.store.documents import TARIFF
from services.billing.trials import store
from services.billing.trials.domain.report import Report
from services.billing.trials.domain.trial import CYCLES_MAX, LIFE, UNDER_WAY, WAITING, WAITING_MAX, Scope
from services.billing.trials.use_cases import reading, setting
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError

STOPS_ANY: Final = "billing:release"
"""The scope that stops a trial of somebody else: that of who lets bills go out."""


class TooManyWait(BusinessError):
    status = 409
    code = "trial.too_many_wait"
    title = f"{WAITING_MAX} trial runs wait or run already: they go one by one, each with all processors that trials may have"


class NotYours(BusinessError):
    status = 403
    code = "trial.not_yours"
    title = f"A trial run is stopped by who asked for it, or by who has {STOPS_ANY}"


class CyclesWrong(BusinessError):
    status = 422
    code = "trial.cycles_wrong"
    title = f"The cycles are reversed, or more than {CYCLES_MAX}"


class BeginsLater(BusinessError):
    status = 422
    code = "trial.begins_later"
    title = (
        "A proposal begins after all days of the bills that are tried: nothing would be another amount. Say `as_if_from` to try"
        " tariff versions as if they began on a day that is billed; a series, calendar or table needs figures of such days"
    )


class NothingBegins(BusinessError):
    status = 422
    code = "trial.nothing_begins"
    title = "`as_if_from` is a day on which proposed tariff versions begin, and none is proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to be tried: whose bills, under which proposed documents and policy; neither: the software alone."""

    scope: Scope
    proposals: Sequence[str]
    policy: Mapping[str, Any] | None
    as_if_from: date | None
    reason: str


async def ask(tx: Tx, wish: Wish, *, actor: str, context: Context) -> Row[Any]:
    """Store a trial to be run; raises CyclesWrong, NothingBegins, BeginsLater, TooManyWait, and what cannot be loaded."""
    if not 1 <= wish.scope.cycles <= CYCLES_MAX:
        raise CyclesWrong
    policy = "" if wish.policy is None else orjson.dumps(wish.policy).decode()
    hashes = list(dict.fromkeys(wish.proposals))
    wanted = setting.Wanted(proposals=hashes, policy=policy, as_if_from=wish.as_if_from)
    loaded = await setting.load(tx, wanted, context=context)
    if wish.as_if_from is not None and all(one.kind != TARIFF for one in loaded.proposed):
        raise NothingBegins
    if later := await reading.begin_later(tx, wish.scope, loaded):
        raise BeginsLater(", ".join(later))
    if await store.under_way(tx) >= WAITING_MAX:
        raise TooManyWait
    trial_id = ids.new()
    await store.insert(
        tx,
        {
            "trial_id": trial_id,
            "org_unit": wish.scope.org_unit,
            "route_no": wish.scope.route_no,
            "cycle_from": wish.scope.cycle_from,
            "cycle_to": wish.scope.cycle_to,
            "proposals": orjson.dumps(hashes).decode(),
            "policy": policy,
            "as_if_from": wish.as_if_from,
            "applied": "[]",
            "reason": wish.reason,
            "requested_by": actor,
            "asked_at": tx.now,
            "status": LIFE.start(WAITING),
            "why": "",
            "rests_on": "",
            "contracts": 0,
            "contracts_done": 0,
            "after_contract": "",
            "report": orjson.dumps(Report().as_json()).decode(),
            "failures": 0,
            "leased_by": "",
            "version": 1,
        },
    )
    tx.audit([_entry("trial_run.asked", trial_id, actor, wish.reason, 1)])
    tx.after_commit(context.trial_wanted.set)
    row = await store.get(tx, trial_id)
    assert row is not None
    return row


async def stop(tx: Tx, row: Row[Any], *, reason: str, actor: str, of_anybody: bool) -> None:
    """Stop a locked trial of one's own, or `of_anybody`; raises NotYours.

    What it has reported so far stays. One that is over stays as it is: there is nothing to stop.
    """
    if actor != row.requested_by and not of_anybody:
        raise NotYours
    if row.status not in UNDER_WAY:
        return
    await store.move(tx, row, "stop", finished_at=tx.now)
    tx.audit([_entry("trial_run.stopped", row.trial_id, actor, reason, row.version + 1)])


def _entry(action: str, trial_id: str, actor: str, reason: str, version: int) -> AuditEntry:
    return AuditEntry(
        action=action,
        entity_kind="trial_run",
        entity_id=trial_id,
        actor=actor,
        reason=reason,
        before_version=version - 1 or None,
        after_version=version,
    )
