"""Questions to customers: what is asked, and how one is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.notify.questions.domain.figures import AskedFigure
from services.notify.templates.domain import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question (征询) to whoever is supplied at a service point; `template` is its kind of notice.

    `account_no` is None as long as nobody is known to be supplied there. `answer_by` is the last day on which an answer is taken.
    `asked`: the figures that an answer brings.
    """

    question_id: str
    template: str
    subject_kind: str
    subject_id: str
    service_point_no: str
    account_no: str | None
    org_unit: str
    asked_on: date
    answer_by: date
    answers: tuple[str, ...]
    figures: Figures
    asked: tuple[AskedFigure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How a question ends: the columns of its row.

    `code` is why it was withdrawn, or not answered. `closed_on` is the business day: of the answer, or of the finding that there
    is none. `notice_id`: whose link the answer came by. `given_figures`: those of the answer, as JSON; seen at `seen_at`.
    """

    question_id: str
    state: str
    code: str = ""
    answer: str | None = None
    way: str | None = None
    recorded_by: str | None = None
    notice_id: str | None = None
    closed_on: date | None = None
    given_figures: str | None = None
    seen_at: datetime | None = None


SILENT, UNDELIVERABLE, NOBODY = "silent", "undeliverable", "nobody"


def why_unanswered(delivered: Sequence[bool]) -> str:
    """Return why there is no answer, by whether each notice of the question was delivered."""
    if not delivered:
        return NOBODY
    return SILENT if any(delivered) else UNDELIVERABLE
