"""Registers (计度器) of a meter: their faces, multipliers, and the way from a face to energy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from services.reading.network.domain.refusal import Refused

CUMULATIVE, DEMAND = "cumulative", "demand"
UNIT = "kWh"  # of every register value that comes in
VALUE_LENGTH_MAX = 24  # text of one register value; the longest face is 15 counts and a point
DIGITS_MAX = 15
SCALE_MAX = 6
MULTIPLIER_MAX = 10_000_000  # CT × PT of a 500 kV line is below 2,200,000
TURN_WH_MAX = 2**52  # two meters of a period stay below the 2**53 that facts and JSON hold exactly


class Face(NamedTuple):
    """A register as it is put, checked by nobody yet; its multiplier is that of its meter."""

    quantity: str
    digits: int
    scale: int
    kind: str = CUMULATIVE
    down: bool = False


@dataclass(frozen=True)
class Register:
    """One register: `digits` of the whole face, of which `scale` are decimals of a kWh.

    A count is the face read as an integer: digits 8, scale 2 shows 000000.00 … 999999.99 kWh and counts 0 … 99,999,999.
    `numerator / denominator` is the multiplier (综合倍率, CT × PT) of its meter. `kind`: a cumulative register counts up, or down
    (`down`); one of demand (最大需量) shows the highest kW since its reset.
    """

    quantity: str
    digits: int
    scale: int
    numerator: int = 1
    denominator: int = 1
    kind: str = CUMULATIVE
    down: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.scale <= SCALE_MAX or not self.scale < self.digits <= DIGITS_MAX:
            raise Refused("reading.bad_register", "digits must be 1 to 15, and scale 0 to 6 and below digits")
        if not 1 <= self.numerator <= MULTIPLIER_MAX or not 1 <= self.denominator <= MULTIPLIER_MAX:
            raise Refused("reading.bad_register", "a multiplier is a ratio of integers from 1 to 10,000,000")
        if self.energy_wh(self.modulus) > TURN_WH_MAX:
            raise Refused("reading.bad_register", "one turn of the face, multiplied, is more energy than can be told")

    @cached_property
    def modulus(self) -> int:
        """The count at which the face is back at zero."""
        return int(10**self.digits)

    @cached_property
    def counts_of_kwh(self) -> int:
        """How many counts are a kWh of the face."""
        return int(10**self.scale)

    @cached_property
    def _wh_ratio(self) -> tuple[int, int]:
        return 1000 * self.numerator, int(10**self.scale) * self.denominator

    def energy_wh(self, cumulative: int) -> int:
        """Return the energy in Wh, half up, of a cumulative count ≥ 0, multiplier applied.

        The cumulative value is rounded, never a difference, so that the energies of periods add up to that of their sum.
        """
        over, under = self._wh_ratio
        return (2 * cumulative * over + under) // (2 * under)

    def counts_of(self, energy_wh: int) -> int:
        """Return how many whole counts an energy ≥ 0 in Wh moves the register."""
        over, under = self._wh_ratio
        return energy_wh * under // over

    def count(self, text: str) -> int:
        """Return the count that a decimal kWh text such as `"12345.67"` shows; zeros at its end say nothing more.

        Raises `Refused`: `reading.negative`, `reading.malformed_value`, or `reading.too_many_digits` for more digits before
        or after the point than the face has.
        """
        whole, point, decimals = text.partition(".")
        if not (whole.isdigit() and text.isascii() and (decimals.isdigit() or not point)):
            if text.startswith("-"):
                raise Refused("reading.negative", f"register {self.quantity} is below zero")
            raise Refused("reading.malformed_value", f"register {self.quantity} is not a decimal number")
        shown, further = decimals[: self.scale], decimals[self.scale :]
        if further.strip("0") or len(text) > VALUE_LENGTH_MAX:
            raise Refused("reading.too_many_digits", f"register {self.quantity} shows {self.scale} decimals")
        count = int(whole + shown) * int(10 ** (self.scale - len(shown)))
        if count >= self.modulus:
            raise Refused("reading.too_many_digits", f"register {self.quantity} has {self.digits} digits")
        return count

    def reread(self, count: int, scale: int) -> int:
        """Return what this face counts where one of another scale showed `count`; `reading.not_shown` where it cannot show it."""
        found, rest = divmod(count * int(10**self.scale), int(10**scale))
        if rest or found >= self.modulus:
            raise Refused("reading.not_shown", f"register {self.quantity} cannot show what was read")
        return found

    def text(self, cumulative: int) -> str:
        """Return what the face shows for a cumulative count, in kWh, as `count` reads it."""
        shown = str(cumulative % self.modulus).zfill(self.scale + 1)
        return f"{shown[: -self.scale]}.{shown[-self.scale :]}" if self.scale else shown

    def shown(self, cumulative: int) -> str:
        """Return what the face shows for a cumulative count of what the register ran: one that counts down is turned over."""
        return self.text(self.modulus - 1 - cumulative % self.modulus if self.down else cumulative)


Registers = tuple[Register, ...]
Counts = tuple[int, ...]
"""One count for each register of a meter, in the order of its registers."""
Shown = tuple[int | None, ...]
"""What a stored read shows of each register of an installation; None of one that was added to it since."""


def made(faces: Sequence[Face], numerator: int, denominator: int) -> Registers:
    """Return the registers of a meter with its multiplier."""
    return tuple(
        Register(face.quantity, face.digits, face.scale, numerator, denominator, face.kind, face.down) for face in faces
    )


def has_demand(registers: Registers) -> bool:
    """Return whether a register is one of demand."""
    return any(register.kind == DEMAND for register in registers)


def faces(registers: Registers) -> tuple[Face, ...]:
    """Return the faces of registers."""
    return tuple(Face(each.quantity, each.digits, each.scale, each.kind, each.down) for each in registers)


def check(registers: Registers) -> None:
    """Refuse a meter without a cumulative register, or with two of one quantity (`reading.bad_register`).

    The names of demand registers begin with `demand`, and no others do (`reading.bad_demand_name`).
    """
    quantities = [register.quantity for register in registers]
    if all(register.kind == DEMAND for register in registers) or len(set(quantities)) != len(quantities):
        raise Refused("reading.bad_register", "a meter has at least one cumulative register, and each quantity once")
    for register in registers:
        if (register.kind == DEMAND) != register.quantity.startswith(DEMAND):
            raise Refused(
                "reading.bad_demand_name", "demand registers, and no others, have names that begin with demand"
            )
        if register.kind == DEMAND and register.down:
            raise Refused("reading.bad_register", "a demand register does not count down")


def counts(registers: Registers, values: Mapping[str, str]) -> Counts:
    """Return the counts of a whole meter from its texts by quantity.

    Raises `Refused`: `reading.unknown_register`, `reading.missing_register`, and what `Register.count` raises.
    """
    try:
        found = tuple([register.count(values[register.quantity]) for register in registers])
    except KeyError as missing:
        unknown = sorted(values.keys() - {register.quantity for register in registers})
        if unknown:
            raise Refused("reading.unknown_register", f"the meter has no register {unknown[0]}") from None
        raise Refused("reading.missing_register", f"register {missing.args[0]} is missing") from None
    if len(values) != len(registers):
        unknown = sorted(values.keys() - {register.quantity for register in registers})
        raise Refused("reading.unknown_register", f"the meter has no register {unknown[0]}")
    return found


def ordered(registers: Registers, values: Mapping[str, int]) -> Shown:
    """Return stored counts by quantity in the order of a meter's registers."""
    return tuple([values.get(register.quantity) for register in registers])


def same_faces(one: Registers, other: Registers) -> bool:
    """Return whether both show a count in the same way, register by register."""
    return one is other or [(r.quantity, r.digits, r.scale) for r in one] == [
        (r.quantity, r.digits, r.scale) for r in other
    ]


def reread(old: Registers, shown: Shown, new: Registers) -> Shown:
    """Return what registers of other faces count where the old ones showed these counts; None of one that was added.

    Refused with `reading.not_shown` where a face cannot show it, or a register that was read is no more.
    """
    scales = {register.quantity: register.scale for register in old}
    read = {register.quantity: count for register, count in zip(old, shown, strict=True) if count is not None}
    if gone := sorted(read.keys() - {register.quantity for register in new}):
        raise Refused("reading.not_shown", f"register {gone[0]} was read, and is no more")
    return tuple(
        register.reread(read[register.quantity], scales[register.quantity]) if register.quantity in read else None
        for register in new
    )
