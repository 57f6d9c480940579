"""Every bill is calculated twice, by implementations that do not know each other; where they differ it is held."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from services.billing.rating import second_opinion
from services.billing.rating.bulk import rate as bulk
from services.billing.rating.rating_types import RatedBill, Request
from services.billing.rating.tariff.book import TariffBook
from shared.events.billing import BillIssued
from tests.kits import billing as billing_kit
from tests.kits.billing import account, closed, usage


def a_fen_too_much(requests: Sequence[Request], book: TariffBook) -> list[RatedBill | None]:
    """Rate in bulk, and make the bill of contract C2 a fen dearer, as a fault in the bulk implementation would."""
    bills = bulk.rate(requests, book)
    return [
        bill if bill is None or request.contract != "C2" else replace(bill, total_fen=bill.total_fen + 1)
        for request, bill in zip(requests, bills, strict=True)
    ]


async def test_a_bill_on_which_the_two_implementations_differ_is_held_and_the_others_are_issued(
    database_url: str, tmp_path: Path
) -> None:
    rater = partial(second_opinion.rate, by=a_fen_too_much)
    async with billing_kit.desk(database_url, tmp_path, rater=rater) as desk:
        await desk.open(account(1), account(2), account(3))
        usages = [usage(1), usage(2), usage(3)]
        await desk.measure(*usages)
        await desk.close(closed(usages))
        await desk.work()
        assert await desk.bills("contract_no", "status") == [("C1", "issued"), ("C2", "held"), ("C3", "issued")]
        assert [fact.account_no for fact in await desk.published(BillIssued)] == ["A1", "A3"]
        async with desk.client() as client:
            (held,) = (await client.get("/v1/review-queue")).json()["items"]
            metrics = (await client.get("/metrics")).text
    assert "bill_differs" in str(held["findings"])
    assert 'wattline_bills_rated_total{result="differing"} 1.0' in metrics
    assert 'wattline_bills_rated_total{result="agreeing"} 2.0' in metrics


async def test_bills_that_are_left_to_the_reference_are_counted(database_url: str, tmp_path: Path) -> None:
    def without_c2(requests: Sequence[Request], book: TariffBook) -> list[RatedBill | None]:
        bills = bulk.rate(requests, book)
        return [None if r.contract == "C2" else bill for r, bill in zip(requests, bills, strict=True)]

    rater = partial(second_opinion.rate, by=without_c2)
    async with billing_kit.desk(database_url, tmp_path, rater=rater) as desk:
        await desk.open(account(1), account(2))
        await desk.measure(usage(1), usage(2))
        async with desk.client() as client:
            metrics = (await client.get("/metrics")).text
    assert 'wattline_bills_rated_total{result="alone"} 1.0' in metrics
    assert 'wattline_bills_rated_total{result="agreeing"} 1.0' in metrics
    assert 'wattline_bills_rated_total{result="differing"} 0.0' in metrics


async def test_the_bulk_implementation_rates_in_production(database_url: str, tmp_path: Path) -> None:
    asked: list[int] = []

    def counted(requests: Sequence[Request], book: TariffBook) -> list[RatedBill | None]:
        bills = bulk.rate(requests, book)
        asked.append(sum(bill is not None for bill in bills))
        return bills

    async with billing_kit.desk(database_url, tmp_path, rater=partial(second_opinion.rate, by=counted)) as desk:
        await desk.open(account(1), account(2))
        await desk.measure(usage(1), usage(2))
        assert await desk.bills("status") == [("ready",), ("ready",)]
    assert sum(asked) == 2
