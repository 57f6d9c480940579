"""What the review rules look at."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Subject:
    """One calculated bill beside the effective bill before it.

    Energies in Wh, amounts in fen; `previous_wh` is None for the first bill of a contract.
    """

    customer_class: str
    energy_wh: int
    days: int
    months: int
    total_fen: int
    previous_wh: int | None = None
    previous_days: int = 0
    estimated: bool = False
    estimates_in_a_row: int = 0
    settles_estimate: bool = False
    unpriced_wh: int = 0
