"""Supply orders over a head-end: sent once, asked for where nobody knows, told as they end; whatever the head-end does."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.kits import headend
from tests.kits.headend import asked, withdrawn
from tests.kits.reading import Statements
from tests.kits.supplies import World, made

ASK = timedelta(seconds=301)
AGAIN = timedelta(seconds=31)
LEASE = timedelta(seconds=61)


async def test_an_order_is_sent_when_its_time_has_come_and_told_as_it_was_carried_out(world: World) -> None:
    await world.kit.give(asked("O1", not_before=headend.NOW + timedelta(minutes=5)))
    assert await world.turn() == 0
    assert await world.turn(later=timedelta(minutes=5)) == 1
    order = await world.order("O1")
    assert (order["state"], order["way"], order["said_by"]) == ("done", "head_end", "head_end")
    assert await world.told() == [("switched", "O1", None)]
    assert world.head_end.carried_out == [("O1", "S0001", "cut")]
    assert await world.turn(later=timedelta(days=3)) == 0


async def test_an_order_that_comes_twice_is_one_and_with_other_content_is_found(world: World) -> None:
    await world.kit.give(asked("O1"), asked("O1"))
    await world.kit.give(asked("O1"))
    await world.turn()
    await world.kit.give(asked("O1", reason="other"))
    await world.turn()
    assert world.head_end.sent == {"O1": 1}
    assert await world.told() == [("switched", "O1", None)]
    (finding,) = await world.kit.items("findings")
    assert (finding["entity_kind"], finding["entity_id"]) == ("supply_order", "O1")


@pytest.mark.parametrize("way_round", [False, True], ids=["cut first", "restore first"])
async def test_the_highest_order_of_a_point_counts_and_a_cut_below_it_is_never_sent(
    world: World, way_round: bool
) -> None:
    orders = [asked("O1", not_before=headend.NOW + timedelta(hours=1)), asked("O2", "restore", 2, supersedes="O1")]
    for each in reversed(orders) if way_round else orders:
        await world.kit.give(each)
        await world.turn()
    await world.turn(later=timedelta(hours=2))
    assert world.head_end.sent == {"O2": 1}
    assert await world.told() == [("switched", "O2", None), ("switch_failed", "O1", "superseded")]


@pytest.mark.parametrize("way_round", [False, True], ids=["asked first", "withdrawn first"])
async def test_a_withdrawn_cut_is_never_sent_whichever_comes_first(world: World, way_round: bool) -> None:
    facts = [asked("O1"), withdrawn("O1")]
    for each in reversed(facts) if way_round else facts:
        await world.kit.give(each)
    await world.kit.give(withdrawn("O1"))
    await world.turn()
    assert world.head_end.sent == {}
    assert await world.told() == [("switch_failed", "O1", "withdrawn")]


async def test_an_order_whose_time_is_over_is_never_sent(world: World) -> None:
    await world.kit.give(asked("O1", expires_at=headend.NOW))
    await world.turn()
    assert world.head_end.sent == {}
    assert await world.told() == [("switch_failed", "O1", "expired")]


@pytest.mark.parametrize(("plan", "code"), [("refuse", "refused"), ("fail", "head_end_failed")])
async def test_what_the_head_end_will_not_or_could_not_do_fails_with_its_code(
    world: World, plan: str, code: str
) -> None:
    world.head_end.plans["O1"] = [plan]
    await world.kit.give(asked("O1"))
    await world.turn()
    assert await world.told() == [("switch_failed", "O1", code)]
    assert (await world.order("O1"))["detail"] == "meter_not_reached"


@pytest.mark.parametrize("fault", ["drop", "silent", "slow", "huge", "nonsense", "500", "302", "late"])
async def test_where_nobody_knows_the_order_is_asked_for_and_never_sent_again(world: World, fault: str) -> None:
    carried_out = not fault.isdigit()
    world.head_end.plans["O1"] = [fault]
    await world.kit.give(asked("O1"))
    assert await world.turn() == 1
    assert await world.state("O1") == "unknown"
    assert await world.told() == [("switch_unknown", "O1", None)]
    assert await world.turn(later=AGAIN) == 1
    assert world.head_end.asked == {"O1": 1}
    if carried_out:
        assert world.head_end.sent == {"O1": 1}
        assert ("switched", "O1", None) in await world.told()
    else:  # the head-end does not know it: it is sent again, for it is still wanted
        assert await world.state("O1") == "waiting"
        await world.turn()
        assert await world.state("O1") == "done"
    assert len(world.head_end.carried_out) == 1


async def test_an_order_that_was_lost_on_the_way_and_withdrawn_meanwhile_is_not_sent_again(world: World) -> None:
    world.head_end.plans["O1"] = ["lose"]
    await world.kit.give(asked("O1"))
    await world.turn()
    await world.kit.give(withdrawn("O1"))
    assert await world.turn() == 1  # it is asked for at once
    assert await world.state("O1") == "withdrawn"
    assert world.head_end.sent == {"O1": 1}
    assert await world.told() == [("switch_failed", "O1", "withdrawn"), ("switch_unknown", "O1", None)]


async def test_a_cut_that_was_carried_out_although_it_was_withdrawn_is_told_so(world: World) -> None:
    world.head_end.plans["O1"] = ["drop"]
    await world.kit.give(asked("O1"))
    await world.turn()
    await world.kit.give(withdrawn("O1"))
    await world.turn()
    assert await world.told() == [("switched", "O1", "withdrawn"), ("switch_unknown", "O1", None)]


async def test_a_restoring_waits_for_what_is_known_of_the_cut_but_not_for_ever(world: World) -> None:
    world.head_end.plans["O1"] = ["lose", *["mute"] * 20]
    await world.kit.give(asked("O1"))
    await world.turn()
    await world.kit.give(asked("O2", "restore", 2))
    for _ in range(5):
        await world.turn(later=AGAIN)
    assert world.head_end.sent == {"O1": 1}
    for _ in range(30):
        await world.turn(later=AGAIN)
    assert world.head_end.sent == {"O1": 1, "O2": 1}
    assert ("switched", "O2", None) in await world.told()


async def test_a_cut_waits_until_the_restoring_before_it_is_known(world: World) -> None:
    world.head_end.plans["O1"] = ["lose", *["mute"] * 4]
    await world.kit.give(asked("O1", "restore"))
    await world.turn()
    await world.kit.give(asked("O2", "cut", 2))
    for _ in range(4):
        await world.turn(later=AGAIN)
        assert "O2" not in world.head_end.sent
    for _ in range(90):
        await world.turn(later=AGAIN)
    assert world.head_end.carried_out == [("O2", "S0001", "cut")]  # the restoring was never taken, and is superseded
    assert ("switch_failed", "O1", "superseded") in await world.told()


async def test_what_the_head_end_accepted_and_forgot_is_asked_for_and_sent_again(world: World) -> None:
    world.head_end.plans["O1"] = ["forget"]
    await world.kit.give(asked("O1"))
    await world.turn()
    assert await world.state("O1") == "sent"
    assert await world.turn(later=AGAIN) == 0
    await world.turn(later=ASK)
    await world.turn()
    assert (world.head_end.sent, world.head_end.asked) == ({"O1": 2}, {"O1": 1})
    assert await world.told() == [("switched", "O1", None)]


async def test_a_head_end_that_is_away_costs_nothing_but_time(world: World) -> None:
    world.head_end.plans["O1"] = ["429", "401"]
    await world.kit.give(asked("O1"))
    await world.turn()
    assert await world.state("O1") == "waiting"
    await world.turn(later=timedelta(minutes=1))
    await world.turn(later=timedelta(minutes=6))
    assert await world.told() == [("switched", "O1", None)]


async def test_who_dies_between_the_call_and_the_answer_leaves_an_order_that_is_asked_for(world: World) -> None:
    await world.kit.give(asked("O1"))
    calls = await world.sender.turn([], 4)
    await world.sender._call(calls[0])  # and the process dies
    assert await world.turn() == 0  # nobody else takes it while the lease holds
    assert await world.turn(later=LEASE) == 1
    assert world.head_end.calls == [("send", "O1"), ("ask", "O1")]
    assert await world.told() == [("switched", "O1", None)]


async def test_who_dies_before_the_call_leaves_an_order_that_is_sent_after_it_was_asked_for(world: World) -> None:
    await world.kit.give(asked("O1"))
    assert len(await world.sender.turn([], 4)) == 1
    await world.turn(later=LEASE)
    await world.turn()
    assert world.head_end.calls == [("ask", "O1"), ("send", "O1")]


async def test_who_was_stuck_longer_than_the_lease_calls_nobody_and_changes_nothing(world: World) -> None:
    await world.kit.give(asked("O1"))
    (call,) = await world.sender.turn([], 4)
    world.kit.clock.at += LEASE
    assert await world.turn() == 1
    answer = await world.sender._call(call)
    assert (answer.result, answer.code) == ("in_doubt", "call.too_late")
    await world.sender.turn([(call, answer)], 0)
    await world.turn()
    assert world.head_end.calls == [("ask", "O1"), ("send", "O1")]


async def test_two_instances_send_no_order_twice(database_url: str, tmp_path: Path) -> None:
    async with made(database_url, tmp_path, meters=8) as world:
        await world.kit.give(*(asked(f"O{n}", service_point_no=f"S{n:04d}") for n in range(1, 9)))
        first, second = await asyncio.gather(world.sender.turn([], 5), world.sender.turn([], 5))
        assert {len(first), len(second)} == {3, 5}
        assert sorted(call.asked.order_no for call in [*first, *second]) == [f"O{n}" for n in range(1, 9)]


async def test_a_point_without_a_meter_and_a_point_that_nobody_knows_are_failures(world: World) -> None:
    await world.kit.put("service-points", [{"service_point_no": "S9", "route_no": "R1"}])
    await world.kit.give(asked("O1", service_point_no="S9"), asked("O2", service_point_no="S10"))
    await world.turn()
    assert await world.told() == [("switch_failed", "O1", "no_meter"), ("switch_failed", "O2", "unknown_point")]


async def test_statements_do_not_grow_with_the_orders(database_url: str, tmp_path: Path) -> None:
    async with made(database_url, tmp_path, meters=12) as world:

        async def counted(numbers: range) -> list[int]:
            orders = [asked(f"O{n}", service_point_no=f"S{n:04d}", sequence=n) for n in numbers]
            counts = []
            with Statements(world.kit) as hearing:
                await world.kit.give(*orders)
            with Statements(world.kit) as taking:
                calls = await world.sender.turn([], 32)
            answers = [(call, await world.sender._call(call)) for call in calls]
            with Statements(world.kit) as settling:
                await world.sender.turn(answers, 0, look=False)
            counts += [len(each.texts) for each in (hearing, taking, settling)]
            assert len(calls) == len(numbers)
            return counts

        await counted(range(1, 2))
        assert await counted(range(2, 3)) == await counted(range(3, 13))
