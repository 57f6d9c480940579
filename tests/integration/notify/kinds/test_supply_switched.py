"""Who was cut is told what to do, and who has supply again that it is there; one that was not due is said to be so."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from services.notify.policies.domain.pace import BUDGETS
from shared.events.supply import SupplySwitched
from tests.integration.notify.kinds.test_disputes import mails
from tests.kits.notify import Notify, contact
from tests.kits.told_facts import ORG, reminder

NIGHT = datetime(2026, 1, 31, 17, 30, tzinfo=UTC)
"""01:30 on 1 February in Shanghai."""


def switched(number: int, action: Any, **more: Any) -> SupplySwitched:
    given: dict[str, Any] = {
        "order_no": f"order-{number}",
        "account_no": "a0001",
        "service_point_no": "sp0001",
        "org_unit": ORG,
        "action": action,
        "sequence": number,
        "switched_at": NIGHT,
        "by": "head_end",
    }
    return SupplySwitched(**given | more)


async def test_what_was_cut_and_restored_is_told_once_with_what_is_to_be_done(
    database_url: str, tmp_path: Path
) -> None:
    facts = [switched(1, "cut"), switched(2, "restore"), switched(3, "cut", although="withdrawn"), switched(1, "cut")]
    said = await mails(database_url, tmp_path, *facts)
    english = [" ".join(text.split()) for to, text in said if to == "en"]
    chinese = [text for to, text in said if to == "zh"]
    assert (len(english), len(chinese)) == (3, 3), "each once"
    for words in (
        "was cut on 2026-02-01 01:30. Please pay what is owed",
        "was restored on 2026-02-01 01:30",
        "was cut on 2026-02-01 01:30. It should not have been",
    ):
        assert len([text for text in english if words in text]) == 1, (words, english)
    for words in ("二十四小时内恢复供电", "2026-02-01 01:30 恢复供电", "本不应进行"):
        assert len([text for text in chinese if words in text]) == 1, (words, chinese)


async def test_that_it_was_cut_is_of_the_civil_day_and_no_full_week_holds_it(notify: Notify) -> None:
    notify.policy = replace(notify.policy, pace=replace(notify.policy.pace, budget=dict.fromkeys(BUDGETS, 1)))
    await notify.put(contact(1))
    night = NIGHT + timedelta(days=3)  # a Wednesday: the week that is full goes on
    notify.clock.at = night
    await notify.handle(reminder(1))
    await notify.handle(switched(1, "cut", switched_at=night))
    (cut,) = [n for n in await notify.notices() if n.template == "supply_cut"]
    assert (cut.day, cut.cycle, cut.cause_kind, cut.cause_id) == (
        date(2026, 2, 4),
        "2026-02",
        "supply_order",
        "order-1",
    )
    assert (cut.due_at, cut.paced) == (night, "deadline")
    assert orjson.loads(cut.figures)["tell_by"] == "2026-02-05", "the day after the civil day"
