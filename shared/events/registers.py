"""What registers and load curves show of a period, inside a fact."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.fact import Code, No
from shared.fields import Day, Instant

Wh = Annotated[int, Field(ge=-(2**53), le=2**53)]


class Part(BaseModel):
    """A value inside a fact."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class MeterSpan(Part):
    """What the registers of one meter showed at the beginning and the end of a period, or of its part in it."""

    meter_no: No
    installed_on: Day
    from_on: Day
    to_on: Day
    multiplier: Annotated[int, Field(ge=1)] = 1
    multiplier_denominator: Annotated[int, Field(ge=1)] = 1
    shown: dict[Code, tuple[str, str]] = Field(
        max_length=32, description="By quantity the kWh that the face showed at both ends; estimated where an end is."
    )
    turns: dict[Code, int] = Field(
        default={}, max_length=32, description="How often faces passed their last number on the way, where they did."
    )


class PackedCurve(Part):
    """Interval energies of one quantity over the whole period, aligned with the registers: `shared/packed.py` reads `values`."""

    quantity: Code
    start: Instant = Field(description="The instant at which the first slot begins.")
    minutes: Literal[15, 30, 60]
    values: str = Field(max_length=200_000, description="Base64 of deflated variable-length integers, Wh by slot.")
