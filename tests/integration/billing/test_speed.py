"""The hot path takes a fixed number of statements, whatever the size of the batch."""

from collections.abc import Sequence

import orjson
import pytest

from services.billing.runs.use_cases import issue
from tests.kits.billing import Desk, account, closed, usage


async def statements(desk: Desk, first: int, count: int) -> tuple[int, int]:
    """The statements of billing `count` usages, and of issuing their bills."""
    numbers = range(first, first + count)
    route = f"R{first}"
    await desk.open(*(account(n) for n in numbers))
    usages = [usage(n, route=route) for n in numbers]
    seen = desk.watch()
    await desk.measure(*usages)
    measured = len(seen)
    await desk.close(closed(usages, route=route))
    seen.clear()
    async with desk.db.begin() as tx:
        done = await issue.issue(tx, context=desk.context)
    assert done.issued == count
    return measured, len(seen)


async def test_billing_and_issuing_take_as_many_statements_for_1000_as_for_10(desk: Desk) -> None:
    small = await statements(desk, 0, 10)
    large = await statements(desk, 1000, 1000)
    # the first batch loads the tariffs, keeps on what it rests, and journals to fewer partitions in one statement all the same
    assert large[0] <= small[0] <= 16
    assert large[1] <= small[1] <= 13
    assert large == await statements(desk, 3000, 1000)


async def test_opening_accounts_whose_usages_wait_takes_as_many_statements_for_1000_as_for_10(desk: Desk) -> None:
    counts = []
    seen = desk.watch()
    for first, count in ((0, 10), (1000, 1000), (3000, 10)):
        numbers = range(first, first + count)
        await desk.measure(*(usage(n) for n in numbers))
        seen.clear()
        outcomes = await desk.open(*(account(n) for n in numbers))
        assert {outcome.status for outcome in outcomes} == {"done"}
        counts.append(len(seen))
    # the first batch loads the tariffs
    assert counts[1] <= counts[0]
    assert counts[1] == counts[2]
    assert len(await desk.bills("bill_id")) == 1020


def of_bills(seen: Sequence[str], verb: str) -> list[str]:
    """The statements of a kind that name the ladder state of bills."""
    return [
        s for s in seen if s.lstrip().upper().startswith((verb, "WITH")) and verb in s.upper() and "ladder_state" in s
    ]


@pytest.mark.parametrize("count", [10, 1000])
async def test_the_ladder_states_of_a_batch_are_read_once_and_written_once(desk: Desk, count: int) -> None:
    await desk.open(*(account(n) for n in range(count)))
    await desk.measure(*(usage(n, 1) for n in range(count)))
    seen = desk.watch()
    await desk.measure(*(usage(n, 2) for n in range(count)))
    assert [len(of_bills(seen, verb)) for verb in ("SELECT", "INSERT", "UPDATE")] == [1, 1, 0], "\n".join(seen)
    states = [
        orjson.loads(text)["ladders"]["year"]["used_wh"]
        for (text,) in await desk.bills("ladder_state", cycle="2026-02")
    ]
    assert states == [[400_000, 0, 0]] * count


@pytest.mark.parametrize("count", [10, 500])
async def test_correcting_takes_as_many_statements_for_500_contracts_as_for_10(desk: Desk, count: int) -> None:
    await desk.open(*(account(n) for n in range(count)))
    await desk.released(*(usage(n, 1, 300) for n in range(count)))
    again = [usage(n, 1, 200, version=2) for n in range(count)]
    seen = desk.watch()
    await desk.measure(*again)
    assert len(seen) <= 34, "\n".join(seen)
