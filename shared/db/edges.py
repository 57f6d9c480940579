"""What was derived from what: rows of statements that are asked from both ends, so that both directions say the same."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, String, and_, false, literal, select, true, union_all

from shared.db.columns import Condition
from shared.db.connection import View
from shared.trace import Origin

ORIGINS_MAX: Final = 1000
"""Of one document through one edge: a segmented industrial bill has about a hundred lines."""
Columns = ColumnElement[Any]
_ALL: Final = true()
By = Callable[[str], ColumnElement[bool]]
Find = Callable[[View, str, Condition, str, int], Awaitable[Sequence[str]]]
"""Returns the ids of what was derived from a document: of what a caller may see, behind an id, so many at most, in an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The documents of a kind, each with one that it was derived from: a row each of `source`, where `where` holds.

    `origin_kind` may be a column, where rows are of several. `by_id`, `by_origin`: the condition for one end where its id is
    spelled from several columns: an index finds those. `is_spelled`: the document itself names what it was derived from, and
    only the other direction is asked here.
    """

    kind: str
    service: str
    origin_kind: str | Columns
    id: Columns
    origin_id: Columns
    org_unit: Columns
    source: FromClause | None = None
    where: ColumnElement[bool] = _ALL
    by_id: By | None = None
    by_origin: By | None = None
    is_spelled: bool = False

    def begins_at(self, origin: Origin) -> bool:
        """Return whether documents may be derived from one of that kind."""
        same_kind = not isinstance(self.origin_kind, str) or self.origin_kind == origin.kind
        return self.service == origin.service and same_kind

    def origins_of(self, id: str) -> Select[Any]:
        """Return the statement for what a document was derived from."""
        kind = literal(self.origin_kind, String) if isinstance(self.origin_kind, str) else self.origin_kind
        of_document = self.by_id(id) if self.by_id else self.id == id
        columns = literal(self.service, String).label("service"), kind.label("kind"), self.origin_id.label("id")
        found = select(*columns).where(self.where, of_document, self.origin_id.is_not(None))
        return self._of_source(found).limit(ORIGINS_MAX)

    def derived_from(self, origin: Origin, visible: Condition, after: str, limit: int) -> Select[Any]:
        """Return the statement for what was derived from a document."""
        of_kind = true() if isinstance(self.origin_kind, str) else self.origin_kind == origin.kind
        of_origin = self.by_origin(origin.id) if self.by_origin else self.origin_id == origin.id
        found = select(self.id.label("id")).where(
            self.where, of_kind, of_origin, visible(self.org_unit), self.id > after
        )
        return self._of_source(found).distinct().order_by(self.id).limit(limit)

    def _of_source(self, found: Select[Any]) -> Select[Any]:
        return found if self.source is None else found.select_from(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelled:
    """Documents that name themselves what they were derived from: `find` asks for them from there."""

    kind: str
    service: str
    origin_kind: str
    find: Find

    def begins_at(self, origin: Origin) -> bool:
        """Return whether documents may be derived from one of that kind."""
        return (self.service, self.origin_kind) == (origin.service, origin.kind)


Edges = Sequence[Edge | Spelled]


async def origins(view: View, edges: Edges, kind: str, id: str) -> list[Origin]:
    """Return what a document of a kind was derived from, in one statement; what it spells itself is not among it."""
    asked = [
        edge.origins_of(id).subquery()
        for edge in edges
        if isinstance(edge, Edge) and edge.kind == kind and not edge.is_spelled
    ]
    if not asked:
        return []
    all_ = union_all(*(select(each) for each in asked)).subquery()
    rows = await view.all(select(all_).distinct().order_by(all_.c.service, all_.c.kind, all_.c.id))
    return [Origin(row.service, row.kind, row.id) for row in rows]


async def derived(
    view: View, edges: Edges, origin: Origin, *, visible: Condition, after: tuple[str, str], limit: int
) -> list[tuple[str, str]]:
    """Return (kind, id) of what was derived from a document, behind one of them, by kind: a statement or two for each kind."""
    by_kind: dict[str, list[Edge | Spelled]] = {}
    for edge in edges:
        if edge.begins_at(origin):
            by_kind.setdefault(edge.kind, []).append(edge)
    found: list[tuple[str, str]] = []
    last_kind, last_id = after
    for kind in sorted(kind for kind in by_kind if kind >= last_kind):
        if (left := limit - len(found)) <= 0:
            break
        behind = last_id if kind == last_kind else ""
        found += [(kind, id) for id in await _of_kind(view, by_kind[kind], origin, visible, behind, left)]
    return found


async def _of_kind(
    view: View, edges: Edges, origin: Origin, visible: Condition, after: str, limit: int
) -> Sequence[str]:
    first = edges[0]
    if isinstance(first, Spelled):
        assert len(edges) == 1, "the order of its ids is its own"
        return await first.find(view, origin.id, visible, after, limit)
    asked = [edge.derived_from(origin, visible, after, limit).subquery() for edge in edges if isinstance(edge, Edge)]
    assert len(asked) == len(edges), "the order of ids is that of the database"
    all_ = union_all(*(select(each) for each in asked)).subquery()
    return [row.id for row in await view.all(select(all_.c.id).distinct().order_by(all_.c.id).limit(limit))]


def joined(*parts: Columns, by: str) -> Columns:
    """Return the expression for an id that is spelled from columns."""
    first, *others = parts
    for part in others:
        first = first + by + part
    return first


def parts(id: str, by: str, *columns: Columns) -> ColumnElement[bool]:
    """Return the condition for the two columns that an id is spelled from, whose last part has none of what joins them."""
    head, found, tail = id.rpartition(by)
    first, last = columns
    return and_(first == head, last == tail) if found else false()
