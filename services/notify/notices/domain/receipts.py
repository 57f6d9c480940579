"""What gateways say became of messages (回执). It may come before a message's reference is stored, twice, and in any order."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

ID_LENGTH_MAX = 64  # of a notice

SENT: Final = "sent"
ACCEPTED: Final = "accepted"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
"""What became of a way: its gateway has it and will say more, or has it and that counts; it arrived; it failed; unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a gateway said of a message: by our id (`message_id`), or by its own reference where it does not know ours.

    `code`: ours or the gateway's number, never its text.
    """

    gateway: str
    message_id: str = ""
    reference: str = ""
    result: Literal["delivered", "failed"]
    code: str = ""


def outcome(said: Collection[str]) -> str:
    """Return what became of a way of which receipts said this, in whatever order: what has once arrived did not come back."""
    return DELIVERED if DELIVERED in said else FAILED


def message_id(notice_id: str, way: int) -> str:
    """Return the id of a notice on one of its ways: every retry has the same one."""
    return f"{notice_id}.{way}" if way else notice_id


def way_of(given: str) -> tuple[str, int]:
    """Return whose message an id is, and on which way; nobody's, and -1, where it is no such id."""
    notice_id, dot, way = given.partition(".")
    if len(notice_id) > ID_LENGTH_MAX:
        return "", -1
    if not dot:
        return notice_id, 0
    return notice_id, int(way) if way.isascii() and way.isdigit() and len(way) <= 3 else -1
