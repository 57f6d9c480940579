"""The trace of money: from a payment over REST to ledger entries, bill lines, tariff version, usage, reads and device message."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from services.demo.district import MANUAL_SLOT, District
from tests.kits.line import Driver

Node = dict[str, Any]
RECEIVABLE = "1122"
ARRIVALS = (
    "receipt",
    "suspense",
)  # money comes to its account at once, or waits in suspense until somebody knows whose it is
WH_PER_KWH = 1000


class Traces:
    """Walks traces and counts what it has seen; each step asserts that its numbers agree with the step before."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._district: District = driver.district
        self._customer = {c.service_point_no: c for c in driver.district.customers}
        self.seen: Counter[str] = Counter()

    async def walk(self, *, bills: int, seed: int) -> None:
        """Walk back from random payments until so many bills were reached."""
        payments = await self._driver.all("collection", "/v1/payments", status="posted")
        # the list is in the order of generated ids: another one every day
        payments.sort(key=lambda payment: (payment["account_no"], payment["received_on"], payment["amount_fen"]))
        random.Random(seed).shuffle(payments)
        for payment in payments:
            if self.seen["bill"] >= bills:
                return
            await self._payment(payment["payment_id"])
        raise AssertionError(f"only {self.seen['bill']} bills were paid")

    async def _node(self, origin: Mapping[str, str]) -> Node:
        path = f"/v1/trace/{origin['kind']}/{origin['id']}"
        node: Node = await self._driver.get(origin["service"], path)
        assert (node["service"], node["kind"], node["id"]) == (origin["service"], origin["kind"], origin["id"])
        self.seen[node["kind"]] += 1
        return node

    async def _payment(self, payment_id: str) -> None:
        node = await self._node({"service": "collection", "kind": "payment", "id": payment_id})
        payment = node["document"]
        for transaction in payment["ledger_transactions"]:
            assert sum(entry["amount_fen"] for entry in transaction["entries"]) == 0
        (arrival,) = (t for t in payment["ledger_transactions"] if t["kind"] in ARRIVALS)
        assert sum(e["amount_fen"] for e in arrival["entries"] if e["amount_fen"] > 0) == payment["amount_fen"]
        settled: Counter[str] = Counter()
        for allocation in payment["allocations"]:
            settled[allocation["receivable_id"]] += allocation["amount_fen"]
        assert sum(settled.values()) <= payment["amount_fen"]
        for origin in node["derived_from"]:
            if origin["kind"] == "receivable":
                await self._receivable(origin, payment, settled[origin["id"]])
            else:
                assert (await self._node(origin))["document"]["account_no"] == payment["account_no"]

    async def _receivable(self, origin: Node, payment: Node, settled_fen: int) -> None:
        node = await self._node(origin)
        receivable = node["document"]
        assert receivable["account_no"] == payment["account_no"]
        assert 0 < settled_fen <= receivable["amount_fen"] - receivable["outstanding_fen"]
        (issue,) = (t for t in receivable["ledger_transactions"] if t["kind"] == "issue")
        debits = {e["component"]: e["amount_fen"] for e in issue["entries"] if e["ledger_account"] == RECEIVABLE}
        assert debits == {"": receivable["amount_fen"]}
        earned = {e["component"]: -e["amount_fen"] for e in issue["entries"] if e["component"]}
        (bill,) = node["derived_from"]
        await self._bill(bill, receivable, earned)

    async def _bill(self, origin: Node, receivable: Node, earned: Mapping[str, int]) -> None:
        node = await self._node(origin)
        bill = node["document"]
        assert (bill["status"], bill["account_no"]) == ("issued", receivable["account_no"])
        assert bill["total_fen"] == receivable["amount_fen"]
        by_kind: dict[str, list[Node]] = {}
        for one in node["derived_from"]:
            by_kind.setdefault(one["kind"], []).append(one)
        (usage,) = by_kind["usage"]
        billed: Counter[str] = Counter()
        for line in by_kind["bill_line"]:
            shown = await self._line(line, usage)
            billed[shown["charge"]] += shown["amount_fen"]
        assert {component: fen for component, fen in billed.items() if fen} == earned
        await self._usage(usage, bill)

    async def _line(self, origin: Node, usage: Node) -> Node:
        node = await self._node(origin)
        line: Node = node["document"]
        tariff, of_usage = node["derived_from"]
        assert of_usage == usage
        document = (await self._node(tariff))["document"]
        assert document["used"] is True
        assert document["document"]["id"] == line["tariff"]
        assert str(document["document"]["version"]) == str(line["tariff_version"])
        return line

    async def _usage(self, origin: Node, bill: Node) -> None:
        node = await self._node(origin)
        usage = node["document"]
        names = ("service_point_no", "period_from", "period_to", "cycle")
        assert [usage[name] for name in names] == [bill[name] for name in names]
        assert usage["energy_wh"]["import"] == bill["energy_wh"]
        reads = [await self._read(one) for one in node["derived_from"] if one["kind"] == "read"]
        for other in node["derived_from"]:
            if other["kind"] != "read":  # what reading found of it, estimates, the usages before
                assert (await self._node(other))["document"]
        assert usage["quality"] == "estimated" or reads, "an actual usage comes from reads"
        customer = self._customer[usage["service_point_no"]]
        if (
            len(reads) == 2
            and reads[0]["meter_no"] == reads[1]["meter_no"]
            and not any(r["corrections"] for r in reads)
        ):
            first, last = (Decimal(read["registers"]["import"]) for read in sorted(reads, key=lambda r: r["read_at"]))
            face = 10 ** (customer.digits - 2)
            assert (last - first) % face * WH_PER_KWH * customer.multiplier == usage["energy_wh"]["import"]
            self.seen["usage between two reads"] += 1
        elif usage[
            "settles_estimate"
        ]:  # what was estimated before is taken off: not what the meter counted in the period
            self.seen["usage that settles an estimate"] += 1
        elif customer.index == self._district.stories["move"]:  # cut by days: nobody read on the day of the move
            self.seen["usage cut by days"] += 1
        elif usage["quality"] == "actual":
            route = self._district.route_of(customer.index)
            slots = (0 if usage["period_from"] == str(route.live_from) else MANUAL_SLOT, MANUAL_SLOT)
            true = self._district.energy_wh(
                customer.index,
                date.fromisoformat(usage["period_from"]),
                date.fromisoformat(usage["period_to"]),
                slots if route.manual else (0, 0),
            )
            assert usage["energy_wh"] == true
            self.seen["usage that the meter counted"] += 1

    async def _read(self, origin: Node) -> Node:
        node = await self._node(origin)
        read: Node = node["document"]
        (upload,) = node["derived_from"]
        assert upload["id"] == read["upload_id"]
        node = await self._node(upload)
        taken = node["document"]
        assert taken["accepted"] > 0
        if taken["kind"] == "device":
            (message,) = node["derived_from"]
            sent = (await self._node(message))["document"]
            assert sent["message_id"] == taken["message_id"] != ""
            assert sent["sender"] == taken["uploader"]
        else:
            assert taken["uploader"] == "uploader-1"
        return read
