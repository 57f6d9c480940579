"""What became of one item of a batch, and the refusals that mean the same in every service."""

from dataclasses import dataclass
from typing import Final, Literal

Status = Literal["done", "already_done", "conflicting_duplicate", "waiting", "awaiting_approval", "refused"]

OTHER_ORG_UNIT: Final = "auth.other_org_unit"
"""The object belongs, or would belong, to an org unit that the caller may not see."""
REPEATED: Final = "request.repeated_in_batch"
"""The same number is given more than once in one batch: which one was meant is nobody's guess."""
CHANGED_MEANWHILE: Final = "request.changed_meanwhile"
"""Somebody else changed the object between the look at it and the write; trying again is right."""

_MESSAGES: Final = {
    OTHER_ORG_UNIT: "It belongs to an org unit outside the caller's",
    REPEATED: "The same number is given more than once in this batch",
    CHANGED_MEANWHILE: "Somebody else changed it at the same time; try again",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One item's answer: `code` and `message` say why it was refused, `id` names what it made or met.

    `already_done`: the same key with the same content was applied before; `conflicting_duplicate`: the same key with other
    content, never applied; `waiting`: stored until the reference that it needs arrives; `awaiting_approval`: asked for under
    this id, somebody else decides on it.
    """

    status: Status
    code: str = ""
    message: str = ""
    id: str | None = None


DONE = Outcome("done")
ALREADY_DONE = Outcome("already_done")


def refused(code: str, message: str = "", id: str | None = None) -> Outcome:
    """Return a refusal; the codes of this module bring their own message."""
    return Outcome("refused", code, message or _MESSAGES.get(code, ""), id)
