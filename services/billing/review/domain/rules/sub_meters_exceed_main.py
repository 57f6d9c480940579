"""A main meter below its sub-meters (总表小于套表之和). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find sub-meters that measured more than their main meter."""
    if not bill.sub_meters or (wh := sum(bill.sub_meters.values())) <= bill.energy_wh:
        return None
    return Finding(RULE.code, limit, {"wh": wh, "main_wh": bill.energy_wh})


RULE: Final = Rule(
    code="billing.sub_meters_exceed_main",
    section="sub_meters_exceed_main",
    source="审核: 总表电量小于分表电量之和.",
    title=Words("总表小于套表", "A main meter below its sub-meters"),
    words=Words(
        "套表电量合计 {wh:kwh}，大于总表 {main_wh:kwh}。",
        "The sub-meters measured {wh:kwh}, more than the main meter's {main_wh:kwh}.",
    ),
    read=severity,
    find=find,
)
