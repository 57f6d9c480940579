"""What follows from an attempt to send."""

import pytest

from services.notify.domain import sending
from services.notify.domain.policy import InvalidPolicy, Retry, load
from services.notify.domain.sending import MOVES, Attempt, State

RETRY = Retry(temporary_seconds=(60, 300), in_doubt_seconds=(600,))


def judge(result: str, *, attempts: int = 1, doubts: int = 0) -> tuple[str, bool]:
    attempt = Attempt(result, "smtp.451")  # type: ignore[arg-type]
    verdict = sending.judge("n1", attempts, doubts, attempt, RETRY)
    assert verdict.state in MOVES[State.SENDING]
    return verdict.state.value, verdict.retry_seconds is not None


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


POLICY = {
    "version": 1,
    "channels": {"email": {"gateway": "smtp", "address": ".+", "last_resort": False}},
    "roles": {"reminder": ["holder"]},
    "wait_for_contact_days": 30,
    "retry": {"temporary_seconds": [60], "in_doubt_seconds": [600]},
}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"colour": 1}, "/:"),
        ({"roles": {}}, "/roles:"),
        ({"roles": {"reminder": ["neighbour"]}}, "/roles/reminder:"),
        ({"wait_for_contact_days": -1}, "/wait_for_contact_days:"),
        ({"wait_for_contact_days": True}, "/wait_for_contact_days:"),
        ({"retry": {"temporary_seconds": [60]}}, "/retry:"),
        ({"retry": {"temporary_seconds": [-1], "in_doubt_seconds": []}}, "/retry/temporary_seconds:"),
        ({"retry": {"temporary_seconds": [1] * 21, "in_doubt_seconds": []}}, "/retry/temporary_seconds:"),
        ({"channels": {"email": {"gateway": "x", "address": "", "last_resort": False}}}, "/channels/email/gateway:"),
        ({"channels": {"email": {"gateway": None, "address": "(", "last_resort": False}}}, "/channels/email/address:"),
        ({"channels": {"email": {"gateway": None, "address": "", "last_resort": 0}}}, "/channels/email/last_resort:"),
        ({"channels": {"email": {}}}, "/channels/email:"),
    ],
)
def test_a_policy_with_a_fault_is_refused_with_its_path(change: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidPolicy, match=path):
        load(POLICY | change, frozenset({"reminder"}))
    assert load(POLICY, frozenset({"reminder"})).retry.in_doubt_seconds == (600,)
