"""Bills as other services are told of them."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from services.billing.bills.store import written
from services.billing.bills.store.written import Writing
from services.billing.tariffs.domain import tariffs_used
from shared import natural
from shared.events import billing as events

NAMES_CACHED_MAX = 1024  # the versions of a national utility's tariffs that are in force
_AS_STORED = (
    *("bill_id", "account_no", "contract_no", "service_point_no", "org_unit", "route_no", "cycle", "period_from"),
    *("period_to", "version", "usage_id", "total_fen", "energy_wh", "estimated"),
)
COLUMNS = (*_AS_STORED, "components", "tariffs", "ladder_state", "restated_state", "ladder_limits")
"""What is needed of the head of a bill that goes out: by `as_issued`, and to tell which tier is near."""


@lru_cache(NAMES_CACHED_MAX)
def tariff_name(tariffs: str) -> str:
    """Return the tariff of a bill as `id@version`; of a bill in segments, the last one."""
    used = tariffs_used(tariffs)
    return f"{used[-1].tariff_id}@{used[-1].version}" if used else "-"


def as_issued(values: Mapping[Any, Any], issued_on: date, due_on: date) -> events.Bill:
    """Return a bill, from the columns of its head, as other services need it."""
    parts = orjson.loads(values["components"])
    return events.Bill(
        **{name: values[name] for name in _AS_STORED},
        issued_on=issued_on,
        due_on=due_on,
        components=tuple(events.Component(component=name, amount_fen=amount) for name, amount in parts),
        tariff=tariff_name(values["tariffs"]),
    )


def reread(values: Mapping[Any, Any], *, reason: str, requested_by: str, day: date) -> events.RereadRequested:
    """Return the request that the registers of a day end a period, from the columns of the head of the bill that needs them."""
    return events.RereadRequested(
        **{name: values[name] for name in ("account_no", "service_point_no", "org_unit", "bill_id", "cycle")},
        request_id=natural.key_id(day, "reread", values["bill_id"]),
        reason=reason,
        requested_by=requested_by,
        day=day,
    )


def values_of(writing: Writing) -> dict[str, Any]:
    """Return the columns of a head that is about to be stored, as `as_issued` needs them."""
    draft, usage, terms = writing.draft, writing.draft.usage, writing.draft.terms
    return {
        "bill_id": writing.bill_id,
        "account_no": terms.account_no,
        "contract_no": terms.contract_no,
        "service_point_no": usage.service_point_no,
        "org_unit": terms.org_unit,
        "route_no": usage.route_no,
        "cycle": usage.cycle,
        "period_from": usage.period_from,
        "period_to": usage.period_to,
        "version": draft.version,
        "usage_id": usage.usage_id,
        "total_fen": draft.total_fen,
        "energy_wh": usage.import_wh,
        "estimated": usage.estimated,
        "components": written.components_text(draft),
        "tariffs": written.tariffs_text(draft),
        "ladder_state": draft.state,
        "restated_state": None,
        "ladder_limits": written.limits_text(draft),
    }
