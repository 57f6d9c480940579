"""Batches over HTTP: what an edge model is made of, and how the outcome of each item is answered."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.fact import MAX_CODE, MAX_NO
from shared.outcome import CHANGED_MEANWHILE, OTHER_ORG_UNIT, Outcome
from shared.web.errors import Problem
from shared.web.routing import Json

No = Annotated[str, Field(min_length=1, max_length=MAX_NO)]
"""One of the utility's own numbers, or an id."""
Code = Annotated[str, Field(min_length=1, max_length=MAX_CODE)]


class In(BaseModel):
    """The base of what a route takes: a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class DerivedFrom(BaseModel):
    """A document that the one shown was derived from, and the service that owns it."""

    service: str
    kind: str
    id: str


class OutcomeOut(BaseModel):
    """What became of one item; `index` is its place in the batch. A `code` says what speaks against it."""

    index: int
    status: Literal[
        "done",
        "already_done",
        "accepted",
        "already_accepted",
        "conflicting_duplicate",
        "waiting",
        "awaiting_approval",
        "refused",
    ]
    code: str | None = None
    message: str | None = None
    id: str | None = None


class OutcomesOut(BaseModel):
    outcomes: list[OutcomeOut]


def answer(
    outcomes: Sequence[Outcome],
    words: Mapping[str, str] | None = None,
    *,
    shown: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Json:
    """Return the answer to a batch, one outcome per item in its order; `words` renames statuses, `shown` says more of each."""
    if shown is None:
        shown = [item(index, outcome, words) for index, outcome in enumerate(outcomes)]
    response = Json({"outcomes": shown}, headers=headers)
    response.refused = Counter(outcome.code for outcome in outcomes if outcome.status == "refused")
    return response


def single(outcomes: Sequence[Outcome], *, conflicts: Collection[str] = ()) -> Json:
    """Return the answer to a batch of one; raises its refusal as a problem of that code.

    403 for another org unit, 409 where the object stands in the way (`conflicts`, or changed meanwhile), else 422.
    """
    (outcome,) = outcomes
    if outcome.status == "refused":
        clash = outcome.code == CHANGED_MEANWHILE or outcome.code in conflicts
        status = 403 if outcome.code == OTHER_ORG_UNIT else 409 if clash else 422
        raise Problem(status=status, code=outcome.code, title="The object was refused", detail=outcome.message)
    return Json(item(0, outcome), 202 if outcome.status == "awaiting_approval" else 200)


def item(index: int, outcome: Outcome, words: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return one outcome as it is answered."""
    shown: dict[str, Any] = {"index": index, "status": (words or {}).get(outcome.status, outcome.status)}
    if outcome.code:
        shown |= {"code": outcome.code, "message": outcome.message}
    if outcome.id:
        shown["id"] = outcome.id
    return shown
