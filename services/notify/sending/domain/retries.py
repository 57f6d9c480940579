"""What follows from an attempt to send, and when it is tried again.

SMTP cannot be exactly once: an in-doubt notice is sent again with the same Message-ID, so that the receiver can tell.
Delays are seconds of system time; the business knows nothing of them.
"""

import zlib
from dataclasses import dataclass
from typing import Literal

from services.notify.policies.domain import Retry


@dataclass(frozen=True)
class Attempt:
    """How one attempt ended. `code` is ours or `smtp.<reply code>`, never the server's text, which may hold an address."""

    result: Literal["accepted", "temporary", "permanent", "in_doubt"]
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an attempt means for its notice: the event of its life cycle, and the wait; None where it is final."""

    event: str
    retry_seconds: int | None
    code: str
    doubts: int


def judge(notice_id: str, attempts: int, doubts: int, attempt: Attempt, retry: Retry) -> Verdict:
    """Return what follows from an attempt; `attempts` counts it, `doubts` counts the in-doubt ones before it.

    Once an attempt was in doubt, a later refusal cannot prove that nothing arrived: the notice stays `unknown`.
    """
    if attempt.result == "accepted":
        return Verdict(event="accepted", retry_seconds=None, code="", doubts=doubts)
    if attempt.result == "in_doubt":
        delay = _delay(retry.in_doubt_seconds, doubts, notice_id)
        return Verdict(event="in doubt", retry_seconds=delay, code=attempt.code, doubts=doubts + 1)
    temporary = attempt.result == "temporary"
    delay = _delay(retry.temporary_seconds, attempts - 1, notice_id) if temporary else None
    event = "in doubt" if doubts else "refused" if delay is None else "refused for now"
    return Verdict(event=event, retry_seconds=delay, code=attempt.code, doubts=doubts)


def message_id(notice_id: str, resends: int, domain: str) -> str:
    """Return the Message-ID of a notice: the same for every retry, a new one only when a person has it sent again."""
    return f"<{notice_id}.{resends}@{domain}>" if resends else f"<{notice_id}@{domain}>"


def _delay(schedule: tuple[int, ...], used: int, notice_id: str) -> int | None:
    """Return the step of the schedule, spread by up to a quarter so that what failed together does not return together."""
    if used >= len(schedule):
        return None
    base = schedule[used]
    return base + base * (zlib.crc32(f"{notice_id}/{used}".encode()) % 256) // 1024
