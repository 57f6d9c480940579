"""Where a document came from: each names the documents that it was derived from, over all services."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """A document that another one was derived from; `service` owns it."""

    service: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class TraceNode:
    """One document on the way from the money back to the meter.

    `document` holds what a person needs to check the step: numbers, dates, amounts; no name, phone or address.
    """

    service: str
    kind: str
    id: str
    document: Mapping[str, Any]
    derived_from: tuple[Origin, ...] = field(default=())
    org_unit: str | None = "*"  # whose it is: only the whole utility's if nothing is said; None: everybody may see it
