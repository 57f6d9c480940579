"""New notices: exactly one row of each cause, party and template."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from services.notify.notices.domain import states
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.pacing import Place
from services.notify.notices.tables import NOTICE
from services.notify.parties.domain import Chosen
from services.notify.templates.domain import ENCLOSED, Figures
from shared.db import bulk
from shared.db.engine import Tx
from shared.db.travel import Same, same

Key = tuple[str, str, str]
NOT_WANTED = "not_wanted"
"""The code of a notice that its party has declined."""
WITHDRAWN = "withdrawn"
"""The code of a notice that did not go out before what it is about was withdrawn."""
_KEY = ("cause_id", "party_no", "template")


@dataclass(slots=True, kw_only=True)
class Planned:
    """A notice to be queued; `place`: when it goes out, None where it does not: `code` says why."""

    notice_id: str
    chosen: Chosen
    cause: Cause
    place: Place | None = None

    @property
    def key(self) -> Key:
        return self.cause.id, self.chosen.party_no, self.cause.template

    @property
    def code(self) -> str:
        return NOT_WANTED if not self.chosen.wanted else WITHDRAWN if self.cause.withdrawn else ""


class ConflictingCause(Exception):
    """A cause that was told of already came with other figures: a fault of the sender, set aside for a person."""


async def queue(tx: Tx, planned: Sequence[Planned]) -> set[Key]:
    """Insert notices that are new under (cause, party, template), and return the keys of those.

    One that came before with other figures raises ConflictingCause: what was told stays.
    """
    count = len(planned)
    queued, declined = states.NOTICE_LIFE.start(states.QUEUED), states.NOTICE_LIFE.start(states.FAILED)
    causes = [p.cause for p in planned]
    figures = {id(c.figures): orjson.dumps(c.figures).decode() for c in causes}
    rows = await bulk.insert_ignore(
        tx,
        NOTICE,
        {
            "notice_id": [p.notice_id for p in planned],
            "account_no": [c.account_no for c in causes],
            "org_unit": same([c.org_unit for c in causes]),
            "party_no": [p.chosen.party_no for p in planned],
            "service_point_no": [c.service_point_no for c in causes],
            "point_no": [p.chosen.point_no for p in planned],
            "way": Same(0, count),
            "channel": same([p.chosen.channel for p in planned]),
            "template": same([c.template for c in causes]),
            "cause_kind": same([c.kind for c in causes]),
            "cause_id": [c.id for c in causes],
            "cycle": same([c.cycle for c in causes]),
            "day": same([c.day for c in causes]),
            "figures": [figures[id(c.figures)] for c in causes],
            "state": same([queued if p.place else declined for p in planned]),
            "attempts": Same(0, count),
            "doubts": Same(0, count),
            "resends": Same(0, count),
            "code": same([p.code for p in planned]),
            "queued_at": Same(tx.now, count),
            "due_at": same([p.place.due_at if p.place else None for p in planned]),
            "done_at": same([None if p.place else tx.now for p in planned]),
            "paced": same([p.place.paced if p.place else "" for p in planned]),
            "week": same([p.place.week if p.place else None for p in planned]),
            "question_id": same([c.question_id for c in causes]),
            "matter": same([c.matter for c in causes]),
            "withdrawn": same([c.withdrawn for c in causes]),
        },
        key=_KEY,
    )
    if len(rows) < count:
        await _check_repeated(tx, [(p.notice_id, p.cause.id, figures[id(p.cause.figures)]) for p in planned])
    return {(row.cause_id, row.party_no, row.template) for row in rows}


def _said(figures: str) -> Figures:
    """Return the figures of a cause; what is enclosed with it follows from the leaflets of the day on which it first came."""
    return {name: value for name, value in orjson.loads(figures).items() if name != ENCLOSED}


async def _check_repeated(tx: Tx, told: Sequence[tuple[str, str, str]]) -> None:
    c = NOTICE.c
    notice_ids = sorted({notice_id for notice_id, _, _ in told})
    rows = await bulk.select_in(tx, NOTICE, {"notice_id": notice_ids}, columns=(c.notice_id, c.figures))
    stored = {row.notice_id: row.figures for row in rows}
    for notice_id, cause_id, figures in told:
        if notice_id in stored and _said(stored[notice_id]) != _said(figures):
            raise ConflictingCause(cause_id)
