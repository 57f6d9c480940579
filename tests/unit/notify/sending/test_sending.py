"""What follows from an attempt to send."""

from services.notify.notices.domain.states import NOTICE_LIFE, SENDING
from services.notify.policies.domain import Retry
from services.notify.sending.domain import retries as sending
from services.notify.sending.domain.retries import Attempt

RETRY = Retry(temporary_seconds=(60, 300), in_doubt_seconds=(600,))


def judge(result: str, *, attempts: int = 1, doubts: int = 0) -> tuple[str, bool]:
    attempt = Attempt(result, "smtp.451")  # type: ignore[arg-type]
    verdict = sending.judge("n1", attempts, doubts, attempt, RETRY)
    return NOTICE_LIFE.move(SENDING, verdict.event), verdict.retry_seconds is not None


def test_an_accepted_notice_is_delivered() -> None:
    assert judge("accepted") == ("delivered", False)


def test_a_temporary_refusal_is_tried_again_as_often_as_the_schedule_says() -> None:
    assert judge("temporary", attempts=1) == ("queued", True)
    assert judge("temporary", attempts=2) == ("queued", True)
    assert judge("temporary", attempts=3) == ("failed", False)


def test_a_permanent_refusal_fails_at_once() -> None:
    assert judge("permanent") == ("failed", False)


def test_an_attempt_in_doubt_is_unknown_and_tried_again_as_often_as_the_schedule_says() -> None:
    assert judge("in_doubt") == ("unknown", True)
    assert judge("in_doubt", attempts=2, doubts=1) == ("unknown", False)


def test_after_a_doubt_a_refusal_cannot_prove_that_nothing_arrived() -> None:
    assert judge("permanent", attempts=2, doubts=1) == ("unknown", False)
    assert judge("temporary", attempts=2, doubts=1) == ("unknown", True)
    assert judge("accepted", attempts=2, doubts=1) == ("delivered", False)


def test_retries_are_spread_by_at_most_a_quarter_and_the_same_every_time() -> None:
    attempt = Attempt("temporary", "smtp.451")
    delays = [sending.judge(f"n{i}", 2, 0, attempt, RETRY).retry_seconds for i in range(200)]
    assert all(delay is not None and 300 <= delay < 375 for delay in delays)
    assert len(set(delays)) > 20
    assert delays[0] == sending.judge("n0", 2, 0, attempt, RETRY).retry_seconds


def test_the_message_id_stays_the_same_until_a_person_resends() -> None:
    assert sending.message_id("n1", 0, "wattline.example") == "<n1@wattline.example>"
    assert sending.message_id("n1", 1, "wattline.example") != sending.message_id("n1", 0, "wattline.example")
