"""Templates: what is refused when they are loaded, and that figures are shown exactly."""

import copy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.templates import domain as templates
from services.notify.templates.domain import Catalogue, InvalidTemplate
from shared import money
from tests.kits.notify import CATALOGUE, KINDS

REMINDER: dict[str, Any] = {
    "template": "reminder",
    "version": 1,
    "effective_from": "2000-01-01",
    "texts": {
        "zh": {
            "subject": "电费催缴通知 户号 {account_no}",
            "body": [
                "尊敬的客户：",
                "",
                "户号 {account_no} 有电费 {outstanding_yuan} 元，应于 {due_on} 前缴纳，截至 {business_date} 尚未结清。",
                "如已缴纳，请忽略本通知。",
                "",
                "本邮件由系统自动发送。",
            ],
        },
        "en": {
            "subject": "Payment reminder, account {account_no}",
            "body": [
                "Dear customer,",
                "",
                "account {account_no} owes CNY {outstanding_yuan}, due on {due_on}, still open on {business_date}.",
                "If you have paid in the meantime, please ignore this message.",
                "",
                "This message was sent automatically.",
            ],
        },
    },
}
FIGURES_OF_REMINDER = {
    "account_no": "3301000001",
    "outstanding_fen": 12305,
    "due_on": "2026-02-20",
    "business_date": "2026-03-05",
}


def changed(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(REMINDER)
    *parents, last = path.split("/")
    target = document
    for step in parents:
        target = target[step]
    target[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("texts/zh/subject", "{name}", "template.unknown_placeholder"),
        ("texts/zh/body", ["{outstanding_fen}"], "template.unknown_placeholder"),
        ("texts/en/body", ["{account_no.__class__}"], "template.unknown_placeholder"),
        ("texts/en/body", ["{account_no[0]}"], "template.unknown_placeholder"),
        ("texts/en/body", ["{account_no!r}"], "template.unknown_placeholder"),
        ("texts/en/body", ["{account_no:>1000000}"], "template.unknown_placeholder"),
        ("texts/en/body", ["{}"], "template.unknown_placeholder"),
        ("texts/en/body", ["{account_no"], "template.braces"),
        ("texts/en/subject", "two\nlines", "template.subject"),
        ("texts/en/body", ["x" * 10_001], "template.too_long"),
        ("texts/en/words", {"due_on": {"x": "y"}}, "template.words_without_default"),
        ("texts/en/words", {"due_on": {"*": "{name}"}}, "template.unknown_placeholder"),
        ("texts/en/words", {"outstanding_fen": {"*": "y"}}, "template.unknown_placeholder"),
        ("texts/en/words", {"colour": {"*": "y"}}, "template.unknown_placeholder"),
        ("texts/en", {"subject": "x"}, "template.fields"),
        ("texts", {"zh": REMINDER["texts"]["zh"]}, "template.languages"),
        ("template", "greeting", "template.unknown_name"),
        ("version", 0, "template.version"),
        ("effective_from", "soon", "template.effective_from"),
        ("colour", "red", "template.fields"),
    ],
)
def test_a_template_with_a_fault_is_refused_with_its_code(path: str, value: Any, code: str) -> None:
    with pytest.raises(InvalidTemplate) as refused:
        Catalogue([templates.load(changed(path, value))], KINDS)
    assert refused.value.code == code


def test_a_text_of_ones_own_has_the_form_of_those_that_ship() -> None:
    assert templates.load(REMINDER) == replace(KINDS["reminder"].templates[0], tones={})


def test_a_version_given_twice_is_refused() -> None:
    rest = [t for t in CATALOGUE.all() if t.name != "reminder"]
    with pytest.raises(InvalidTemplate) as refused:
        Catalogue([*rest, templates.load(REMINDER), templates.load(REMINDER)], KINDS)
    assert refused.value.code == "template.version_given_twice"


def test_a_catalogue_without_one_of_the_templates_is_refused() -> None:
    with pytest.raises(InvalidTemplate) as refused:
        Catalogue([templates.load(REMINDER)], KINDS)
    assert refused.value.code == "template.missing"


def test_the_version_in_force_on_the_day_of_the_cause_is_used() -> None:
    second = changed("texts/en/subject", "new words") | {"version": 2, "effective_from": "2026-03-01"}
    catalogue = Catalogue([*CATALOGUE.all(), templates.load(second)], KINDS)
    assert catalogue.on("reminder", date(2026, 2, 28)).version == 1
    assert catalogue.on("reminder", date(2026, 3, 1)).version == 2


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_shipped_template_renders_with_the_figures_of_its_causes(name: str, language: str) -> None:
    shown = {"_fen": 12345, "_wh": 12345, "_instant": "2026-02-02T02:00:00+00:00"}
    figures = {f: next((shown[e] for e in shown if f.endswith(e)), "2026-01") for f in KINDS[name].figures}
    text = templates.render(CATALOGUE.on(name, date(2026, 1, 1)), language, figures)
    assert "{" not in text.subject + text.body
    assert text.subject


def test_a_reminder_names_the_amount_to_the_fen() -> None:
    text = templates.render(templates.load(REMINDER), "en", FIGURES_OF_REMINDER)
    assert "CNY 123.05" in text.body


SHORT = {
    language: {
        "subject": "Bill {account_no}",
        "body": ["{outstanding_yuan}"],
        "short": "{account_no}: {outstanding_yuan}",
    }
    for language in ("zh", "en")
}


def test_an_sms_says_the_short_of_its_template_or_else_the_subject() -> None:
    figures = {"account_no": "a1", "outstanding_fen": 12345, "due_on": "2026-02-20", "business_date": "2026-03-01"}
    given = {"template": "reminder", "version": 1, "effective_from": "2026-01-01", "texts": SHORT}
    assert templates.render(templates.load(given), "en", figures).short == "a1: 123.45"
    plain = {name: {part: text for part, text in each.items() if part != "short"} for name, each in SHORT.items()}
    assert templates.render(templates.load(given | {"texts": plain}), "en", figures).short == "Bill a1"


def test_braces_in_a_figure_are_text() -> None:
    text = templates.render(templates.load(REMINDER), "en", FIGURES_OF_REMINDER | {"account_no": "{due_on}"})
    assert "{due_on}" in text.subject


def test_the_hash_of_the_content_changes_with_one_fen() -> None:
    one = templates.render(templates.load(REMINDER), "zh", FIGURES_OF_REMINDER)
    other = templates.render(templates.load(REMINDER), "zh", FIGURES_OF_REMINDER | {"outstanding_fen": 12306})
    assert one.content_hash != other.content_hash


@given(st.integers(-(2**63), 2**63))
def test_yuan_shows_every_fen(fen: int) -> None:
    text = money.yuan(fen)
    assert int(text.replace(".", "")) == fen
    assert text[-3] == "."


@given(st.integers(-(2**63), 2**63))
def test_kwh_shows_every_wh(wh: int) -> None:
    whole, _, part = templates.kwh(wh).partition(".")
    assert abs(int(whole)) * 1000 + int(part.ljust(3, "0")) == abs(wh)
    assert templates.kwh(wh).startswith("-") == (wh < 0)


BILL = dict.fromkeys(KINDS["bill_issued"].figures, "2026-01") | {"energy_wh": 1000, "due_on": "2026-02-20"}
CORRECTION = dict.fromkeys(KINDS["bill_corrected"].figures, "2026-01") | {
    "bills": 1,
    "old_fen": 10_000,
    "new_fen": 8_000,
}
DAY = date(2026, 2, 2)


def shown(name: str, language: str, figures: templates.Figures) -> str:
    return templates.render(CATALOGUE.on(name, DAY), language, figures).body


@pytest.mark.parametrize(
    ("language", "total_fen", "said", "not_said"),
    [
        ("zh", 5_000, ["本期电费：50.00 元", "预存电费先行抵扣", "请于 2026-02-20 前缴纳不足部分"], ["应缴电费"]),
        ("zh", 0, ["本期电费：0.00 元，无须缴费"], ["应缴", "2026-02-20", "请于"]),
        ("zh", -11_000, ["110.00 元已退入您的账户", "本期无须缴费"], ["-110", "应缴", "2026-02-20", "请于"]),
        ("en", 5_000, ["CNY 50.00", "Prepayment on your account is used first", "by 2026-02-20"], ["Amount due"]),
        ("en", 0, ["CNY 0.00. Nothing is to pay."], ["due", "2026-02-20", "Please"]),
        ("en", -11_000, ["CNY 110.00 is credited", "Nothing is to pay."], ["-110", "due", "2026-02-20", "Please"]),
    ],
)
def test_a_bill_asks_for_nothing_that_is_not_owed(
    language: str, total_fen: int, said: list[str], not_said: list[str]
) -> None:
    body = shown("bill_issued", language, BILL | {"total_fen": total_fen})
    assert [part for part in said if part not in body] == []
    assert [part for part in not_said if part in body] == []


@pytest.mark.parametrize(
    ("language", "difference_fen", "due_on", "said", "not_said"),
    [
        ("zh", 2_000, "2026-02-20", ["比原金额多 20.00 元", "预存电费先行抵扣", "2026-02-20"], []),
        ("zh", -2_000, "-", ["比原金额少 20.00 元", "无须缴费"], ["-20", "缴费截止日", "请于"]),
        ("zh", 0, "-", ["金额不变", "无须缴费"], ["缴费截止日", "请于"]),
        ("en", 2_000, "2026-02-20", ["CNY 20.00 more", "What you have paid", "by 2026-02-20"], ["Pay by"]),
        ("en", -2_000, "-", ["CNY 20.00 less", "Nothing is to pay."], ["-20", "Please"]),
        ("en", 0, "-", ["does not change", "Nothing is to pay."], ["Please"]),
    ],
)
def test_a_correction_asks_for_nothing_that_is_not_owed(
    language: str, difference_fen: int, due_on: str, said: list[str], not_said: list[str]
) -> None:
    body = shown("bill_corrected", language, CORRECTION | {"difference_fen": difference_fen, "due_on": due_on})
    assert [part for part in said if part not in body] == []
    assert [part for part in not_said if part in body] == []


VISIT = KINDS["visit"].templates[0]


@pytest.mark.parametrize(
    "change",
    [
        {"body": "We come on {visit_on}."},
        {"words": {**VISIT.texts["en"].words, "answering": {"link": "Please answer.", "*": ""}}},
        {"words": {name: words for name, words in VISIT.texts["en"].words.items() if name != "answer"}},
    ],
)
def test_a_question_that_does_not_say_how_to_answer_is_refused(change: dict[str, Any]) -> None:
    texts = {**VISIT.texts, "en": replace(VISIT.texts["en"], **change)}
    kinds = {"visit": KINDS["visit"]}
    with pytest.raises(InvalidTemplate, match=r"template\.no_way_to_answer: visit v1 en"):
        Catalogue([replace(VISIT, texts=texts)], kinds)
    Catalogue([VISIT], kinds)


@pytest.mark.parametrize(("once", "said"), [("true", "this once"), ("false", "From 2026-04 on")])
def test_a_read_day_that_was_changed_is_told_as_a_new_day_or_a_single_visit(once: str, said: str) -> None:
    figures = dict.fromkeys(KINDS["read_day_changed"].figures, "2026-04") | {"once": once}
    assert said in shown("read_day_changed", "en", figures)


def with_tone(**change: Any) -> dict[str, Any]:
    """Return the reminder with a firm tone, as a document, one language of it changed."""
    own = copy.deepcopy(REMINDER)
    own["tones"] = {"firm": copy.deepcopy(REMINDER["texts"])}
    own["tones"]["firm"]["en"] |= change
    return own


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"body": ["account {account_no} owes CNY {outstanding_yuan}."]}, "template.tone_says_something_else"),
        ({"subject": "Pay, account {account_no}, by {due_on}"}, "template.tone_says_something_else"),
        ({"words": {"due_on": {"*": "today"}}}, "template.tone_says_something_else"),
        ({"body": ["{nothing}"]}, "template.unknown_placeholder"),
    ],
)
def test_a_tone_that_says_something_else_is_refused(change: dict[str, Any], code: str) -> None:
    others = [template for name, kind in KINDS.items() if name != "reminder" for template in kind.templates]
    Catalogue([templates.load(with_tone(subject="Account {account_no}: pay now")), *others], KINDS)
    with pytest.raises(InvalidTemplate) as refused:
        Catalogue([templates.load(with_tone(**change)), *others], KINDS)
    assert refused.value.code == code


def test_a_tone_that_nobody_knows_or_that_lacks_a_language_is_refused() -> None:
    others = [template for name, kind in KINDS.items() if name != "reminder" for template in kind.templates]
    for tones, code in (
        ({"shrill": REMINDER["texts"]}, "template.unknown_tone"),
        ({"firm": {"zh": REMINDER["texts"]["zh"]}}, "template.languages"),
    ):
        with pytest.raises(InvalidTemplate) as refused:
            Catalogue([templates.load(REMINDER | {"tones": tones}), *others], KINDS)
        assert refused.value.code == code
