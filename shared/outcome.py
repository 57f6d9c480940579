"""What became of one item of a batch."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["done", "already_done", "conflicting_duplicate", "waiting", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One item's answer: `code` and `message` say why it was refused, `id` names what it made or met.

    `already_done`: the same key with the same content was applied before; `conflicting_duplicate`: the same key with other
    content, never applied; `waiting`: stored until the reference that it needs arrives.
    """

    status: Status
    code: str = ""
    message: str = ""
    id: str | None = None


DONE = Outcome("done")
ALREADY_DONE = Outcome("already_done")
