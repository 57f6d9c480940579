"""Links: the hash of each token, with what its page needs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, select

from services.notify.parties.store import parties
from services.notify.questions.domain.links import Link
from services.notify.questions.tables import LINK, QUESTION
from shared.db import bulk
from shared.db.engine import Tx, View


async def keep(tx: Tx, links: Sequence[Link]) -> None:
    """Keep links before they go out; one that is known stays as it is."""
    names = ("token_hash", "question_id", "notice_id", "party_no", "point_no", "address_since", "language", "day")
    columns: dict[str, list[Any]] = {name: [getattr(link, name) for link in links] for name in names}
    await bulk.insert_ignore(tx, LINK, columns, key=("token_hash",))


async def find(view: View, token_hash: str) -> Row[Any] | None:
    """Return a link with its question: `link_notice_id`, `language` and `day` are the link's.

    One that went to a value that its contact point has no more is none.
    """
    link, point = LINK.c, parties.points_table()
    still = and_(
        point.c.party_no == link.party_no,
        point.c.point_no == link.point_no,
        point.c.address_since == link.address_since,
    )
    return await view.first(
        select(QUESTION, link.notice_id.label("link_notice_id"), link.language, link.day)
        .join(LINK, link.question_id == QUESTION.c.question_id)
        .join(point, still)
        .where(link.token_hash == token_hash)
    )
