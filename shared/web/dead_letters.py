"""Facts that were set aside, over HTTP: listed, handled again once their fault is mended, or discarded by two people."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared import approvals
from shared.approvals import Kind
from shared.bus import dead_letters
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.fields import Words
from shared.org_units import WHOLE_UTILITY
from shared.web import auth, pagination
from shared.web.approvals import Asked
from shared.web.routing import Router
from shared.web.scopes import DEAD_LETTERS_READ, DEAD_LETTERS_RUN
from shared.web.state import Current

ENTITY_ID_MAX = 160
REPLAYED_MAX = 500  # letters named in one request; without names it is all of them
REASON_MAX = 1000
DISCARD = "dead_letters.discard"

router = Router("/v1/dead-letters", tags=["platform"])
RUN = auth.scope(DEAD_LETTERS_RUN, whole_utility=True)
LetterId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class DeadLetter(BaseModel):
    id: int
    event_id: str
    item: int
    topic: str
    partition: int
    type: str
    state: str
    error: str
    attempts: int
    created_at: datetime


class Replay(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ids: Annotated[list[LetterId], Field(max_length=REPLAYED_MAX)] | None = Field(
        None, description="letters to replay, each with all others of its key; null: all"
    )


class Replayed(BaseModel):
    marked: int = Field(description="letters that the consumer will now handle again, before newer facts")
    not_set_aside: list[int] = Field(
        description="ids of the request under which no fact is set aside any more, or ever was"
    )


@router.get("", policy=auth.scope(DEAD_LETTERS_READ, whole_utility=True))
async def list_dead_letters(web: Current, wanted: pagination.Query_) -> pagination.Page[DeadLetter]:
    """List the facts that were set aside, without what they say and about whom."""
    (after,) = wanted.last_as(int) or (0,)
    async with web.database.view() as view:
        rows = await dead_letters.list_page(view, web.consumer, after_id=after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row["id"],), item=lambda row: DeadLetter.model_validate(row))


@router.post("/replay", policy=RUN, example={"ids": None})
async def replay_dead_letters(replay: Replay, caller: auth.Current, web: Current) -> Replayed:
    """Have facts handled again once their fault is mended."""
    async with web.database.begin() as tx:
        marked, missing = await dead_letters.replay(tx, web.consumer, replay.ids)
        entity_id = "all" if replay.ids is None else ",".join(map(str, replay.ids))[:ENTITY_ID_MAX]
        tx.audit([AuditEntry(action="replay", entity_kind="dead_letter", entity_id=entity_id, actor=caller.subject)])
    return Replayed(marked=marked, not_set_aside=missing)


class DiscardIn(BaseModel):
    """Which letters: of these ids, of one key, or of one type."""

    model_config = ConfigDict(extra="forbid")
    ids: list[LetterId] | None = Field(None, min_length=1, max_length=REPLAYED_MAX)
    key: str | None = Field(None, min_length=1, max_length=64)
    type: str | None = Field(None, min_length=1, max_length=64)
    reason: Words = Field(max_length=REASON_MAX)

    @model_validator(mode="after")
    def _one_way(self) -> "DiscardIn":
        if [self.ids, self.key, self.type].count(None) != 2:
            raise ValueError("exactly one of ids, key and type is given")
        return self


class NothingToDiscard(BusinessError):
    status = 404
    code = "dead_letter.none"
    title = "No fact that failed is set aside under what was given"


class NotAllToDiscard(BusinessError):
    status = 404
    code = "dead_letter.not_all"
    title = "Under some of the ids no fact that failed is set aside"


class ChangedMeanwhile(BusinessError):
    status = 412
    code = "dead_letter.changed_meanwhile"
    title = "Not all of the facts are set aside as failed any more: withdraw the request, and ask again"


class TooManyToDiscard(BusinessError):
    status = 422
    code = "dead_letter.too_many"
    title = f"More than {dead_letters.DISCARDED_MAX} facts: name fewer at once"


@router.post(
    "/discards",
    policy=RUN,
    status_code=202,
    raises=(NothingToDiscard, NotAllToDiscard, TooManyToDiscard, approvals.AskedAlready),
    example={"type": "collection.payment_received.v1", "reason": "Records of a test system."},
)
async def ask_to_discard(body: DiscardIn, caller: auth.Current, web: Current) -> Asked:
    """Ask that facts that can never be handled are discarded; a second person decides on exactly these (`/v1/approvals`)."""
    async with web.database.begin() as tx:
        rows = await dead_letters.chosen(tx, web.consumer, ids=body.ids, key=body.key or "", kind=body.type or "")
        if not rows:
            raise NothingToDiscard
        if missing := set(body.ids or ()) - {row.id for row in rows}:
            raise NotAllToDiscard(", ".join(map(str, sorted(missing))))
        if len(rows) > dead_letters.DISCARDED_MAX:
            raise TooManyToDiscard
        content = {
            "ids": [row.id for row in rows],
            "types": sorted({row.type for row in rows}),
            "errors": sorted({row.error for row in rows}),
        }
        asked = await approvals.ask(
            tx,
            kind=DISCARD,
            subject_id=f"{web.consumer}/{rows[0].id}",
            content=content,
            org_unit=WHOLE_UTILITY,
            requested_by=caller.subject,
            reason=body.reason,
        )
    return Asked.of(asked)


def discarding(consumer: str) -> Kind:
    """Return the kind of approval that discards dead letters of a consumer."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        rows = await dead_letters.discard(tx, consumer, approval.content["ids"])
        if len(rows) < len(approval.content["ids"]):
            raise ChangedMeanwhile
        tx.after_commit(lambda: dead_letters.tell(consumer, rows, "a dead letter was discarded"))

    return Kind(name=DISCARD, scope=DEAD_LETTERS_RUN, carry_out=carry_out)
