"""Any finding of billing in words: of the review rules, of reads and rating, and those that no rule finds. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from services.billing.rating.tariff import codes
from services.billing.rating.tariff.codes import FINDINGS
from services.billing.review.domain import findings
from services.billing.review.domain.rules.of_runs import RUN_RULES
from services.billing.review.domain.rules.registry import RULES
from services.billing.review.domain.words import Language, Words

OF_RULES: Final[Mapping[str, Words]] = {rule.code: rule.words for rule in RULES}
OTHERS: Final[Mapping[str, Words]] = {
    findings.HELD_BY_REVIEWER: Words("由审核人员扣留。", "A reviewer holds the bill."),
    findings.SENT_TO_SITE: Words(
        "按规则派现场核实（{kind}，因 {code}）。", "Sent to site by a rule ({kind}, for {code})."
    ),
    findings.ACCOUNT_CHANGED: Words(
        "已发行账单所依据的用户档案有变更。", "Account data of an issued bill were changed."
    ),
    findings.TARIFF_CHANGED: Words("账单所依据的电价文件有变更。", "A rating document of the bill was changed."),
    findings.SUB_METER_CHANGED: Words(
        "已发行账单所扣减的套表电量有变更。", "What a sub-meter of the bill measured was told again."
    ),
    findings.LARGE_CORRECTION: Words(
        "更正金额 {amount_fen:yuan}，须两人审批。", "The correction is of {amount_fen:yuan}: two people decide on it."
    ),
    findings.SENT_TO_SITE: Words(
        "已派现场核实（{kind}），因 {code}。", "It is looked at on site ({kind}) because of {code}."
    ),
    findings.TAKEN_BACK: Words(
        "拟撤回已发行账单，无替代账单。", "An issued bill is to be taken back, with nothing in its place."
    ),
    **{rule.code: rule.words for rule in RUN_RULES},
    findings.FROZEN: Words("已冻结，解冻前不发行。", "It is frozen, and does not go out before that ends."),
}
"""What no review rule finds, and what is found of a run."""
READS: Final[Mapping[str, Words]] = {
    "reading.contradicted": Words("该示数与其他示数矛盾。", "The register is contradicted by others."),
    "reading.curve_beyond_possible": Words("负荷曲线有不可能的数值。", "A day curve has values that are not possible."),
    "reading.curve_filled": Words("负荷曲线缺值已补。", "Missing values of a day curve were filled."),
    "reading.curve_gap": Words("负荷曲线有缺值。", "A day curve has missing values."),
    "reading.curve_sum_differs": Words("负荷曲线合计与示数差不符。", "A day curve does not sum to its register."),
    "reading.high_usage": Words("抄表复核：日均电量偏高。", "Reading found the daily average high."),
    "reading.low_usage": Words("抄表复核：日均电量偏低。", "Reading found the daily average low."),
    "reading.impossible_usage": Words("抄表复核：示数走字超过可能值。", "A register ran farther than it can."),
    "reading.missing_read": Words("本期无抄表示数。", "There was no read."),
    "reading.negative_usage": Words("抄表复核：示数倒走。", "A register ran backwards."),
    "reading.own_read_contradicted": Words(
        "用户自抄示数与其后示数矛盾。", "The customer's own read is contradicted since."
    ),
    "reading.own_read_doubted": Words("用户自抄示数存疑。", "The next read lets doubt the customer's own read."),
    "reading.rolled_over": Words("表计翻转。", "A face passed its last number."),
}
_RATING_ZH: Final[Mapping[str, str]] = {
    "period_sum_differs": "分时电量之和与总电量不符。",
    "read_missing_at_change": "价格变动日无示数，已按天数划分。",
    "energy_divided": "未分时计量的电量已按电价规则划分。",
    "no_active_energy": "无有功电量，不作力率调整。",
    "usage_negative": "按负电量计费。",
    "quantity_below_zero": "派生电量小于零，按零计。",
    "not_of_the_tariff": "该版电价不认识用户的选项、参数或电量名称。",
    "no_charge_applies": "没有适用于该户的电费项目，电量未计费。",
    "curves_differ": "同一电量有两条不同的曲线，取第一条。",
    "curve_register_differs": "曲线与示数不符，以示数为总量。",
    "bill_differs": "两套计算结果不一致，账单扣留。",
}


RATING: Final = tuple(f"rating.{code}" for code in FINDINGS)
"""The codes of rating that a bill carries."""


def is_known(code: str) -> bool:
    """Return whether billing has findings of a code."""
    return code in OF_RULES or code in OTHERS or code in READS or code in RATING


def said(finding: Mapping[str, Any], language: Language) -> str:
    """Return a finding, as it is stored and shown, in words of a language; its code where nothing else is known of it."""
    code, values = str(finding["code"]), finding.get("values") or {}
    if code == findings.NOT_RATED:
        return _not_rated(values, language)
    words = OF_RULES.get(code) or OTHERS.get(code) or READS.get(code)
    if words is not None:
        return words.said(language, values)
    family, _, own = code.partition(".")
    if family == "rating" and own in FINDINGS:
        english = f"{FINDINGS[own][:1].upper()}{FINDINGS[own][1:]}."
        return Words(_RATING_ZH.get(own, own), english).said(language, {})
    return code


def _not_rated(values: Mapping[str, Any], language: Language) -> str:
    code = str(values.get("code", "?"))
    text = f"未能计费：{code}" if language == "zh" else f"Could not be rated: {codes.RATING.get(code, code)}"
    where = " ".join(str(values[name]) for name in ("pointer", "day") if values.get(name))
    return f"{text}{f' ({where})' if where else ''}{'。' if language == 'zh' else '.'}"
