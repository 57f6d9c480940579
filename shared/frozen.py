"""Documents of the hot path: frozen for whoever writes code, without the price of frozen at run time. Pure."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def document(made: type[T]) -> type[T]:
    """Return the class as a dataclass with slots, made by name, that the type checker holds to be frozen.

    A frozen dataclass sets each field through `object.__setattr__`: for the some 60 fields of one read a tenth of all the work.
    """
    return dataclass(slots=True, kw_only=True)(made)
