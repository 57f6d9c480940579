"""Each finding is said in words, Chinese and English, with its values."""

import ast
import re
from pathlib import Path

import pytest

from services.billing.rating.tariff.codes import FINDINGS
from services.billing.review.domain import said as spoken
from services.billing.review.domain.findings import NOT_RATED, OF_NO_RULE
from services.billing.review.domain.rules.registry import RULES
from services.billing.review.domain.said import said

ROOT = Path(__file__).parents[4]
BILLING = ROOT / "services" / "billing"


def test_a_finding_is_said_with_its_values_in_the_units_that_people_read() -> None:
    found = {"code": "billing.implausible_home", "values": {"energy_wh": 3_000_500, "limit_wh": 1_000_000}}
    assert said(found, "en") == "A home used 3000.5 kWh, above the plausible 1000 kWh."
    assert said(found, "zh") == "居民户本期电量 3000.5 kWh，超过合理上限 1000 kWh。"
    amount = {"code": "billing.abnormal_amount", "values": {"total_fen": -200_005, "limit_fen": 200_000}}
    assert said(amount, "en") == "The bill is -2000.05 yuan, above the limit of its class, 2000.00 yuan."
    assert "-2000.05 元" in said(amount, "zh")


def test_values_that_a_finding_has_not_are_shown_as_not_known() -> None:
    assert said({"code": "billing.implausible_home"}, "en") == "A home used ?, above the plausible ?."


def test_what_could_not_be_rated_says_why_and_where() -> None:
    found = {
        "code": "billing.not_rated",
        "values": {"code": "read_missing_at_change", "pointer": "/usage", "day": "2026-01-05"},
    }
    assert said(found, "en").startswith("Could not be rated: the switch is split_by_read and there is no read")
    assert said(found, "en").endswith("(/usage 2026-01-05).")
    assert said(found, "zh") == "未能计费：read_missing_at_change (/usage 2026-01-05)。"


@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_findings_of_rating_have_words_in_both_languages(code: str) -> None:
    found = {"code": f"rating.{code}"}
    assert re.search("[一-鿿]", said(found, "zh"))
    assert said(found, "en").lower().startswith(FINDINGS[code].lower())


def test_a_finding_that_nobody_knows_is_shown_by_its_code() -> None:
    assert said({"code": "reading.of_tomorrow"}, "zh") == "reading.of_tomorrow"
    assert said({"code": "rating.of_tomorrow"}, "en") == "rating.of_tomorrow"


def test_every_code_that_billing_finds_has_words() -> None:
    """Each `billing.…` code that the service names in a finding is in the catalogue or among what no rule finds."""
    codes = {
        node.value
        for path in BILLING.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding"
        for node in call.args[:1]
        if isinstance(node, ast.Constant) and str(node.value).startswith("billing.")
    }
    codes |= {rule.code for rule in RULES} | OF_NO_RULE - {NOT_RATED}
    known = {*spoken.OF_RULES, *spoken.OTHERS}
    assert codes - known == set()


@pytest.mark.parametrize("words", [*spoken.OF_RULES.values(), *spoken.OTHERS.values(), *spoken.READS.values()])
def test_both_languages_say_the_same_values(words: spoken.Words) -> None:
    fields = [sorted(re.findall(r"{\w+(?::\w+)?}", text)) for text in (words.zh, words.en)]
    assert fields[0] == fields[1]
    assert re.search("[一-鿿]", words.zh)
    assert words.en.endswith(".")
