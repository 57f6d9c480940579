"""NEM13: records of accumulated registers, turned into what reading takes. The format is the market operator's of Australia."""

import csv
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "cases" / "nem13" / "rows.csv"
ESTIMATED_METHODS = "ES"  # quality: estimated, substituted; A is actual, F final


@dataclass(frozen=True)
class Row:
    """A 250 record: two faces of a register, when it showed them, and the energy that the file says lies between."""

    number: int
    feeds_in: bool
    before: str
    before_at: datetime
    current: str
    current_at: datetime
    estimated: bool
    wh: int

    @property
    def _scale(self) -> int:
        return max(len(face.partition(".")[2]) for face in (self.before, self.current))

    @property
    def _digits(self) -> int:
        return max(len(face.partition(".")[0]) for face in (self.before, self.current)) + self._scale

    def _forward(self, *, down: bool) -> int:
        """Wh that the face runs on its way forward."""
        way = Decimal(self.before) - Decimal(self.current) if down else Decimal(self.current) - Decimal(self.before)
        turn = Decimal(10) ** (self._digits - self._scale)
        return int((way + turn) % turn * 1000)

    @property
    def down(self) -> bool:
        """Whether only a register that counts down runs what the file says."""
        return self._forward(down=False) != self.wh == self._forward(down=True)

    @property
    def turned(self) -> bool:
        """Whether the face passed its last number."""
        shows_less = Decimal(self.current) < Decimal(self.before)
        return shows_less != self.down and self.before != self.current

    @property
    def registers_wh(self) -> int:
        """What the registers themselves ran."""
        return self._forward(down=self.down)

    @property
    def quantity(self) -> str:
        """What reading calls what it counts."""
        return "export" if self.feeds_in else "import"

    def register(self) -> dict[str, Any]:
        """The face, as a meter is put."""
        face = {"quantity": self.quantity, "digits": self._digits, "scale": self._scale}
        return face | {"direction": "down" if self.down else "up"}


def rows() -> list[Row]:
    """Return all records."""
    with FILE.open(encoding="ascii", newline="") as file:
        return [_row(number, cells) for number, cells in enumerate(csv.reader(file), 1)]


def _row(number: int, cells: list[str]) -> Row:
    return Row(
        number=number,
        feeds_in=cells[7] == "I",
        before=cells[8],
        before_at=_instant(cells[9]),
        current=cells[13],
        current_at=_instant(cells[14]),
        estimated=cells[15][0] in ESTIMATED_METHODS,
        wh=int(abs(Decimal(cells[18])) * 1000),
    )


def _instant(text: str) -> datetime:
    return datetime.strptime(f"{text}+0800", "%Y%m%d%H%M%S%z")  # the clock of the meter as the utility's
