"""Kinds of notices, and their templates: versioned by date, checked at start.

A text may hold `{name}` and nothing more. A name ending in `_yuan` shows the figure `…_fen`, one ending in `_kwh` the figure
`…_wh`, one ending in `_local` the instant `…_instant` as a clock shows it where the reader lives, any other the figure itself, or
the word that the template gives for its value. Of a figure `…_fen` there are two more: `…_size_yuan` is the amount without its
sign, and `…_sign` is `more`, `nothing` or `less` than 0, for words. A word may hold placeholders, too.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from string import Formatter
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.notify.leaflets.domain import Billed, Leaflets
from services.notify.policies.domain import LANGUAGES, PLAIN, TONES
from services.notify.policies.domain.pace import LEGAL, Manner
from shared import money

Figures = Mapping[str, str | int]
"""The raw figures of a cause by name: `…_fen`, `…_wh`, ISO dates, ISO instants `…_instant`."""

ASKING: Mapping[str, type[int] | type[str]] = dict.fromkeys(
    ("account_no", "service_point_no", "asked_on", "answer_by", "asked", "answering", "link", "answer"), str
)
"""The figures of every question, beside its own.

`asked` is `first` or `again`. `answering` says how it is answered, and is known when it is shown: by the address in `link`
(`link`), by telling the staff (`staff`), or here (`page`). The words of `answer` say what may be answered.
"""

HOW_TO_ANSWER: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "link": (
            "请于 {answer_by} 当日或之前打开以下链接答复，无需登录。链接仅供您本人使用，请勿转发。\n{link}\n\n"
            "本邮件由系统自动发送。"
        ),
        "page": "",
        "*": "请于 {answer_by} 当日或之前回复本邮件，或来电告知您的意见。\n\n本邮件由系统自动发送。",
    },
    "en": {
        "link": (
            "Please answer by {answer_by}, that day included, at the address below; you need no login. "
            "It is for you alone: please do not forward it.\n{link}\n\nThis message was sent automatically."
        ),
        "page": "",
        "*": (
            "Please tell us by {answer_by}, that day included: answer this message, or call us.\n\n"
            "This message was sent automatically."
        ),
    },
}
"""The words of `answering` in the questions that ship, by language."""

TONE = "tone"
"""The figure that names the tone in which a cause is to be told, where it has one of its own; no text shows it."""
ENCLOSED = "enclosed"
"""The figure that names the leaflets below a notice, joined by blanks."""
JOINED: Mapping[str, str] = {"zh": "用电服务通知（{count} 项）", "en": "Your electricity supply: {count} notices"}
"""The subject of a message that several notices are."""

SHOWN: Final = (
    ("_size_yuan", "_fen"),
    ("_sign", "_fen"),
    ("_yuan", "_fen"),
    ("_kwh", "_wh"),
    ("_local", "_instant"),
)
"""The ends of placeholders, and of the figures that they show."""
NO_ZONE: Final = ZoneInfo("UTC")  # of a template outside of a utility
TEXT_MAX = 10_000  # characters of subject and body together: a letter, not a book


class InvalidTemplate(ValueError):
    """A template file cannot be used; `code` is stable, the text says where."""

    def __init__(self, code: str, where: str) -> None:
        super().__init__(f"{code}: {where}")
        self.code = code


@dataclass(frozen=True)
class Text:
    """What a template says in one language; `words` shows a figure in words, by figure and value.

    `short` is all that it says where there is room for no more (SMS, 短信); None: the subject, and the link of a question.
    """

    subject: str
    body: str
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    short: str | None = None


@dataclass(frozen=True)
class Template:
    """The texts of one version of a template (通知模板), by language; `tones` are those of other tones than the plain one.

    A tone changes how something is said, never what: the lines of the body that show figures are the same in each. Below the body
    stand the `leaflets` that the figure `enclosed` names, where a cause brings it.
    """

    name: str
    version: int
    effective_from: date
    texts: Mapping[str, Text]
    tones: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    leaflets: Leaflets = field(default=Leaflets(), compare=False, repr=False)
    zone: ZoneInfo = field(default=NO_ZONE, compare=False, repr=False)  # the utility's

    def tone(self, wanted: str) -> str:
        """Return the tone in which it speaks where one is wanted: the plain one where it has no other."""
        return wanted if wanted in self.tones else PLAIN


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of notice (通知类别): what its file says of it.

    `cause` makes the `Cause` of a fact, or None where nothing is to be told; `figures` are those that every cause brings, each a
    whole number or a text. `roles` are told where the policy names no others. A notice with `legal_effect` is one on whose
    receipt a right depends. `templates` are the texts that ship.

    `earlier`: facts that were its cause before, and still are in the logs.
    `supplied_on`: the figure with the day whose supplied account is told, where a cause knows no more than its service point.
    `control`: the documents of another service of which each is told in this kind, under that service's name for them.
    `asked`: the figures that an answer to its question brings, of a fact; the words of `figure` say what each is.
    `bill`: of a fact, the bill with which leaflets travel.
    `tenants_alone`: its texts show what is the tenant's alone, such as a bill: no policy may have the landlord told.
    `budget`: what it takes of a party's week where it has no legal effect; `tell_by`: the figure with the last day on which it is
    of use (`-`: none), that of a question its last day for an answer.
    `until`: the figure with the instant from which on it is said no more, such as the cut that it warns of. It goes at once,
    also in quiet hours. `happened`: the figure with the instant of what it tells, where its fact has no business day of its own.
    `withdrawn_by`: facts after which it is not to be told any more, each with the `Withdrawal` that it is.
    `joins`: it may be one message with others of its party; never what asks, or on whose receipt a right depends.
    `overruling`: answers that are taken whatever was answered before, and after the last day too: an objection is never refused.
    """

    name: str
    fact: type[Any]
    cause: Callable[[Any], Any]
    figures: Mapping[str, type[int] | type[str]]
    roles: frozenset[str]
    legal_effect: bool
    templates: Sequence[Template]
    earlier: tuple[type[Any], ...] = ()
    supplied_on: str | None = None
    control: str | None = None
    asked: Callable[[Any], Any] | None = None
    bill: Callable[[Any], Billed] | None = None
    overruling: frozenset[str] = frozenset()
    tenants_alone: bool = False
    budget: str = "service"
    tell_by: str | None = None
    joins: bool = False
    until: str | None = None
    happened: str | None = None
    withdrawn_by: Mapping[type[Any], Callable[[Any], Any]] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Whether it asks a question, as its fact does."""
        return bool(self.fact.asks)

    @property
    def manner(self) -> Manner:
        """How it is told."""
        tell_by = self.tell_by or ("answer_by" if self.asks else None)
        budget = LEGAL if self.legal_effect else self.budget
        return Manner(budget=budget, tell_by=tell_by, joins=self.joins, at_once=self.until is not None)

    @property
    def service(self) -> str:
        """The service whose fact is the cause."""
        return str(self.fact.type).partition(".")[0]


Kinds = Mapping[str, Kind]


@dataclass(frozen=True)
class Rendered:
    """What a notice says, by which version of its template and in which tone; `short` on a way that has no room for more."""

    template_version: int
    tone: str
    subject: str
    body: str
    short: str = ""
    link: str = ""

    @property
    def content_hash(self) -> str:
        """The SHA-256 over subject and body: what was said, without to whom. `short` says the same in fewer words."""
        return hashlib.sha256(f"{self.subject}\n{self.body}".encode()).hexdigest()


class Catalogue:
    """All versions of the templates of all kinds, each shown to be usable: raises `InvalidTemplate`."""

    def __init__(
        self,
        templates: Iterable[Template],
        kinds: Kinds,
        leaflets: Leaflets | None = None,
        zone: ZoneInfo = NO_ZONE,
    ) -> None:
        self.kinds = kinds
        self.leaflets = leaflets or Leaflets()
        self._versions: dict[str, list[Template]] = {name: [] for name in kinds}
        for template in templates:
            _check(template, kinds)
            if any(template.version == other.version for other in self._versions[template.name]):
                raise InvalidTemplate("template.version_given_twice", f"{template.name} v{template.version}")
            self._versions[template.name].append(replace(template, leaflets=self.leaflets, zone=zone))
        for name, versions in self._versions.items():
            if not versions:
                raise InvalidTemplate("template.missing", name)
            versions.sort(key=lambda t: t.version)
            if any(a.effective_from >= b.effective_from for a, b in pairwise(versions)):
                raise InvalidTemplate("template.versions_out_of_order", name)

    def all(self) -> list[Template]:
        """Return every version, by name."""
        return [template for name in sorted(self._versions) for template in self._versions[name]]

    def on(self, name: str, day: date) -> Template:
        """Return the version in force on the business day of a cause; the first one for days before it."""
        versions = self._versions[name]
        return next((t for t in reversed(versions) if t.effective_from <= day), versions[0])


def load(document: Mapping[str, Any]) -> Template:
    """Return the template of a parsed JSON document. Raises `InvalidTemplate`."""
    if set(document) - {"tones"} != {"template", "version", "effective_from", "texts"}:
        raise InvalidTemplate("template.fields", "needs template, version, effective_from, texts")
    name, version = str(document["template"]), document["version"]
    if not isinstance(version, int) or version < 1:
        raise InvalidTemplate("template.version", name)
    try:
        effective_from = date.fromisoformat(document["effective_from"])
    except (TypeError, ValueError):
        raise InvalidTemplate("template.effective_from", f"{name} v{version}") from None
    texts = _texts(f"{name} v{version}", document["texts"])
    tones = {tone: _texts(f"{name} v{version} {tone}", given) for tone, given in document.get("tones", {}).items()}
    return Template(name, version, effective_from, texts, tones)


def _texts(where: str, given: Mapping[str, Any]) -> dict[str, Text]:
    return {language: _text(f"{where} {language}", text) for language, text in given.items()}


def _text(where: str, given: Mapping[str, Any]) -> Text:
    subject, body, words = given.get("subject"), given.get("body"), given.get("words", {})
    short = given.get("short")
    fields = {"subject", "body", "words", "short"}
    if not isinstance(subject, str) or not isinstance(body, list) or set(given) - fields:
        raise InvalidTemplate(
            "template.fields", f"{where}: needs subject, body (a list of lines), words; may have short"
        )
    if short is not None and not isinstance(short, str):
        raise InvalidTemplate("template.fields", f"{where}: short is a text")
    return Text(subject, "\n".join(body) + "\n", words, short)


def _check(template: Template, kinds: Kinds) -> None:
    if template.name not in kinds:
        raise InvalidTemplate("template.unknown_name", template.name)
    where = f"{template.name} v{template.version}"
    if set(template.texts) != set(LANGUAGES):
        raise InvalidTemplate("template.languages", f"{where}: needs {', '.join(LANGUAGES)}")
    for language, text in template.texts.items():
        _check_text(f"{where} {language}", text, frozenset(kinds[template.name].figures))
        if kinds[template.name].asks:
            _check_way_to_answer(f"{where} {language}", text)
        if kinds[template.name].asked and "figure" not in text.words:
            raise InvalidTemplate("template.no_way_to_answer", f"{where} {language}")
    for tone, texts in template.tones.items():
        if tone not in TONES or tone == PLAIN:
            raise InvalidTemplate("template.unknown_tone", f"{where}: {tone}")
        if set(texts) != set(LANGUAGES):
            raise InvalidTemplate("template.languages", f"{where} {tone}: needs {', '.join(LANGUAGES)}")
        for language, text in texts.items():
            _check_text(f"{where} {tone} {language}", text, frozenset(kinds[template.name].figures))
            _check_tone(f"{where} {tone} {language}", template.texts[language], text)


def _check_tone(where: str, plain: Text, text: Text) -> None:
    """Refuse a tone that says something else: other figures, or other words around them."""
    if text.words != plain.words or _shows(text.body) != _shows(plain.body) or _named(text) != _named(plain):
        raise InvalidTemplate("template.tone_says_something_else", where)


def _shows(body: str) -> list[str]:
    return [line for line in body.splitlines() if "{" in line]


def _named(text: Text) -> set[str]:
    said = f"{text.subject}\n{text.short or ''}"
    return {placeholder for _, placeholder, _, _ in Formatter().parse(said) if placeholder}


def _check_text(where: str, text: Text, figures: frozenset[str]) -> None:
    short = text.short or ""
    if any(line_end in part for part in (text.subject, short) for line_end in "\r\n"):
        raise InvalidTemplate("template.subject", where)
    if len(text.subject) + len(text.body) > TEXT_MAX:
        raise InvalidTemplate("template.too_long", where)
    for figure, values in text.words.items():
        if _figure_of(figure) not in figures:
            raise InvalidTemplate("template.unknown_placeholder", f"{where}: words/{figure}")
        if "*" not in values:
            raise InvalidTemplate("template.words_without_default", f"{where}: words/{figure}")
    for part in (text.subject, text.body, short, *(word for values in text.words.values() for word in values.values())):
        _check_placeholders(where, part, figures)


def _check_placeholders(where: str, text: str, figures: frozenset[str]) -> None:
    try:
        fields = list(Formatter().parse(text))
    except ValueError as error:
        raise InvalidTemplate("template.braces", f"{where}: {error}") from None
    for _, placeholder, form, conversion in fields:
        if placeholder is None:
            continue
        # `{x.y}`, `{x[0]}`, `{x:…}` and `{x!r}` would reach into objects: only a plain name is a placeholder
        if form or conversion or _figure_of(placeholder) not in figures:
            raise InvalidTemplate("template.unknown_placeholder", f"{where}: {{{placeholder}}}")


def _check_way_to_answer(where: str, text: Text) -> None:
    """Refuse a question that does not say how to answer, or that has no words for it."""
    by_link = text.words.get("answering", {}).get("link", "")
    short = text.short is None or "{link}" in text.short
    if "{answering}" not in text.body or "{link}" not in by_link or "answer" not in text.words or not short:
        raise InvalidTemplate("template.no_way_to_answer", where)


def _figure_of(placeholder: str) -> str:
    for shown, stored in SHOWN:
        if placeholder.endswith(shown):
            return placeholder.removesuffix(shown) + stored
    # an amount is only ever shown in yuan and kWh, an instant in somebody's zone
    return "" if placeholder.endswith(("_fen", "_wh", "_instant")) else placeholder


def render(template: Template, language: str, figures: Figures, tone: str = PLAIN, zone: str = "") -> Rendered:
    """Return the notice in one language and tone; amounts are exact: they are moved from fen and Wh as text.

    `zone`: where who reads it lives, empty: in that of the utility; instants are shown in it.
    """
    tone = template.tone(tone)
    text = template.tones.get(tone, template.texts)[language]
    shown: dict[str, str] = {}
    for name, value in figures.items():
        if name.endswith("_fen"):
            fen, of = int(value), name.removesuffix("_fen")
            shown[f"{of}_yuan"], shown[f"{of}_size_yuan"] = money.yuan(fen), money.yuan(abs(fen))
            shown[f"{of}_sign"] = "more" if fen > 0 else "less" if fen else "nothing"
        elif name.endswith("_instant"):
            shown[name.removesuffix("_instant") + "_local"] = local(str(value), zone, template.zone)
        elif name.endswith("_wh"):
            shown[name.removesuffix("_wh") + "_kwh"] = kwh(int(value))
        else:
            shown[name] = str(value)
    words = {name: values.get(shown[name], values["*"]) for name, values in text.words.items()}
    shown |= {name: word.format_map(shown) for name, word in words.items()}
    subject, link = text.subject.format_map(shown), shown.get("link", "")
    return Rendered(
        template.version,
        tone,
        subject,
        text.body.format_map(shown) + template.leaflets.enclosed(shown.get(ENCLOSED, ""), language),
        text.short.format_map(shown).strip() if text.short is not None else f"{subject} {link}".strip(),
        link,
    )


def local(instant: str, zone: str, utility: ZoneInfo) -> str:
    """Return an instant as a clock on the wall shows it; one in another zone than the utility's names it."""
    there = ZoneInfo(zone) if zone else utility
    shown = f"{datetime.fromisoformat(instant).astimezone(there):%Y-%m-%d %H:%M}"
    return shown if there.key == utility.key else f"{shown} ({there.key})"


def joined(texts: Sequence[Rendered], language: str) -> list[Rendered]:
    """Return texts as they are said in one message, each with all that it says."""
    subject = JOINED[language].format(count=len(texts))
    body = "\n".join(f"{each.subject}\n\n{each.body}" for each in texts)
    short = " / ".join(each.short for each in texts)
    return [replace(each, subject=subject, body=body, short=short) for each in texts]


def kwh(wh: int) -> str:
    """Return energy as it is printed: 1234500 Wh are `1234.5`, whole kWh stand without a point."""
    text = f"{'-' if wh < 0 else ''}{abs(wh) // 1000}.{abs(wh) % 1000:03}"
    return text.rstrip("0").rstrip(".")
