"""What follows from an attempt to send, and when it is tried again.

SMTP cannot be exactly once: an in-doubt notice is sent again with the same Message-ID, so that the receiver can tell.
Delays are seconds of system time; the business knows nothing of them.
"""

import zlib
from dataclasses import dataclass
from typing import Literal

from services.notify.notices.domain.states import State
from services.notify.policies.domain import Retry


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
