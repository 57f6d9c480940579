"""What the registers of a meter may be expected to show on a day, by the rules of validation. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import CUMULATIVE, Counts, Register, Shown
from services.reading.policies.domain import Policy
from services.reading.usage.domain.timeline import steps
from services.reading.usage.domain.usages import Last, Usage
from services.reading.validation.domain import high, impossible, low, negative, rolled_over
from services.reading.validation.domain.findings import Finding
from services.reading.validation.domain.history import History, history_of

IMPORT = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The last registers of a meter that are known, cumulative, on their day, and the usage that new ones are compared with."""

    meter: Installation
    on: date
    counts: Counts
    history: History | None
    connection_kw: int | None

    @property
    def shown(self) -> dict[str, str]:
        """What the faces showed then."""
        return {
            register.quantity: register.shown(count) if register.kind == CUMULATIVE else register.text(count)
            for register, count in zip(self.meter.registers, self.counts, strict=True)
        }


def basis(
    meter: Installation, known: Last | Usage | None, last: Last | Usage | None, connection_kw: int | None
) -> Basis:
    """Return the basis of a meter. `known`: the last usage of its point with known registers at its end; `last`: the last of all.

    A meter that came since then goes on from its opening registers.
    """
    mine = known is not None and (known.closing_meter, known.closing_installed_on) == meter.key
    if known is not None and mine:
        on, counts = known.period_to, known.closing_counts
    else:
        on, counts = meter.from_, steps.opening(meter.registers, meter.opening)
    history = history_of(last.energy_wh, last.days) if last else None
    return Basis(meter=meter, on=on, counts=counts, history=history, connection_kw=connection_kw)


def findings(found: Basis, shown: Shown, day: date, policy: Policy) -> list[Finding]:
    """Return what validation would find if the meter showed this on a day."""
    registers, days = found.meter.registers, (day - found.on).days
    after = [
        steps.advance(
            (register,),
            (before,),
            (face,),
            days=days,
            daily_kwh_max=policy.register_daily_kwh_max,
            connection_kw=found.connection_kw,
        )
        for register, before, face in zip(registers, found.counts, shown, strict=True)
    ]
    bad = [i for i, counts in enumerate(after) if counts is None]
    if bad:
        backward = [i for i in bad if _runs_backward(registers[i], found.counts[i], shown[i])]
        return _there(negative.find(len(backward), days) or impossible.find(len(bad), days))
    counts = tuple(one[0] for one in after if one is not None)
    return _there(
        rolled_over.find(steps.turned(registers, found.counts, counts), days),
        *(
            rule(_energy(register, low_, high_), days, found.history, limit)
            for register, low_, high_ in zip(registers, found.counts, counts, strict=True)
            if register.quantity == IMPORT
            for rule, limit in ((high.find, policy.high), (low.find, policy.low))
        ),
    )


def expected(found: Basis, day: date, policy: Policy) -> Mapping[str, tuple[str, str]]:
    """Return, for the import register, the faces between which no rule finds a deviation; nothing without a usage before."""
    history, days = found.history, (day - found.on).days
    if history is None or days <= 0:
        return {}
    middle = history.energy_wh * days // history.days
    least = min(middle * (100 - policy.low.percent) // 100, middle - policy.low.delta_wh_min)
    most = max(middle * (100 + policy.high.percent) // 100, middle + policy.high.delta_wh_min)
    return {
        register.quantity: (_face(register, before, max(least, 0)), _face(register, before, most))
        for register, before in zip(found.meter.registers, found.counts, strict=True)
        if register.quantity == IMPORT
    }


def _face(register: Register, before: int, energy_wh: int) -> str:
    return register.shown(before + register.counts_of(energy_wh))


def _energy(register: Register, before: int, after: int) -> int:
    return register.energy_wh(after) - register.energy_wh(before)


def _runs_backward(register: Register, before: int, face: int | None) -> bool:
    return face is not None and steps.progress(register, face) < before % register.modulus


def _there(*found: Finding | None) -> list[Finding]:
    return [each for each in found if each is not None]
