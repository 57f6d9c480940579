"""What follows from an attempt to send, and when it is tried again.

SMTP cannot be exactly once: an in-doubt notice is sent again with the same Message-ID, so that the receiver can tell.
Delays are seconds of system time; the business knows nothing of them.
"""

import zlib
from dataclasses import dataclass

from services.notify.policies.domain import Retry
from services.notify.sending.domain.port import Attempt


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an attempt means for its notice: the event of its life cycle, and the wait; None where it is final."""

    event: str
    retry_seconds: int | None
    code: str
    doubts: int


def judge(
    notice_id: str, attempts: int, doubts: int, attempt: Attempt, retry: Retry, *, receipt_seconds: int | None = None
) -> Verdict:
    """Return what follows from an attempt; `attempts` counts it, `doubts` counts the in-doubt ones before it.

    `receipt_seconds`: how long a receipt is awaited where acceptance is not delivery.

    Once an attempt was in doubt, a later refusal cannot prove that nothing arrived: the notice stays `unknown`, unless the
    gateway was asked and says so of the message itself (`proved`).
    """
    if attempt.result == "accepted":
        event = "accepted" if receipt_seconds is None else "handed over"
        return Verdict(event=event, retry_seconds=receipt_seconds, code="", doubts=doubts)
    if attempt.result == "in_doubt":
        delay = _delay(retry.in_doubt_seconds, doubts, notice_id)
        return Verdict(event="in doubt", retry_seconds=delay, code=attempt.code, doubts=doubts + 1)
    temporary = attempt.result == "temporary"
    delay = _delay(retry.temporary_seconds, attempts - 1, notice_id) if temporary else None
    event = "in doubt" if doubts and not attempt.proved else "refused" if delay is None else "refused for now"
    return Verdict(event=event, retry_seconds=delay, code=attempt.code, doubts=doubts)


def _delay(schedule: tuple[int, ...], used: int, notice_id: str) -> int | None:
    """Return the step of the schedule, spread by up to a quarter so that what failed together does not return together."""
    if used >= len(schedule):
        return None
    base = schedule[used]
    return base + base * (zlib.crc32(f"{notice_id}/{used}".encode()) % 256) // 1024
