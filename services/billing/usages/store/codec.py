"""Usages between facts, rows and the domain."""

from datetime import date, datetime
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.usages.domain import PackedCurve, Usage
from shared.events.reading import UsageMeasured

IMPORT = "import"
NATURAL_KEY = ("service_point_no", "period_from", "period_to", "version")
COLUMNS = (*NATURAL_KEY, "usage_id", "org_unit", "route_no", "cycle", "read_date", "months", "late", "withdrawn")
"""What a row says in columns of their own; the rest is its payload."""
_METER_FIELDS = (
    *("meter_no", "installed_on", "from_on", "to_on"),
    *("multiplier", "multiplier_denominator", "shown", "turns"),
)
_METER_VALUES = attrgetter(*_METER_FIELDS)
_CURVE_FIELDS = ("quantity", "start", "minutes", "values")


def from_fact(fact: UsageMeasured) -> Usage:
    """Return the usage that a fact tells of."""
    return Usage(
        usage_id=fact.usage_id,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        route_no=fact.route_no,
        cycle=fact.cycle,
        read_date=fact.read_date,
        period_from=fact.period_from,
        period_to=fact.period_to,
        version=fact.version,
        energy=fact.energy_wh,
        import_wh=fact.energy_wh.get(IMPORT, 0),
        demand=fact.demand_w,
        curves=[PackedCurve(c.quantity, c.start, c.minutes, c.values) for c in fact.curves] if fact.curves else (),
        months=fact.months,
        told_on=fact.told_on,
        cycle_from=fact.cycle_from,
        withdrawn=fact.withdrawn,
        estimated=fact.quality == "estimated",
        estimates_in_a_row=fact.estimates_in_a_row,
        settles_estimate=fact.settles_estimate,
        meters=len(fact.meter_nos),
        installed_on=[span.installed_on for span in fact.registers],
        replaces_reason=fact.replaces_reason or "",
        findings=fact.findings,
        actors=fact.actors,
    )


def payload(fact: UsageMeasured) -> str:
    """Return what a usage says beside its columns, as it is stored: the same usage always makes the same text."""
    content = {
        "energy": fact.energy_wh,
        "quality": fact.quality,
        "in_a_row": fact.estimates_in_a_row,
        "settles": fact.settles_estimate,
        "cycle_from": fact.cycle_from,
        "replaces": fact.replaces_reason,
        "told_on": fact.told_on,
        "estimate_reason": fact.estimate_reason,
        "meters": fact.meter_nos,
        "reads": fact.read_ids,
        "actors": fact.actors,
        "findings": fact.findings,
        "demand": fact.demand_w,
        "registers": tuple(map(_METER_VALUES, fact.registers)),
        "curves": [(c.quantity, c.start, c.minutes, c.values) for c in fact.curves] if fact.curves else (),
    }
    return orjson.dumps({name: value for name, value in content.items() if value}).decode()


def fact_of(row: Row[Any]) -> UsageMeasured:
    """Return a usage as it was heard, but for how it was estimated, which is not kept."""
    content = orjson.loads(row.payload)
    return UsageMeasured(
        fact_id=row.usage_id,
        **{name: getattr(row, name) for name in COLUMNS},
        energy_wh=content.get("energy", {}),
        quality=content["quality"],
        estimates_in_a_row=content.get("in_a_row", 0),
        settles_estimate=content.get("settles", False),
        cycle_from=content.get("cycle_from"),
        replaces_reason=content.get("replaces"),
        told_on=content.get("told_on"),
        estimate_reason=content.get("estimate_reason"),
        meter_nos=content.get("meters", ()),
        read_ids=content.get("reads", ()),
        actors=content.get("actors", ()),
        findings=content.get("findings", ()),
        demand_w=content.get("demand", {}),
        registers=[dict(zip(_METER_FIELDS, span, strict=True)) for span in content.get("registers", ())],
        curves=[dict(zip(_CURVE_FIELDS, curve, strict=True)) for curve in content.get("curves", ())],
    )


def usage_of(row: Row[Any]) -> Usage:
    """Build a usage from its row."""
    content = orjson.loads(row.payload)
    return Usage(
        usage_id=row.usage_id,
        service_point_no=row.service_point_no,
        org_unit=row.org_unit,
        route_no=row.route_no,
        cycle=row.cycle,
        read_date=row.read_date,
        period_from=row.period_from,
        period_to=row.period_to,
        version=row.version,
        energy=content.get("energy", {}),
        import_wh=row.import_wh,
        demand=content.get("demand", {}),
        curves=[PackedCurve(q, datetime.fromisoformat(at), n, v) for q, at, n, v in content.get("curves", ())],
        months=row.months,
        told_on=date.fromisoformat(content["told_on"]) if "told_on" in content else None,
        cycle_from=date.fromisoformat(text) if (text := content.get("cycle_from")) else None,
        withdrawn=row.withdrawn,
        estimated=row.estimated,
        estimates_in_a_row=content.get("in_a_row", 0),
        settles_estimate=content.get("settles", False),
        meters=len(content.get("meters", ())),
        installed_on=[date.fromisoformat(span[1]) for span in content.get("registers", ())],
        replaces_reason=content.get("replaces", ""),
        findings=content.get("findings", ()),
        actors=content.get("actors", ()),
    )
