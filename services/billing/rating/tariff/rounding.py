"""A named rounding point of a document."""

from dataclasses import dataclass

from services.billing.rating.tariff.exact import Exact


@dataclass(frozen=True, slots=True)
class RoundTo:
    """A named rounding point: to multiples of `step` by `mode` (`half_up`, `down`, `half_even`, `none`)."""

    step: Exact
    mode: str
