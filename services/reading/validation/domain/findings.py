"""Findings of validation (复核): coded results of named rules. A finding does not stop a usage; it travels with it.

Only a register that runs backwards stops: there is no usage to tell then, until a correction, a better read or an estimate.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A coded result of a rule; `numbers` are what it compared."""

    code: str
    numbers: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding and what it is about: `entity_kind` is read, usage or task."""

    entity_kind: str
    entity_id: str
    finding: Finding
    service_point_no: str
    org_unit: str
    cycle: str
