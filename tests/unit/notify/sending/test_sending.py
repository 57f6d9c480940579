"""What follows from an attempt to send."""

from services.notify.notices.domain import receipts
from services.notify.notices.domain.states import NOTICE_LIFE, SENDING
from services.notify.policies.domain import Retry
from services.notify.sending.domain import retries as sending
from services.notify.sending.domain.port import Attempt

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


def test_after_a_doubt_the_word_of_a_gateway_that_was_asked_is_proof() -> None:
    said = Attempt("permanent", "sms.E7", proved=True)
    verdict = sending.judge("n1", 2, 1, said, RETRY)
    assert (NOTICE_LIFE.move(SENDING, verdict.event), verdict.retry_seconds) == ("failed", None)


def test_retries_are_spread_by_at_most_a_quarter_and_the_same_every_time() -> None:
    attempt = Attempt("temporary", "smtp.451")
    delays = [sending.judge(f"n{i}", 2, 0, attempt, RETRY).retry_seconds for i in range(200)]
    assert all(delay is not None and 300 <= delay < 375 for delay in delays)
    assert len(set(delays)) > 20
    assert delays[0] == sending.judge("n0", 2, 0, attempt, RETRY).retry_seconds


def test_the_id_of_a_message_is_of_its_notice_and_way_and_says_so() -> None:
    assert [receipts.message_id("n1", way) for way in (0, 1)] == ["n1", "n1.1"]
    said = {"n1": ("n1", 0), "n1.1": ("n1", 1), "n1.x": ("n1", -1), "n1.": ("n1", -1), "n" * 65: ("", -1)}
    assert {given: receipts.way_of(given) for given in said} == said


def test_where_acceptance_is_not_delivery_a_receipt_is_awaited() -> None:
    verdict = sending.judge("n1", 1, 0, Attempt("accepted"), RETRY, receipt_seconds=3600)
    assert (NOTICE_LIFE.move(SENDING, verdict.event), verdict.retry_seconds) == ("sent", 3600)
