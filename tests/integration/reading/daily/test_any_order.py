"""What is told last of prepaid points is a function of what is known: any order, any batches, however often the loop looks."""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.kits import daily
from tests.kits.daily import account, contract
from tests.kits.effort import walks
from tests.kits.reading import Kit, read, running
from tests.kits.usages import removed, second_meter

Do = Callable[[Kit], Awaitable[Any]]
POINTS = ("S0001", "S0002", "S0003")


def push(*reads: dict[str, Any]) -> Do:
    return lambda kit: kit.push(*reads)


def drawn(chosen: random.Random) -> list[list[Do]]:
    """Draw lines of what comes in; those of one line keep their order."""
    lines: list[list[Do]] = []
    shown = [10_000, 10_000, 10_000]
    for day in range(2, 29):
        for n in range(3):
            shown[n] += chosen.randint(0, 900)
            if chosen.random() < 0.4:
                value = f"{shown[n] / 100:.2f}"
                on = f"2026-02-{day - 5:02}" if day > 25 else f"2026-01-{day:02}"
                lines.append([push(read(f"M{n + 1:04d}", on, value))])
    lines.append([lambda kit: kit.plan("2026-02-01"), lambda kit: kit.close("2026-02-03")])
    modes = [daily.PREPAID, (("2026-01-10", "prepaid"),), (("2026-01-01", "prepaid"), ("2026-02-20", "postpaid")), ()]
    for n in range(1, 4):
        told = [account(n, version=v, modes=chosen.choice(modes)) for v in (1, 2)]
        lines.append([lambda kit, fact=fact: kit.give(fact) for fact in told])  # type: ignore[misc]
    moved = (
        contract(1, to="2026-01-20"),
        contract(4, from_="2026-01-20").model_copy(update={"service_point_no": "S0001"}),
    )
    lines[-3].append(lambda kit: kit.give(account(1, version=3, contracts=moved)))
    return lines


async def played(kit: Kit, lines: list[list[Do]], chosen: random.Random | None) -> dict[str, Any]:
    """Play the lines one after the other, or mixed with the loop looking in between; return what was told last by point."""
    await kit.district(3)
    left = [list(line) for line in lines]
    while any(left):
        line = chosen.choice([each for each in left if each]) if chosen else next(each for each in left if each)
        await line.pop(0)(kit)
        if chosen and chosen.random() < 0.3:
            await daily.tell(kit)
    await removed(kit, "2026-02-24", "900.00")
    await second_meter(kit, "2026-02-24", "5.00")
    await daily.tell(kit)
    found: dict[str, Any] = {}
    for fact in await kit.published("reading.daily_register.v1"):
        known = found.get(fact["service_point_no"])
        assert known is None or fact["version"] == known["version"] + 1
        found[fact["service_point_no"]] = fact
    apart = ("fact_id", "correlation_id", "causation_id", "version")
    return {point: {name: fact[name] for name in fact if name not in apart} for point, fact in found.items()}


@walks(1, 2, 3, 4, 5, 6)
async def test_any_order_and_any_batches_end_in_the_same_last_word(
    tmp_path: Path, database_url: str, seed: int
) -> None:
    lines = drawn(random.Random(seed))
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
    async with running(f"sqlite+aiosqlite:///{tmp_path}/good.db", tmp_path / "good") as kit:
        good = await played(kit, lines, None)
    async with running(database_url, tmp_path / "bad") as kit:
        bad = await played(kit, lines, random.Random(seed + 100))
    for point in POINTS:
        was, now = good.get(point), bad.get(point)
        if was is None or now is None:  # it was prepaid for a while only, in one of them
            told = was or now
            assert told is None or told["through"] == told["period_from"]
        else:
            assert now == was
    assert good
