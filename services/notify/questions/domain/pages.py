"""The pages by which a customer answers: plain HTML, no script, nothing loaded, all that is shown escaped."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

STYLE = (
    "body{font:1.1em/1.6 sans-serif;max-width:36em;margin:1em auto;padding:0 1em}"
    "button{font:inherit;display:block;width:100%;margin:1em 0;padding:.6em}"
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

LANGUAGES: Final[Mapping[str, str]] = {"zh": "中文", "en": "English"}
SAID: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "open": "请于 {answer_by} 当日或之前选择您的答复。答复后不能更改；如有变动，请来电。",
        "answered": "您的答复：{answer}（{closed_on} 收到）。谢谢！",
        "already_answered": "此前已收到答复：{answer}（{closed_on}）。首次答复有效；如有变动，请来电。",
        "expired": "答复期限（{answer_by}）已过。如仍需答复，请来电。",
        "withdrawn": "此项征询已撤回，无须答复。",
        "unknown": "链接无效。请核对邮件中的完整链接，或来电咨询。",
        "unknown_title": "链接无效",
    },
    "en": {
        "open": "Please choose your answer by {answer_by}, that day included. To change it afterwards, please call us.",
        "answered": "Your answer: {answer} (received on {closed_on}). Thank you.",
        "already_answered": "There is an answer already: {answer} ({closed_on}). It counts; to change it, please call us.",
        "expired": "The last day for an answer was {answer_by}. If you still wish to answer, please call us.",
        "withdrawn": "This question was taken back. No answer is needed.",
        "unknown": "This link is not valid. Please check that it is complete, as in our message, or call us.",
        "unknown_title": "This link is not valid",
    },
}
"""What a page says of the question, by language and by how the question stands."""


def said(language: str, standing: str, figures: Mapping[str, str]) -> str:
    """Return what is said of a question that stands so."""
    return SAID[language][standing].format_map(figures)


def page(*, language: str, title: str, text: str, message: str, answers: Sequence[tuple[str, str]]) -> str:
    """Return the page of a question: its text, how it stands, and a button for each of `answers` (code and words)."""
    paragraphs = [part.replace("\n", "<br>") for part in escape(text.strip()).split("\n\n")]
    buttons = "".join(
        f'<button name="answer" value="{escape(code)}">{escape(words)}</button>' for code, words in answers
    )
    form = f'<form method="post" action="?lang={language}">{buttons}</form>' if answers else ""
    other = next(each for each in LANGUAGES if each != language)
    return _document(
        language,
        title,
        f'<nav><a href="?lang={other}">{LANGUAGES[other]}</a></nav><h1>{escape(title)}</h1>'
        + "".join(f"<p>{part}</p>" for part in paragraphs)
        + f'<p class="said">{escape(message)}</p>{form}',
    )


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
