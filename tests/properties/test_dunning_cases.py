"""Cases of dunning are a function of the books and the days that were judged: drawn bills, payments, bounces, corrections and
holds, in any order between two days, twice, with late days and with a crash at any chunk, end in the same rows."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from services.collection.dunning import tables
from services.collection.dunning.use_cases import judging
from services.collection.payments.tables import PAYMENT
from services.collection.steps import store as steps_store
from services.collection.steps import tables as step_tables
from shared.events.disputes import DisputeChanged
from tests.kits import collection as collection_kit
from tests.kits.collection import Kit, account, bill, corrected, issued

ACCOUNTS = ("A1", "A2", "A3", "A4")
DAYS = ("2026-02-25", "2026-03-03", "2026-03-10", "2026-03-20", "2026-04-01", "2026-04-15", "2026-04-16")
TABLES = {
    "cases": tables.CASE,
    "debts": tables.DEBT,
    "steps": step_tables.STEP,
    "debts of steps": step_tables.STEP_DEBT,
}
Op = tuple[str, Callable[[Kit], Awaitable[None]]]
"""What comes in, under the name of what must come before it: operations of one name keep their order."""


def day(text: str, days: int = 0) -> date:
    return date.fromisoformat(text) + timedelta(days=days)


def fact(*facts: Any) -> Callable[[Kit], Awaitable[None]]:
    async def give(kit: Kit) -> None:
        for one in facts:
            await kit.give(one)

    return give


def paid(txn: str, account_no: str, fen: int, on: str) -> Callable[[Kit], Awaitable[None]]:
    async def pay(kit: Kit) -> None:
        answer = await kit.call_back(await kit.order(fen, account_no), fen, txn, paid_on=on)
        assert answer.is_success, answer.text

    return pay


def bounced(txn: str) -> Callable[[Kit], Awaitable[None]]:
    async def take_back(kit: Kit) -> None:
        (payment,) = [row for row in await kit.rows(PAYMENT) if row["channel_txn"] == txn]
        path, key = f"/v1/payments/{payment['payment_id']}/reversal", {"Idempotency-Key": f"back-{txn}"}
        assert (await kit.clerk.post(path, json={"reason": "bounced"}, headers=key)).is_success

    return take_back


def held(account_no: str, until: str) -> Callable[[Kit], Awaitable[None]]:
    async def hold(kit: Kit) -> None:
        body = {"reason": "claim", "until": until}
        await kit.clerk.post(f"/v1/accounts/{account_no}/dunning-holds", json=body)

    return hold


def drawn(chosen: random.Random) -> list[list[Op]]:
    """Draw what comes in before each day."""
    gaps: list[list[Op]] = []
    known: dict[str, Any] = {}
    names = (f"B{number}" for number in count())
    open_payments: list[str] = []
    for number, until in enumerate(DAYS):
        gap: list[Op] = []
        for account_no in ACCOUNTS:
            for _ in range(chosen.randint(0, 2)):
                name, due = next(names), day(until, -chosen.randint(0, 40))
                made = bill(
                    name, chosen.randint(1, 9) * 100, account_no=account_no, due_on=due, cycle=f"2026-{number + 1:02}"
                )
                known[name] = made
                gap.append((account_no, fact(issued(made))))
            draw = chosen.random()
            if draw < 0.4:
                txn = f"T{number}{account_no}"
                open_payments.append(txn)
                gap.append(
                    (txn, paid(txn, account_no, chosen.randint(5, 40) * 100, str(day(until, -chosen.randint(0, 9)))))
                )
            elif draw < 0.5:
                name = f"D{number}{account_no}"
                said = {"dispute_no": name, "service_point_no": f"S-{account_no}", "org_unit": "zj/hangzhou"}
                cycles = (f"2026-{chosen.randint(1, number + 1):02}",)
                gap.append(
                    (
                        name,
                        fact(
                            DisputeChanged(
                                **said,
                                version=1,
                                cycles=cycles,
                                state="opened",
                                opened_on=day(until),
                                changed_on=day(until),
                                held_until=day(until, chosen.randint(0, 20)),
                            )
                        ),
                    )
                )
            elif draw < 0.6 and until >= "2026-04-15":
                gap.append((f"H{account_no}", held(account_no, chosen.choice(("2026-04-15", "2026-04-20")))))
        if open_payments and chosen.random() < 0.6:
            txn = open_payments.pop(chosen.randrange(len(open_payments)))
            gap.append((txn, bounced(txn)))
        if known and chosen.random() < 0.4:
            name = chosen.choice(sorted(known))
            old = known.pop(name)
            new = bill(f"{name}x", 50, account_no=old.account_no, due_on=old.due_on, cycle=old.cycle)
            gap.append((old.account_no, fact(corrected(f"K{name}", [old], [new], day(until)))))
        gaps.append(gap)
    return gaps


def in_order(gap: Sequence[Op], chosen: random.Random) -> list[Op]:
    """Return the operations of a gap in another order, those of one name in theirs."""
    names = [name for name, _ in gap]
    chosen.shuffle(names)
    left = {name: [op for op in gap if op[0] == name] for name in names}
    return [left[name].pop(0) for name in names]


async def played(folder: Path, gaps: Sequence[Sequence[Op]], chosen: random.Random | None) -> dict[str, list[str]]:
    """Play a year; with `chosen` in a bad order, each day twice, with late days and crashes between chunks."""
    async with collection_kit.started(f"sqlite+aiosqlite:///{folder}/c.db", folder) as kit:
        await kit.give(*(account(no) for no in ACCOUNTS))
        for number, gap in enumerate(gaps):
            for _, op in in_order(gap, chosen) if chosen else gap:
                await op(kit)
            if chosen:
                await crash(kit, DAYS[number], chosen.randint(0, 3))
            await run(kit, DAYS[number])
            if chosen:
                await run(kit, DAYS[number])
                await run(kit, DAYS[chosen.randint(0, number)])
        return {
            title: sorted(str({k: v for k, v in row.items() if k != "recorded_at"}) for row in await kit.rows(table))
            for title, table in TABLES.items()
        }


async def run(kit: Kit, on: str) -> None:
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": on})
    assert answer.is_success, answer.text


async def crash(kit: Kit, on: str, after: int) -> None:
    """Let a run of a day die in a chunk."""
    left, whole = [after], steps_store.add

    async def dying(*args: Any) -> set[str]:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("the process dies")
        return await whole(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps_store, "add", dying)
        try:
            await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": on})
        except RuntimeError:
            pass


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_order_between_days_runs_twice_late_days_and_crashes_end_in_the_same_cases(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps = drawn(random.Random(seed))
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
    good = await played(tmp_path / "good", gaps, None)
    monkeypatch.setattr(judging, "ACCOUNTS_PER_CHUNK", 2)
    bad = await played(tmp_path / "bad", gaps, random.Random(seed + 1_000))
    assert bad == good
    assert any("'state': 'closed'" in row for row in good["cases"]), "nobody paid: the story proves nothing"
    assert any("'stage': 2" in row for row in good["steps"]), "nobody came to a second stage"
