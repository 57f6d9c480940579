"""Three months of arrears drawn by a seed: what comes in between two days of work, what people decide, what the jobs do.

A world is played twice: once in the order in which it was drawn, once in another order with crashes at any unit of work. What is
said twice is said in the same words, as a channel, a broker or a person does who had no answer.
"""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.collection.late_fees.tables import LATE_FEE
from services.collection.ledger.domain.documents import LATE_FEE as FEE
from services.collection.ledger.tables import ENTRY, RECEIVABLE, TRANSACTION
from services.collection.payments.tables import PAYMENT
from services.collection.plans.tables import PLAN
from services.collection.steps.tables import STEP
from services.collection.supply.tables import CUT
from shared.db.engine import Database, Tx
from shared.events.billing import Bill, ChargeIssued, ChargeWithdrawn
from shared.events.disputes import DisputeChanged
from shared.events.notify import NoticeDelivered
from shared.events.supply import SupplySwitched
from tests.integration.collection.receivables.test_adjustments import adjustment
from tests.integration.collection.receivables.test_charges import charge
from tests.kits import cuts
from tests.kits.approvals import decided
from tests.kits.collection import Kit, adjusted, bill, corrected, issued

ACCOUNTS = ("A1", "A2", "A3")
DAYS = ("2026-02-25", "2026-03-10", "2026-03-20", "2026-03-26", "2026-03-27", "2026-04-08", "2026-04-15", "2026-04-30")
CLOSED = {"2026-03-10": "2026-01", "2026-04-08": "2026-02"}
TRIES_MAX = 9  # a crash is drawn for at most so many units of work of one thing
Do = Callable[[Kit], Awaitable[None]]
Op = tuple[str, Do]
"""What comes in, under the name of what must come before it: operations of one name keep their order."""


def day(text: str, days: int = 0) -> date:
    return date.fromisoformat(text) + timedelta(days=days)


def fact(*facts: Any) -> Do:
    async def give(kit: Kit) -> None:
        for one in facts:
            await kit.give(one)

    return give


def paid(txn: str, account_no: str, fen: int, on: date) -> Do:
    async def pay(kit: Kit) -> None:
        body = {"account_no": account_no, "amount_fen": fen, "received_on": str(on)}
        answer = await kit.cashier.post("/v1/payments", json=body, headers={"Idempotency-Key": txn})
        assert answer.status_code == 201, answer.text

    return pay


def bounced(txn: str, account_no: str, fen: int) -> Do:
    async def take_back(kit: Kit) -> None:
        rows = await kit.rows(PAYMENT)
        row = next(row for row in rows if (row["account_no"], row["amount_fen"]) == (account_no, fen))
        path, key = f"/v1/payments/{row['payment_id']}/reversal", {"Idempotency-Key": f"back-{txn}"}
        answer = await kit.clerk.post(path, json={"reason": "bounced"}, headers=key)
        assert answer.is_success, answer.text

    return take_back


@dataclass
class Drawing:
    """Draw what comes in before each day."""

    chosen: random.Random
    count: int = 0
    standing: dict[str, Bill] = field(default_factory=dict)
    money: list[tuple[str, str, int]] = field(default_factory=list)

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count:03}"

    def gap(self, number: int, until: str) -> list[Op]:
        gap: list[Op] = []
        for account_no in ACCOUNTS:
            gap += self.of_account(account_no, number, until)
        if self.money and self.chosen.random() < 0.5:
            txn, account_no, fen = self.money.pop(self.chosen.randrange(len(self.money)))
            gap.append((txn, bounced(txn, account_no, fen)))
        return gap

    def of_account(self, account_no: str, number: int, until: str) -> list[Op]:
        chosen, found = self.chosen, list[Op]()
        if number < 3:
            found.append(self.billed(account_no, number, until))
        draw = chosen.random()
        if number > 5 and draw < 0.3:  # what was cut is paid in full, and more
            found.append(self.paid(account_no, 800_000, until))
        elif draw < 0.35:
            found.append(self.paid(account_no, chosen.randint(5, 900) * 100, until))
        elif draw < 0.45:
            found += self.corrected(account_no, until)
        elif draw < 0.6:
            name, fen = self.name("C"), chosen.randint(1, 90) * 100
            one = charge(name, fen, chosen.choice(("back_billing", "penalty")), account_no)
            found.append((name, fact(ChargeIssued(account_no=account_no, charge=one))))
            if chosen.random() < 0.5:
                gone = {"charge": one, "withdrawn_on": day(until), "cause": "appeal_upheld"}
                found.append((f"{name}-", fact(ChargeWithdrawn(account_no=account_no, **gone))))
        elif draw < 0.7:
            name, fen = self.name("J"), chosen.randint(-300, 300)
            found.append((name, fact(adjustment(name, fen, account_no=account_no))))
            if chosen.random() < 0.5:
                found.append((f"{name}-", fact(adjustment(f"{name}-", -fen, account_no=account_no, reverses=name))))
        elif draw < 0.8:
            found.append(self.disputed(account_no, number, until))
        return found

    def paid(self, account_no: str, fen: int, until: str) -> Op:
        """Pay; sums are told apart by their fen, so that a payment is found by its sum in either play."""
        txn = self.name("T")
        self.money.append((txn, account_no, fen + self.count))
        return txn, paid(txn, account_no, fen + self.count, day(until, -self.chosen.randint(0, 9)))

    def billed(self, account_no: str, number: int, until: str) -> Op:
        name = self.name("B")
        due_on = day(until, -self.chosen.randint(1, 30))
        kinds = {"account_no": account_no, "issued_on": due_on - timedelta(days=20), "due_on": due_on}
        fen = self.chosen.randint(100, 1_500) * 100
        made = bill(name, fen, cycle=f"2026-{number + 1:02}", **kinds)
        self.standing[name] = made
        return account_no, fact(issued(made))

    def corrected(self, account_no: str, until: str) -> list[Op]:
        own = [name for name, one in self.standing.items() if one.account_no == account_no]
        if not own:
            return []
        old = self.standing.pop(self.chosen.choice(own))
        name, fen = self.name("K"), self.chosen.randint(0, 1_500) * 100
        new = old.model_copy(
            update={
                "bill_id": f"{old.bill_id}x",
                "version": 2,
                "total_fen": fen,
                "components": bill("x", fen).components,
            }
        )
        if self.chosen.random() < 0.5:
            return [(account_no, fact(adjusted(name, [(old, new)], day(until))))]
        return [(account_no, fact(corrected(name, [old], [new], day(until))))]

    def disputed(self, account_no: str, number: int, until: str) -> Op:
        name = self.name("D")
        told = DisputeChanged(
            dispute_no=name,
            service_point_no=f"S-{account_no}",
            org_unit="zj/hangzhou",
            version=1,
            cycles=(f"2026-{self.chosen.randint(1, min(number + 1, 3)):02}",),
            state="opened",
            opened_on=day(until, -5),
            changed_on=day(until, -5),
            held_until=day(until, self.chosen.randint(0, 12)),
        )
        return name, fact(told)


class Crashed(Exception):
    """The process has died."""


class Crashes:
    """Lets drawn units of work die, before they are committed or just after."""

    def __init__(self, chosen: random.Random) -> None:
        self.chosen, self.at, self.count = chosen, 0, 0

    @asynccontextmanager
    async def installed(self) -> AsyncIterator["Crashes"]:
        whole, crashes = Database.begin, self

        @asynccontextmanager
        async def begin(database: Database) -> AsyncIterator[Tx]:
            crashes.at -= 1
            dies, after = crashes.at == 0, crashes.chosen.random() < 0.5
            async with whole(database) as tx:
                yield tx
                if dies and not after:
                    crashes.count += 1
                    raise Crashed
            if dies:
                crashes.count += 1
                raise Crashed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Database, "begin", begin)
            yield self

    async def during(self, do: Do, kit: Kit) -> None:
        """Do something until no crash is left, as who had no answer does it again."""
        for _ in range(TRIES_MAX):
            self.at, before = self.chosen.randint(1, 6), self.count
            try:
                await do(kit)
            except (Crashed, AssertionError):  # over REST the crash is an answer without success
                if self.count == before:
                    raise
            else:
                break
        self.at = 0
        await do(kit)  # once more, whatever became of the last one


def in_order(gap: Sequence[Op], chosen: random.Random) -> list[Op]:
    """Return the operations of a gap in another order, those of one name in theirs."""
    names = [name for name, _ in gap]
    chosen.shuffle(names)
    left = {name: [op for op in gap if op[0] == name] for name in names}
    return [left[name].pop(0) for name in names]


def job(name: str, on: str) -> Do:
    async def work(kit: Kit) -> None:
        answer = await kit.admin.post(f"/v1/jobs/{name}/runs", json={"business_date": on})
        assert answer.is_success, answer.text

    return work


async def turn(kit: Kit) -> None:
    while await cuts.turn(kit):
        pass


async def plan(kit: Kit, account_no: str, on: str) -> None:
    """Let what an account owes be paid in two instalments, if two people can agree on that."""
    found = (await kit.clerk.get(f"/v1/receivables?account_no={account_no}")).json()["items"]
    owed = [one for one in found if one["status"] == "open" and one["document_kind"] != FEE]
    fen = sum(one["outstanding_fen"] for one in owed)
    parts = [
        {"due_on": str(day(on, 10)), "amount_fen": fen // 2},
        {"due_on": str(day(on, 25)), "amount_fen": fen - fen // 2},
    ]
    body = {
        "explanation": "two pay days",
        "receivable_ids": [one["receivable_id"] for one in owed],
        "instalments": parts,
    }
    answer = await kit.clerk.post(f"/v1/accounts/{account_no}/plans", json=body)
    if answer.status_code == 202:
        await decided(kit.second, [answer.json()])


async def waive(kit: Kit, account_no: str) -> None:
    """Let two people give up what an account's oldest debt has cost by being late."""
    found = (await kit.clerk.get(f"/v1/receivables?account_no={account_no}")).json()["items"]
    for one in sorted(found, key=lambda one: str(one["document_id"]))[:1]:
        body = {"reason": "our_fault", "explanation": "The bill had gone to the address of before."}
        answer = await kit.clerk.post(f"/v1/receivables/{one['receivable_id']}/late-fee-waiver", json=body)
        if answer.status_code == 202:
            await decided(kit.second, [answer.json()])


async def propose_cuts(kit: Kit) -> None:
    for case in (await kit.clerk.get("/v1/dunning-cases?state=waiting")).json()["items"]:
        wish = {"service_point_no": f"S-{case['account_no']}", "explanation": "Called twice, nobody answers."}
        answer = await kit.clerk.post(f"/v1/dunning-cases/{case['case_no']}/cuts", json=wish)
        if answer.status_code == 202:
            await decided(kit.second, [answer.json()])


async def others(kit: Kit, on: str) -> None:
    """Let notify and reading say what became of what they were asked for: notices arrive, orders are carried out."""
    told = await kit.facts("collection.cut_announced.v1")
    for one in told:
        said = {
            "notice_id": one["announcement_id"][:20],
            "template": "cut_notice",
            "channel": "sms",
            "cause_kind": "cut",
        }
        at = datetime.fromisoformat(f"{on}T10:00:00+08:00")
        await kit.give(
            NoticeDelivered(account_no=one["account_no"], cause_id=one["announcement_id"], delivered_at=at, **said)
        )
    names = ("order_no", "account_no", "service_point_no", "org_unit", "action", "sequence")
    for one in await kit.facts("collection.supply_order_requested.v1"):
        of_order = {name: one[name] for name in names}
        await kit.give(SupplySwitched(**of_order, switched_at=kit.clock.at, by="head_end"))


async def decisions(kit: Kit, on: str) -> None:
    """Let people decide by what the books say in the evening."""
    if on in CLOSED:
        await kit.close(CLOSED[on])
    if on == "2026-03-26":
        await waive(kit, "A1")
    if on == "2026-04-08":
        await plan(kit, "A2", on)
    await propose_cuts(kit)


async def played(kit: Kit, gaps: Sequence[Sequence[Op]], chosen: random.Random | None) -> int:
    """Play the months; with `chosen` in another order, each job twice, with crashes. Return how many there were."""
    crashes = Crashes(chosen or random.Random(0))
    async with crashes.installed():

        async def go(do: Do) -> None:
            await (crashes.during(do, kit) if chosen else do(kit))

        for number, on in enumerate(DAYS):
            cuts.at(kit, on, "08:30")
            for _, do in in_order(gaps[number], chosen) if chosen else gaps[number]:
                await go(do)
            for name in ("charge-late-fees", "judge-plans", "remind", "plan-cuts"):
                for _ in range(1 + bool(chosen)):
                    await go(job(name, on))
            for hour in ("08:45", "09:15"):
                cuts.at(kit, on, hour)
                await go(turn)
            await others(kit, on)
            await go(turn)
            await decisions(kit, on)
            await go(job("fold-subtotals", on))
    return crashes.count


async def shape(kit: Kit) -> dict[str, list[str]]:
    """Return what the books hold, without generated ids: debts, each day's ledger, fees, steps, plans, cuts."""
    debts = await kit.rows(RECEIVABLE)
    of_transaction = {row["transaction_id"]: row for row in await kit.rows(TRANSACTION)}
    ledger: dict[Any, int] = defaultdict(int)
    for entry in await kit.rows(ENTRY):
        of = of_transaction[entry["transaction_id"]]
        ledger[str(of["accounting_date"]), of["account_no"], entry["ledger_account"], entry["component"]] += entry[
            "amount_fen"
        ]
    named = ("account_no", "document_kind", "amount_fen", "outstanding_fen", "status", "posted_on", "due_on", "month")
    return {
        "debts": sorted(str([row[name] for name in named]) for row in debts),
        "ledger": sorted(str(pair) for pair in ledger.items() if pair[1]),
        "fees": sorted(
            str([row[name] for name in ("account_no", "settled_on", "rule", "amount_fen", "state", "issued_on")])
            for row in await kit.rows(LATE_FEE)
        ),
        "steps": sorted(str((row["case_no"], str(row["business_date"]), row["stage"])) for row in await kit.rows(STEP)),
        "plans": sorted(
            str((row["account_no"], row["state"], row["covered_fen"], str(row["ended_on"])))
            for row in await kit.rows(PLAN)
        ),
        "cuts": sorted(str((row["account_no"], row["state"], row["code"])) for row in await kit.rows(CUT)),
    }


def drawn(seed: int) -> list[list[Op]]:
    drawing = Drawing(random.Random(seed))
    return [drawing.gap(number, until) for number, until in enumerate(DAYS)]
