"""The customer answers about the day of a joint re-read, or is silent."""

from typing import Any

import pytest

from shared.events.notify import CustomerAnswered, QuestionExpired
from tests.kits.disputes import doubt, january, opened, reread, shown, step
from tests.kits.reading import Kit


def answered(question: dict[str, Any], answer: str = "yes") -> CustomerAnswered:
    asked = {name: question[name] for name in ("question_id", "subject_kind", "subject_id", "service_point_no")}
    return CustomerAnswered(**asked, account_no="A1", answer=answer, answered_on="2026-02-13", way="link")


def expired(question: dict[str, Any]) -> QuestionExpired:
    asked = {name: question[name] for name in ("question_id", "subject_kind", "subject_id", "service_point_no")}
    return QuestionExpired(**asked, account_no="A1", reason="silent", expired_on="2026-02-15")


@pytest.mark.parametrize("silent", [False, True])
async def test_a_joint_reread_that_was_confirmed_or_met_silence_can_end_a_doubt(kit: Kit, silent: bool) -> None:
    await january(kit)
    await opened(kit.clerk, doubt())
    await step(kit.clerk, "joint-reread", "2026-02-11", order_no="O1", visit_on="2026-02-25")
    (question,) = await kit.published("reading.visit_proposed.v1")
    await kit.give(expired(question) if silent else answered(question))
    await kit.give(expired(question) if silent else answered(question))
    assert (await shown(kit))["presence"] == ("unanswered" if silent else "confirmed")
    await reread(kit)
    assert await step(kit.clerk, "end", "2026-02-26", outcome="confirmed", explanation="Read together.") == "done"
    assert (await shown(kit))["ended_at"] == "joint_reread"


async def test_a_customer_who_said_no_is_proposed_another_day_before_the_meter_is_tested(kit: Kit) -> None:
    await january(kit)
    await opened(kit.clerk, doubt())
    await step(kit.clerk, "joint-reread", "2026-02-11", order_no="O1", visit_on="2026-02-24")
    (first,) = await kit.published("reading.visit_proposed.v1")
    await kit.give(answered(first, "no"))
    assert (await shown(kit))["presence"] == "declined"
    assert await step(kit.clerk, "joint-reread", "2026-02-13", order_no="O1", visit_on="2026-02-25") == "done"
    second = (await kit.published("reading.visit_proposed.v1"))[1]
    await kit.give(answered(first))  # another day is proposed since: says nothing of this one
    assert (await shown(kit))["presence"] == "asked"
    await kit.give(answered(second, "no"))
    await reread(kit)
    assert await step(kit.clerk, "verification", "2026-02-26", order_no="V1") == "dispute.customer_not_confirmed"
    assert await step(kit.clerk, "end", "2026-02-26", outcome="withdrawn", explanation="-") == "done"


async def test_an_answer_about_a_dispute_that_is_not_there_is_found(kit: Kit) -> None:
    await january(kit)
    asked = {"question_id": "Q9", "subject_kind": "dispute", "subject_id": "D9", "service_point_no": "S0001"}
    await kit.give(answered(asked))
    assert [each["code"] for each in await kit.items("findings")] == ["reading.unknown_question"]
