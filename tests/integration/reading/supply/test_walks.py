"""Orders of a point in any order of arrival, over a head-end that does anything, with deaths in between: what always holds."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.kits import effort
from tests.kits.headend import NOW, asked, withdrawn
from tests.kits.supplies import World, made

POINTS = ("S0001", "S0002")
PLANS = (
    "done",
    "accept",
    "refuse",
    "fail",
    "drop",
    "lose",
    "silent",
    "forget",
    "nonsense",
    "500",
    "429",
    "done",
    "done",
)
STEPS = 45


def drawn(rng: random.Random) -> list[Any]:
    """Orders of points with rising sequences, some withdrawn, in a drawn order, some twice."""
    facts: list[Any] = []
    for point in POINTS:
        for sequence in range(1, rng.randint(2, 6)):
            number = f"{point}-{sequence}"
            begin = NOW + timedelta(minutes=rng.randint(-60, 60))
            more = {
                "service_point_no": point,
                "not_before": begin,
                "expires_at": begin + timedelta(hours=rng.randint(1, 5)),
            }
            facts.append(asked(number, rng.choice(("cut", "restore")), sequence, **more))
            if rng.random() < 0.3:
                facts.append(withdrawn(number, service_point_no=point))
    facts += rng.sample(facts, len(facts) // 3)
    rng.shuffle(facts)
    return facts


async def step(world: World, rng: random.Random, facts: list[Any]) -> None:
    deed = rng.choice(("hear", "hear", "turn", "turn", "die", "finish", "wait"))
    if deed == "hear" and facts:
        await world.kit.give(facts.pop())
    elif deed == "turn":
        await world.turn()
    elif deed == "die":  # between the row and the call, or between the call and the answer
        for call in await world.sender.turn([], 2):
            if rng.random() < 0.5:
                await world.sender._call(call)
    elif deed == "finish":
        open_ = [number for number, state in world.head_end.states.items() if state["state"] == "accepted"]
        if open_:
            await world.tell(world.head_end.finish(rng.choice(open_)))
    world.kit.clock.at += timedelta(seconds=rng.choice((0, 1, 35, 65, 305)))


def check_calls(world: World) -> None:
    """Between two sends of an order it was asked for, and no cut goes out after a higher restoring of its point."""
    last: dict[str, str] = {}
    highest: dict[str, int] = {}
    for kind, number in world.head_end.calls:
        if kind == "send":
            assert last.get(number) != "send" or number in refused_at_the_door(world), (number, world.head_end.calls)
            point, _, sequence = number.partition("-")
            assert int(sequence) >= highest.get(point, 0), (number, world.head_end.calls)
            highest[point] = max(highest.get(point, 0), int(sequence))
        last[number] = kind


def refused_at_the_door(world: World) -> set[str]:
    """Orders that the head-end has answered 429: it said before anything was done that it does not take them."""
    return world.head_end.turned_away


async def check_facts(world: World) -> None:
    told = await world.told()
    done = [number for kind, number, _ in told if kind == "switched"]
    assert len(done) == len(set(done))
    assert set(done) == {number for number, _, _ in world.head_end.carried_out}
    failed = [number for kind, number, _ in told if kind == "switch_failed"]
    assert len(failed) == len(set(failed))
    although = {number for kind, number, why in told if kind == "switched" and why}
    assert set(failed) & set(done) <= although | {n for k, n, w in told if k == "switch_failed" and w == "expired"}
    orders = await world.kit.items("supply-orders")
    assert {order["order_no"] for order in orders} == set(done) | set(failed)
    assert {order["state"] for order in orders} <= {"done", "failed", "withdrawn", "expired"}


@effort.walks(*range(1, 13))
async def test_no_order_is_lost_or_sent_against_a_higher_one(database_url: str, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    async with made(database_url, tmp_path, meters=2, WATTLINE_SUPPLY_TIMEOUT_SECONDS="0.05") as world:
        await world.kit.device("headend-1")
        facts = drawn(rng)
        numbers = sorted({fact.order_no for fact in facts})
        world.head_end.plans = {number: rng.choices(PLANS, k=2) for number in numbers}
        for _ in range(STEPS):
            world.head_end.at = world.kit.clock.at
            await step(world, rng, facts)
            check_calls(world)
        while facts:
            await world.kit.give(facts.pop())
        for _ in range(60):
            for number in [n for n, state in world.head_end.states.items() if state["state"] == "accepted"]:
                world.head_end.finish(number)
            await world.turn(later=timedelta(minutes=16))
        check_calls(world)
        await check_facts(world)
