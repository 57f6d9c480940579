"""The load curves of periods: where the contract states slots, a usage is told with them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

import orjson

from services.reading.network.domain.refusal import Refused
from services.reading.reads.domain import curve_alignment
from services.reading.reads.domain.curve_alignment import Aligned, Wanted
from services.reading.reads.domain.curves import Curve, CurveKey
from services.reading.reads.store import curves as store
from services.reading.usage.domain.timeline.line import Period, Timeline
from services.reading.usage.domain.usages import LoadCurve
from services.reading.usage.use_cases.knowing import Loaded, Loader
from services.reading.validation.domain.findings import Finding
from shared import packed
from shared.db.engine import View

QUANTITIES: Final = ("import", "export")
DEMAND: Final = "demand"
"""The highest demand of what is taken, where no register of the meter has it."""


async def add(view: View, lines: Sequence[tuple[Loaded, Timeline]], *, loader: Loader) -> None:
    """Add the load curves to the periods whose contract states slots: one statement, none where no contract does."""
    asked = [
        (each, line, at, wanted)
        for each, line in lines
        for at, period in enumerate(line.periods)
        if (wanted := _wanted(period))
    ]
    if not asked:
        return
    spans = [
        span
        for each, _, _, wanted in asked
        for one in wanted
        for span in curve_alignment.spans(each.world.installations, one.quantity, one.from_, one.to)
    ]
    curves = await store.of_meters(view, spans)

    def made() -> list[Period]:
        return [_with_curves(line.periods[at], wanted, each, curves, loader) for each, line, at, wanted in asked]

    periods = await asyncio.to_thread(made)  # some milliseconds each: meanwhile others are answered
    for (_, line, at, _), period in zip(asked, periods, strict=True):
        line.periods[at] = period


def told(quantity: str, curve: Aligned) -> LoadCurve:
    """Return an aligned curve as a usage carries it."""
    return LoadCurve(quantity=quantity, start=curve.start, minutes=curve.minutes, values=packed.pack(curve.values))


def _wanted(period: Period) -> list[Wanted]:
    minutes = period.contract.curve_minutes if period.contract else None
    if minutes is None:
        return []
    return [
        Wanted(quantity=quantity, from_=period.start_on, to=period.end.on, minutes=minutes, energy_wh=wh)
        for quantity in QUANTITIES
        if (wh := period.energy_wh.get(quantity)) is not None
    ]


def _with_curves(
    period: Period, wanted: Sequence[Wanted], each: Loaded, curves: Mapping[CurveKey, Curve], loader: Loader
) -> Period:
    """Return a period with the curves that agree with its registers; of the others it has the codes why not."""
    rules, zone = loader.policy_on(period.end.on).curves, loader.days.zone
    made: list[LoadCurve] = []
    found: list[Finding] = []
    contents: list[object] = []
    demand = dict(period.demand_w)
    for one in wanted:
        try:
            curve = curve_alignment.aligned(one, each.world.installations, curves, rules=rules, zone=zone)
        except Refused as refused:
            found.append(Finding(refused.code, {}))
            contents.append((one.quantity, refused.code))
            continue
        made.append(told(one.quantity, curve))
        contents.append((one.quantity, curve.start, curve.minutes, curve.values, curve.finding is None))
        if curve.finding is not None:
            found.append(curve.finding)
        if one.quantity == "import" and curve.demand is not None:
            demand.setdefault(DEMAND, curve.demand.watts)
    digest = sha256(orjson.dumps(contents)).hexdigest()
    return replace(period, curves=made, curves_digest=digest, curves_found=found, demand_w=demand)
