"""The pages by which a customer answers: plain HTML, no script, nothing loaded, all that is shown escaped."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from services.notify.questions.domain import figures
from services.notify.questions.domain.figures import AskedFigure

STYLE = (
    "body{font:1.1em/1.6 sans-serif;max-width:36em;margin:1em auto;padding:0 1em}"
    "button,input{font:inherit;display:block;width:100%;margin:1em 0;padding:.6em;box-sizing:border-box}"
    "small{display:block}.fault{border-left:.3em solid #b00;padding-left:.7em}"
    ".said{border-left:.3em solid;padding-left:.7em}nav{text-align:right}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""What every page is sent with: nobody may frame, keep or index it, and its address goes to nobody else."""

VALUE_LENGTH_MAX: Final = 24  # characters of one figure, as typed
LANGUAGES: Final[Mapping[str, str]] = {"zh": "中文", "en": "English"}
SAID: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "open": "请于 {answer_by} 当日或之前选择您的答复。答复后不能更改；如有变动，请来电。",
        "open_figures": "请于 {answer_by} 当日或之前按表计显示填写并提交。提交后不能更改；如有误，请来电。",
        "bad_figures": "尚未提交：请更正下列标出的示数后再次提交。",
        "answered": "您的答复：{answer}（{closed_on} 收到）。谢谢！",
        "answered_still": "您的答复：{answer}（{closed_on} 收到）。谢谢！您仍可改为下列答复。",
        "expired_still": "答复期限（{answer_by}）已过。您仍可作出下列答复，我们将人工处理。",
        "already_answered": "此前已收到答复：{answer}（{closed_on}）。首次答复有效；如有变动，请来电。",
        "expired": "答复期限（{answer_by}）已过。如仍需答复，请来电。",
        "withdrawn": "此项征询已撤回，无须答复。",
        "unknown": "链接无效。请核对邮件中的完整链接，或来电咨询。",
        "unknown_title": "链接无效",
    },
    "en": {
        "open": "Please choose your answer by {answer_by}, that day included. To change it afterwards, please call us.",
        "open_figures": "Please enter what your meter shows, and send it by {answer_by}, that day included. To change it"
        " afterwards, please call us.",
        "bad_figures": "This was not sent yet: please put right what is marked below, and send it again.",
        "answered": "Your answer: {answer} (received on {closed_on}). Thank you.",
        "answered_still": "Your answer: {answer} (received on {closed_on}). Thank you. You may still give this one instead.",
        "expired_still": "The last day for an answer was {answer_by}. You may still give this one: somebody will look at it.",
        "already_answered": "There is an answer already: {answer} ({closed_on}). It counts; to change it, please call us.",
        "expired": "The last day for an answer was {answer_by}. If you still wish to answer, please call us.",
        "withdrawn": "This question was taken back. No answer is needed.",
        "unknown": "This link is not valid. Please check that it is complete, as in our message, or call us.",
        "unknown_title": "This link is not valid",
    },
}
"""What a page says of the question, by language and by how the question stands."""


HINTS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {"whole": "小数点前最多 {whole} 位", "decimals": "，小数点后最多 {decimals} 位", "told": "{label}：{value}"},
    "en": {
        "whole": "up to {whole} digits before the point",
        "decimals": ", up to {decimals} after it",
        "told": "{label}: {value}",
    },
}
FAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        figures.MISSING: "请填写此项。",
        figures.NOT_A_NUMBER: "这不是数字：请只填写数字和一个小数点。",
        figures.TOO_MANY_DIGITS: "小数点前的位数多于表计所能显示的位数。",
        figures.TOO_MANY_DECIMALS: "小数点后的位数多于表计所能显示的位数。",
    },
    "en": {
        figures.MISSING: "Please enter this one.",
        figures.NOT_A_NUMBER: "This is not a number: digits and one point only, please.",
        figures.TOO_MANY_DIGITS: "These are more digits before the point than your meter can show.",
        figures.TOO_MANY_DECIMALS: "These are more digits after the point than your meter can show.",
    },
}
"""What a page says of a figure: how it is typed, and how it was told; and what is wrong with one, by language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A figure on a page: what it is called there, what was typed or told, and what is wrong with that."""

    asked: AskedFigure
    label: str
    value: str = ""
    fault: str | None = None


def said(language: str, standing: str, figures: Mapping[str, str]) -> str:
    """Return what is said of a question that stands so."""
    return SAID[language][standing].format_map(figures)


def page(
    *,
    language: str,
    title: str,
    text: str,
    message: str,
    answers: Sequence[tuple[str, str]],
    entries: Sequence[Entry] = (),
) -> str:
    """Return the page of a question: its text, how it stands, and a button for each of `answers` (code and words).

    `entries`: the figures that are asked for, to be typed where there are answers to choose, else as they were told.
    """
    paragraphs = [part.replace("\n", "<br>") for part in escape(text.strip()).split("\n\n")]
    buttons = "".join(
        f'<button name="answer" value="{escape(code)}">{escape(words)}</button>' for code, words in answers
    )
    shown = "".join((_input if answers else _told)(language, n, each) for n, each in enumerate(entries))
    form = f'<form method="post" action="?lang={language}">{shown}{buttons}</form>' if answers else shown
    other = next(each for each in LANGUAGES if each != language)
    return _document(
        language,
        title,
        f'<nav><a href="?lang={other}">{LANGUAGES[other]}</a></nav><h1>{escape(title)}</h1>'
        + "".join(f"<p>{part}</p>" for part in paragraphs)
        + f'<p class="said">{escape(message)}</p>{form}',
    )


def _input(language: str, number: int, entry: Entry) -> str:
    hints = HINTS[language]
    hint = hints["whole"].format(whole=entry.asked.whole)
    if entry.asked.decimals:
        hint += hints["decimals"].format(decimals=entry.asked.decimals)
    fault = f'<p class="fault" id="fault{number}">{escape(FAULTS[language][entry.fault])}</p>' if entry.fault else ""
    wrong = f' aria-invalid="true" aria-describedby="fault{number}"' if entry.fault else ""
    return (
        f'<label for="figure{number}">{escape(entry.label)}<small>{escape(hint)}</small></label>{fault}'
        f'<input id="figure{number}" name="figure.{escape(entry.asked.name)}" value="{escape(entry.value)}"'
        f' inputmode="decimal" autocomplete="off" maxlength="{VALUE_LENGTH_MAX}"{wrong}>'
    )


def _told(language: str, _number: int, entry: Entry) -> str:
    said = HINTS[language]["told"].format(label=entry.label, value=entry.value)
    return f"<p>{escape(said)}</p>" if entry.value else ""


def unknown() -> str:
    """Return the page of a link that nobody knows: in both languages, since nobody knows whose it would be."""
    parts = [
        f"<h1>{escape(SAID[each]['unknown_title'])}</h1><p>{escape(SAID[each]['unknown'])}</p>" for each in LANGUAGES
    ]
    return _document("zh", SAID["zh"]["unknown_title"], "".join(parts))


def _document(language: str, title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
