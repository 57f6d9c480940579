"""What a stored notice says: to who sends it, calls, prints it, or hands it out."""

from datetime import date
from typing import Protocol

import orjson

from services.notify.policies.domain import PLAIN
from services.notify.questions.domain.links import answering
from services.notify.templates.domain import Catalogue, Figures, Rendered, render


class Stored(Protocol):
    """A notice as its row has it; `figures` is JSON."""

    @property
    def template(self) -> str: ...
    @property
    def day(self) -> date: ...
    @property
    def figures(self) -> str: ...
    @property
    def question_id(self) -> str | None: ...


def text_of(
    notice: Stored,
    catalogue: Catalogue,
    language: str,
    *,
    tone: str = PLAIN,
    link: str | None = None,
    zone: str = "",
) -> Rendered:
    """Return what a notice says by the template of its day; a question says how it is answered, by its `link` or by telling us.

    `zone`: its party's, if it has one of its own.
    Raises KeyError where a later version of the template shows a figure that the cause did not bring.
    """
    figures: Figures = orjson.loads(notice.figures)
    if notice.question_id is not None:
        figures = answering(figures, link)
    return render(catalogue.on(notice.template, notice.day), language, figures, tone, zone)
