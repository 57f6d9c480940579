"""Who is charged by a case is told in both languages, and told again where the charge is taken back."""

from datetime import date
from pathlib import Path
from typing import Any

from shared.events.billing import Charge, ChargeIssued, ChargeWithdrawn
from tests.integration.notify.kinds.test_disputes import mails
from tests.kits.told_facts import ORG


def charge(number: str, component: Any, fen: int) -> Charge:
    return Charge(
        charge_no=number,
        case_no="CASE-1",
        account_no="a0001",
        service_point_no="sp0001",
        org_unit=ORG,
        component=component,
        amount_fen=fen,
        cycle="2026-03",
        issued_on=date(2026, 3, 10),
        due_on=date(2026, 3, 30),
        rule="theft",
        policy="CN/supply-rules@1996",
        policy_hash="a" * 64,
    )


async def test_back_billing_and_penalty_are_told_apart_and_what_is_taken_back_too(
    database_url: str, tmp_path: Path
) -> None:
    back, penalty = charge("C1", "back_billing", 64_800), charge("C2", "penalty", 194_400)
    told = [ChargeIssued(account_no="a0001", charge=one) for one in (back, penalty)]
    gone = ChargeWithdrawn(account_no="a0001", charge=penalty, withdrawn_on=date(2026, 4, 2), cause="waived")
    said = await mails(database_url, tmp_path, *told, gone, told[0], gone)
    english = [" ".join(text.split()) for to, text in said if to == "en"]
    chinese = [text for to, text in said if to == "zh"]
    assert (len(english), len(chinese)) == (3, 3), "each once"
    for words in ("was not billed, CNY 648.00", "breach of contract, CNY 1944.00", "pay it by 2026-03-30"):
        assert any(words in text for text in english), (words, english)
    assert any("was taken back on 2026-04-02" in text for text in english)
    for words in ("追补电费 648.00 元", "违约使用电费 1944.00 元", "已于 2026-04-02 撤销"):
        assert any(words in text for text in chinese), (words, chinese)
