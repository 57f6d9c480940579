"""Findings of validation (复核): coded results of named rules. A finding does not stop a usage; it travels with it.

Only a register that runs backwards stops: there is no usage to tell then, until a correction, a better read or an estimate.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A coded result of a rule; `numbers` are what it compared."""

    code: str
    numbers: dict[str, int]
