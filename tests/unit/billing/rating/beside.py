"""The bulk implementation beside the reference: every bill of a test is rated by both and must be the same."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.billing.rating import rating, second_opinion
from services.billing.rating.bulk import rate as bulk


def both(requests: Sequence[rating.Request], book: rating.TariffBook) -> list[rating.RatedBill]:
    """The bills, which both implementations give."""
    bills = []
    for mine, other in zip(bulk.rate(requests, book), rating.rate(requests, book), strict=True):
        assert mine is not None
        assert second_opinion.difference(mine, other) is None, (mine, other)
        bills.append(mine)
    return bills


def document(base: dict[str, Any], **changes: Any) -> rating.TariffBook:
    return rating.load_book([{**base, "id": "t", **changes}])


def by_curve(
    first: date, last: date, minutes: int, wh: Sequence[int | None], zone: str, repeat: bool = True, **more: Any
) -> rating.Request:
    start, end = (datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) for d in (first, last))
    count = int((end - start).total_seconds()) // 60 // minutes
    slots = [wh[i % len(wh)] for i in range(count)] if repeat else list(wh)
    return rating.request(
        contract="c",
        tariff="t",
        period=(first, last),
        bill_months=[first.replace(day=1)],
        usage_wh={},
        curves=[rating.Curve("import", start, minutes, slots)],
        facts=[rating.AccountSpan(date(2020, 1, 1))],
        **more,
    )
