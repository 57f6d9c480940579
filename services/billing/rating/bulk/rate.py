"""Requests in, bills out: requests of one form are rated together as columns."""

from collections.abc import Iterator, Sequence
from typing import Final

from services.billing.rating.bulk import answers, engine, forms
from services.billing.rating.bulk.work import Unsupported
from services.billing.rating.rating_types import RatedBill, Request
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.codes import Refused

ROWS_MAX: Final = 65_536
"""Rows of a chunk: 65,536 rows × 8 bytes × some hundred columns stay below 100 MiB however large the batch."""
SLOTS_MAX: Final = 2**22
"""Slots of curves of a chunk: 32 MiB of them."""


def rate(requests: Sequence[Request], book: TariffBook) -> list[RatedBill | None]:
    """Rate requests in their order; None for those that are left to the reference.

    These are rows whose numbers could leave int64, forms with a rule that only the reference has, and requests that are not
    well formed.
    """
    marks, figures = forms.people_marks(book), forms.form_figures(book)
    groups: dict[forms.Form, list[int]] = {}
    for index, request in enumerate(requests):
        try:
            groups.setdefault(forms.form_of(request, marks, figures), []).append(index)
        except (AttributeError, KeyError, TypeError):
            continue  # not well formed: the reference says what is wrong with it
    out: list[RatedBill | None] = [None] * len(requests)
    for rows in groups.values():
        plan = forms.plan(requests[rows[0]], book)
        for chunk in _chunks(plan, rows):
            for index, bill in zip(chunk, _rate_form(plan, [requests[i] for i in chunk]), strict=True):
                out[index] = bill
    return out


def _chunks(plan: forms.Plan, rows: list[int]) -> Iterator[list[int]]:
    slots = sum(len(c.wh) for p in plan.request.usage for c in p.curves)
    size = min(ROWS_MAX, max(1, SLOTS_MAX // slots)) if slots else ROWS_MAX
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _rate_form(plan: forms.Plan, requests: Sequence[Request]) -> list[RatedBill | None]:
    columns, apart = forms.columns(plan, requests)
    try:
        rated = engine.rate_columns(plan, columns, len(requests))
    except Refused as refused:
        return [answers.refusal(request, refused) for request in requests]
    except Unsupported:
        return [None] * len(requests)
    bills = answers.bills(rated, requests)
    for index in apart.nonzero()[0].tolist():
        bills[index] = None
    return bills
