"""What a customer reads of a correction, in both styles and languages: before, after, difference, and what to do."""

import json
from collections.abc import Sequence
from datetime import date

import pytest

from services.notify.templates import domain as templates
from shared.events.billing import Bill, BillCorrected, Difference
from tests.kits.notify import CATALOGUE, Notify, contact
from tests.kits.told_facts import bill, corrected

DAY = date(2026, 2, 10)


def correction(new_fen: Sequence[int | None], *, by_difference: bool) -> BillCorrected:
    """A correction of bills of 100.00 yuan each, one for each new total; none: cancelled."""
    olds = [bill(n + 1, account_no="a0001", total_fen=10_000) for n in range(len(new_fen))]
    news: list[Bill | None] = [
        None if fen is None else old.model_copy(update={"total_fen": fen, "due_on": date(2026, 3, 2), "version": 2})
        for old, fen in zip(olds, new_fen, strict=True)
    ]
    told = [
        Difference(
            difference_id=f"d-{old.bill_id}",
            bill_id=old.bill_id,
            replacement_id=new.bill_id if new else None,
            cycle=old.cycle,
            due_on=date(2026, 3, 2),
            total_fen=(new.total_fen if new else 0) - old.total_fen,
            components=(),
        )
        for old, new in zip(olds, news, strict=True)
    ]
    return BillCorrected(
        account_no="a0001",
        correction_id="correction-1",
        corrected_on=DAY,
        reason="misread",
        reversals=tuple(olds),
        replacements=tuple(new for new in news if new),
        differences=tuple(told) if by_difference else (),
    )


async def text(notify: Notify, fact: BillCorrected, language: str) -> str:
    await notify.put(contact(1))
    await notify.handle(fact)
    (notice,) = await notify.notices()
    figures = json.loads(notice.figures)
    return templates.render(CATALOGUE.on("bill_corrected", DAY), language, figures).body


@pytest.mark.parametrize(
    ("new_fen", "by_difference", "shown"),
    [
        ([12_000], False, ["before: CNY 100.00", "now: CNY 120.00", "earlier bills are reversed", "by 2026-03-02"]),
        ([None], False, ["CNY 100.00 less", "The bill is cancelled", "Nothing is to pay."]),
        ([12_000], True, ["CNY 20.00 more", "earlier bills stand", "is charged", "by 2026-03-02"]),
        ([7_000], True, ["CNY 30.00 less", "earlier bills stand", "is credited", "Nothing is to pay."]),
        ([None], True, ["Total now: CNY 0.00", "CNY 100.00 less", "is credited", "Nothing is to pay."]),
        ([10_000], True, ["amount does not change", "total to pay does not change", "Nothing is to pay."]),
        ([4_000, 10_500], True, ["2 bill(s)", "CNY 55.00 less", "is credited", "by 2026-03-02"]),
    ],
)
async def test_a_correction_says_before_after_difference_and_how_it_is_settled(
    notify: Notify, new_fen: list[int | None], by_difference: bool, shown: list[str]
) -> None:
    told = await text(notify, correction(new_fen, by_difference=by_difference), "en")
    assert [part for part in shown if part not in told] == [], told


async def test_the_chinese_text_says_that_the_bill_stands(notify: Notify) -> None:
    told = await text(notify, correction([7_000], by_difference=True), "zh")
    parts = ("原金额合计：100.00 元", "更正后合计：70.00 元", "比原金额少 30.00 元", "原账单继续有效", "退入您的账户")
    assert [part for part in parts if part not in told] == [], told


async def test_a_correction_names_the_old_and_the_new_total(notify: Notify) -> None:
    await notify.put(contact(1))
    await notify.handle(corrected(1))
    (notice,) = await notify.notices()
    assert f'"old_fen":{bill(1).total_fen},"new_fen":9000,"difference_fen":-1001' in notice.figures
