"""Wrong reads (错抄): a correction says that registers did not show what was read. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.reading.network.domain.registers import CUMULATIVE, Registers, Shown
from shared.org_units import covers

Fault = Literal["reader", "meter", "other"]
BY_READER: Final[Fault] = "reader"
ENERGY: Final = "import", "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongRead:
    """What a correction, or an annulment, has put right. `reader`: whose figures those were, where it is a person's.

    `day`: that the read counts for; `off_wh`: how far an energy register was off, the farthest of them, multiplier applied; None
    of an annulled one: nobody knows what there was to see. `since`: when the wrong figures came to stand; `found_on`: as who
    corrects it says, where that was an earlier day.
    """

    read_id: str
    number: int
    kind: str
    service_point_no: str
    org_unit: str
    route_no: str
    day: date
    reader: str | None
    fault: Fault
    off_wh: int | None
    reason: str
    since: date
    found_on: date | None
    fixed_on: date
    fixed_by: str

    @property
    def correction_id(self) -> str:
        """What the correction is found by."""
        return f"{self.read_id}~{self.number}"

    def is_of(self, *, route_no: str | None, reader: str | None, org_unit: str | None) -> bool:
        """Return whether it is of a route, of a reader, and of an org unit or one below it; of any where that is not given."""
        return (
            route_no in (None, self.route_no)
            and reader in (None, self.reader)
            and (org_unit is None or covers([org_unit], self.org_unit))
        )


def fault(reader: str | None, reason: str, meter_reasons: Collection[str]) -> Fault:
    """Return whose error a wrong read was: its reader's, unless the meter was at fault, or no person had read it."""
    if reason in meter_reasons:
        return "meter"
    return BY_READER if reader else "other"


def off_wh(registers: Registers, before: Shown, after: Shown) -> int:
    """Return how far figures were off, the farthest energy register, in Wh."""
    return max(
        (
            abs(register.energy_wh(now) - register.energy_wh(then))
            for register, then, now in zip(registers, before, after, strict=True)
            if register.quantity in ENERGY and register.kind == CUMULATIVE and then is not None and now is not None
        ),
        default=0,
    )
