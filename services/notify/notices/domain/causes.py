"""What a notice is about: one fact of the trade, with the figures that its text shows."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from services.notify.templates.domain import Figures
from shared import natural


class Asking(Protocol):
    """What a fact that asks a question says of it."""

    @property
    def question_id(self) -> str: ...
    @property
    def service_point_no(self) -> str: ...
    @property
    def org_unit(self) -> str: ...
    @property
    def asked_on(self) -> date: ...
    @property
    def answer_by(self) -> date: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A reason to tell a customer something (通知事由).

    `kind` and `id` name the document of another service that it is about, `template` the kind of notice. `day` is its business
    day (issue, correction, end of the estimated period, reminder, reversal). `account_no` is empty as long as only the service
    point is known. `figures` are raw: `…_fen`, `…_wh`, ISO dates. `question_id`: the question that it asks.
    `matter`: what it belongs to and may be withdrawn with, as `matter_of` names it; `withdrawn`: why that was, before it came.
    """

    kind: str
    id: str
    template: str
    account_no: str
    service_point_no: str
    org_unit: str
    cycle: str
    day: date
    figures: Figures
    question_id: str | None = None
    matter: str | None = None
    withdrawn: str = ""

    def notice_id(self, party_no: str) -> str:
        """Return the id of the notice of this cause to a party (empty: to nobody yet): queued again, it is the same."""
        return natural.key_id(self.day, "notice", self.id, party_no, self.template)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Customers of an account are not to be told of a matter any more (撤回): for ever, in whatever order it comes."""

    matter: str
    account_no: str
    reason: str


def matter_of(kind: str, id: str) -> str:
    """Return the name of what several causes may be of, and are withdrawn with: a document of another service."""
    return f"{kind}/{id}"


def question(fact: Asking, *, template: str, figures: Figures) -> Cause:
    """Return the cause of a question: who is supplied at its service point on the day of asking is asked."""
    return Cause(
        kind="question",
        id=fact.question_id,
        template=template,
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.asked_on.isoformat()[:7],
        day=fact.asked_on,
        figures={
            "account_no": "",
            "service_point_no": fact.service_point_no,
            "asked_on": fact.asked_on.isoformat(),
            "answer_by": fact.answer_by.isoformat(),
            "asked": "first",
            "answering": "",
            "link": "",
            "answer": "",
            **figures,
        },
        question_id=fact.question_id,
    )
