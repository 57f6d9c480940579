"""The file of each kind of notice is whole: its causes bring what it declares, its roles can be told, its texts say it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.notify import kinds
from services.notify.main import load_templates
from services.notify.notices.domain.causes import Cause
from services.notify.notices.tables import NOTICE
from services.notify.policies.domain import LANGUAGES, ROLES, TONES
from services.notify.templates.domain import TONE, Kind, Template, Text, render
from shared.events import contract, envelope

KINDS = kinds.load()
REMINDER = KINDS["reminder"]


def causes(kind: Kind) -> list[Cause]:
    """Return the causes of every example of the kind's fact."""
    paths = sorted((contract.EXAMPLES / kind.fact.type).glob("*.json"))
    facts = [fact for path in paths for fact in envelope.unpack(kind.fact.type, path.read_bytes())]
    return [cause for fact in facts if (cause := kind.cause(fact)) is not None]


def faults(name: str, kind: Kind) -> Iterator[str]:
    """Find what is missing or wrong in the file of a kind."""
    if kind.name != name or len(name) > NOTICE.c.template.type.length:  # type: ignore[attr-defined]
        yield "its name is not that of its file, or too long for its column"
    if not kind.roles or not kind.roles <= set(ROLES):
        yield "its roles are none that can be told"
    if kind.joins and (kind.asks or kind.legal_effect):
        yield "it is one message with others, and asks or has legal effect"
    if any(template.name != name for template in kind.templates):
        yield "a text is of another kind"
    if kind.supplied_on is not None and kind.supplied_on not in kind.figures:
        yield "the day of the supply is none of its figures"
    moments = [name for name in (kind.until, kind.happened) if name is not None]
    if any(name not in kind.figures or not name.endswith("_instant") for name in moments):
        yield "an instant that it goes by is none of its figures"
    if kind.withdrawn_by and any(cause.matter is None for cause in causes(kind)):
        yield "it is withdrawn with a matter that its cause does not name"
    if not causes(kind):
        yield "no example of its fact is a cause"
    for cause in causes(kind):
        yield from faults_of_cause(kind, cause)


def faults_of_cause(kind: Kind, cause: Cause) -> Iterator[str]:
    if cause.template != kind.name:
        yield "its cause is of another kind"
    if not cause.id or len(cause.kind) > NOTICE.c.cause_kind.type.length:  # type: ignore[attr-defined]
        yield "its cause does not say what it is about, or at too great length"
    if not cause.account_no and (kind.supplied_on is None or not cause.service_point_no):
        yield "nobody knows whom it is for"
    if {name: type(value) for name, value in cause.figures.items() if name != TONE} != kind.figures:
        yield "its cause brings other figures than it declares"
    elif not all("{" not in text and text.strip() for text in said(kind, cause)):
        yield "a text says nothing, or shows a brace"


def said(kind: Kind, cause: Cause) -> Iterator[str]:
    """Render a cause by every version of its texts, in every language."""
    for template in kind.templates:
        for language in LANGUAGES:
            for tone in TONES:
                rendered = render(template, language, cause.figures, tone)
                yield from (rendered.subject, rendered.body)


@pytest.mark.parametrize("name", KINDS)
def test_the_file_of_a_kind_is_whole(name: str) -> None:
    assert list(faults(name, KINDS[name])) == []
    assert load_templates(None, {name: KINDS[name]}).all() == list(KINDS[name].templates)


def test_no_two_kinds_tell_of_the_same_documents_of_another_service() -> None:
    controlled = [kind.control for kind in KINDS.values() if kind.control is not None]
    assert len(controlled) == len(set(controlled))


def with_text(body: str) -> Kind:
    text = Text("subject", body)
    return replace(REMINDER, templates=(Template("reminder", 1, date(2000, 1, 1), dict.fromkeys(LANGUAGES, text)),))


def otherwise(**changes: str) -> Callable[[Any], Cause | None]:
    """Return what makes the causes of a reminder, each changed."""

    def cause(fact: Any) -> Cause | None:
        made = REMINDER.cause(fact)
        return made and replace(made, **changes)  # type: ignore[arg-type]

    return cause


def without_matter(fact: Any) -> Cause | None:
    cause: Cause | None = REMINDER.cause(fact)
    return replace(cause, matter=None) if cause else None


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (replace(REMINDER, name="remainder"), "its name is not that of its file"),
        (replace(REMINDER, roles=frozenset()), "its roles are none"),
        (replace(REMINDER, roles=frozenset({"neighbour"})), "its roles are none"),
        (replace(REMINDER, templates=KINDS["bill_issued"].templates), "a text is of another kind"),
        (replace(REMINDER, supplied_on="day"), "the day of the supply"),
        (replace(REMINDER, cause=lambda fact: None), "no example of its fact"),
        (replace(REMINDER, cause=otherwise(template="other")), "its cause is of another"),
        (replace(REMINDER, cause=otherwise(kind="x" * 17)), "its cause does not say"),
        (replace(REMINDER, cause=otherwise(account_no="")), "nobody knows"),
        (replace(REMINDER, figures={**REMINDER.figures, "colour": str}), "its cause brings other figures"),
        (replace(REMINDER, figures={**REMINDER.figures, "due_on": int}), "its cause brings other figures"),
        (replace(REMINDER, until="due_on"), "an instant that it goes by"),
        (replace(REMINDER, happened="happened_instant"), "an instant that it goes by"),
        (replace(REMINDER, cause=without_matter), "it is withdrawn with a matter"),
        (with_text(" "), "a text says nothing"),
    ],
)
def test_what_is_wrong_with_a_kind_is_found(kind: Kind, fault: str) -> None:
    assert any(found.startswith(fault) for found in faults("reminder", kind))
