"""In whatever order usages, closed routes, corrections and tests come, what stands for an account at the end is the same."""

import random
from collections.abc import Awaitable, Callable

from shared.events.billing import AdjustmentIssued
from tests.integration.billing.adjustments.test_adjustments import adjust, hear, shown
from tests.kits.billing import Desk, account, closed, usage
from tests.kits.effort import walks

JANUARY, FEBRUARY = usage(1, 1, 103), usage(1, 2, 150)
AGAIN = usage(1, 1, 120, version=2, replaces_reason="reread")


def steps(desk: Desk) -> list[Callable[[], Awaitable[None]]]:
    return [
        lambda: desk.measure(JANUARY),
        lambda: desk.measure(FEBRUARY),
        lambda: desk.measure(AGAIN),
        lambda: desk.close(closed([JANUARY])),
        lambda: desk.close(closed([FEBRUARY])),
        lambda: hear(desk, shown("3.0")),
        lambda: hear(desk, shown("-2.5", 2)),
        lambda: hear(desk, shown("3.0")),
    ]


@walks(*range(6))
async def test_any_order_of_facts_ends_in_the_same_sum(desk: Desk, seed: int) -> None:
    await desk.open(account(1))
    order = steps(desk)
    random.Random(seed).shuffle(order)
    for day, step in enumerate(order, 1):
        await step()
        await desk.work()
        await adjust(desk, f"2026-03-{day + 10}")
    facts = await desk.published(AdjustmentIssued)
    # 120 + 150 kWh: 270 ÷ 0.975 − 270 = 6.923, of which half, at 0.538 yuan
    assert sum(fact.energy_wh for fact in facts) == 3_462
    assert sum(fact.total_fen for fact in facts) == 186
    taken_back = {fact.reverses for fact in facts}
    standing = [f for f in facts if f.reverses is None and f.adjustment_id not in taken_back]
    assert [(fact.energy_wh, fact.total_fen) for fact in standing] == [(3_462, 186)]
