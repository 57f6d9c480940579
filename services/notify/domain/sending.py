"""The life of a notice while it is sent, and when it is tried again.

    queued -> sending -> delivered
                      -> failed            refused for good, or all retries used
                      -> queued            refused for now
                      -> unknown -> sending  in doubt: the text went out, its acceptance did not come back
    delivered, failed, unknown (final) -> queued   resend, by a person

SMTP cannot be exactly once: an in-doubt notice is sent again with the same Message-ID, so that the receiver can tell.
Delays are seconds of system time; the business knows nothing of them.
"""

import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from services.notify.domain.policy import Retry


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING}),
    State.SENDING: frozenset({State.QUEUED, State.DELIVERED, State.FAILED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.SENDING, State.QUEUED}),
    State.DELIVERED: frozenset({State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED}),
}


@dataclass(frozen=True)
class Attempt:
    """How one attempt ended. `code` is ours or `smtp.<reply code>`, never the server's text, which may hold an address."""

    result: Literal["accepted", "temporary", "permanent", "in_doubt"]
    code: str = ""


@dataclass(frozen=True)
class Verdict:
    """What becomes of the notice. `retry_seconds` is None where the state is final."""

    state: State
    retry_seconds: int | None
    code: str
    doubts: int


def judge(notice_id: str, attempts: int, doubts: int, attempt: Attempt, retry: Retry) -> Verdict:
    """Return what follows from an attempt; `attempts` counts it, `doubts` counts the in-doubt ones before it.

    Once an attempt was in doubt, a later refusal cannot prove that nothing arrived: the notice stays `unknown`.
    """
    if attempt.result == "accepted":
        return Verdict(State.DELIVERED, None, "", doubts)
    if attempt.result == "in_doubt":
        delay = _delay(retry.in_doubt_seconds, doubts, notice_id)
        return Verdict(State.UNKNOWN, delay, attempt.code, doubts + 1)
    if attempt.result == "permanent":
        return Verdict(State.UNKNOWN if doubts else State.FAILED, None, attempt.code, doubts)
    delay = _delay(retry.temporary_seconds, attempts - 1, notice_id)
    if delay is None:
        return Verdict(State.UNKNOWN if doubts else State.FAILED, None, attempt.code, doubts)
    return Verdict(State.UNKNOWN if doubts else State.QUEUED, delay, attempt.code, doubts)


def message_id(notice_id: str, resends: int, domain: str) -> str:
    """Return the Message-ID of a notice: the same for every retry, a new one only when a person has it sent again."""
    return f"<{notice_id}.{resends}@{domain}>" if resends else f"<{notice_id}@{domain}>"


def _delay(schedule: tuple[int, ...], used: int, notice_id: str) -> int | None:
    """The step of the schedule, spread by up to a quarter so that what failed together does not return together."""
    if used >= len(schedule):
        return None
    base = schedule[used]
    return base + base * (zlib.crc32(f"{notice_id}/{used}".encode()) % 256) // 1024
