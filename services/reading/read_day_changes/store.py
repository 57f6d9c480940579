"""Requests for other read days and what they ask for each point, in and out: every function is one statement."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, func, select

from services.reading.base import equals
from services.reading.read_day_changes import tables
from services.reading.read_day_changes.domain import WAITING, Proposal, Request
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

REQUEST, PROPOSAL = tables.REQUEST, tables.PROPOSAL
_ASKED = tuple(each.name for each in fields(Request))
_NAMES = tuple(each.name for each in fields(Proposal))
_CHANGES = ("state", "answer", "answered_on", "way", "recorded_by", "closed_for")


async def insert_request(tx: Tx, request: Request, org_unit: str) -> None:
    """Write a request."""
    row = {name: [getattr(request, name)] for name in _ASKED}
    row |= {"points": [orjson.dumps(request.points).decode()], "org_unit": [org_unit]}
    await bulk.insert_rows(tx, REQUEST, row)


async def request(view: View, request_no: str) -> Request | None:
    """Return a request."""
    found = await requests(view, [request_no])
    return found.get(request_no)


async def requests(view: View, request_nos: Collection[str]) -> dict[str, Request]:
    """Return requests by their numbers."""
    rows = await bulk.select_in(view, REQUEST, {"request_no": sorted(request_nos)})
    return {row.request_no: _request(row) for row in rows}


async def row(view: View, request_no: str) -> Row[Any] | None:
    """Return the row of a request."""
    return await view.first(select(REQUEST).where(REQUEST.c.request_no == request_no))


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, route_no: str | None
) -> Sequence[Row[Any]]:
    """Return a page of requests, first to last."""
    row = REQUEST.c
    return await view.all(
        select(REQUEST)
        .where(visible(row.org_unit), after(row.asked_on, row.request_no), equals(row.route_no, route_no))
        .order_by(row.asked_on, row.request_no)
        .limit(limit)
    )


async def counts(view: View, request_nos: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return how many points of each request are in each state."""
    row = PROPOSAL.c
    of = select(row.request_no, row.state, func.count().label("points")).where(row.request_no.in_(request_nos))
    found: dict[str, dict[str, int]] = {}
    for each in await view.all(of.group_by(row.request_no, row.state).order_by(row.request_no, row.state)):
        found.setdefault(each.request_no, {})[each.state] = each.points
    return found


async def insert(tx: Tx, proposals: Sequence[Proposal]) -> None:
    """Write what is asked for points."""
    await bulk.insert_rows(tx, PROPOSAL, {name: [getattr(each, name) for each in proposals] for name in _NAMES})


async def write(tx: Tx, proposals: Sequence[Proposal]) -> None:
    """Write what became of what was asked for points."""
    columns = {name: [getattr(each, name) for each in proposals] for name in ("question_id", *_CHANGES)}
    await bulk.update_from(tx, PROPOSAL, columns, key=("question_id",))


async def by_id(view: View, question_ids: Sequence[str]) -> dict[str, Proposal]:
    """Return what is asked by the ids of the questions."""
    rows = await bulk.select_in(view, PROPOSAL, {"question_id": sorted(set(question_ids))})
    return {row.question_id: _proposal(row) for row in rows}


async def waiting_of_points(view: View, service_point_nos: Sequence[str]) -> dict[str, Proposal]:
    """Return by point what is asked for it and neither decided nor over."""
    rows = await bulk.select_in(view, PROPOSAL, {"service_point_no": service_point_nos}, where=_waits())
    return {row.service_point_no: _proposal(row) for row in rows}


async def waiting_of_request(view: View, request_no: str) -> list[Proposal]:
    """Return what a request asks for and is neither decided nor over."""
    mine = (PROPOSAL.c.request_no == request_no) & _waits()
    return [_proposal(row) for row in await view.all(select(PROPOSAL).where(mine).order_by(PROPOSAL.c.question_id))]


async def waiting_until(view: View, route_no: str, cycle: str) -> list[Proposal]:
    """Return what is asked for points of a route from a cycle on that is not after another one."""
    waits = select(PROPOSAL).join(REQUEST, REQUEST.c.request_no == PROPOSAL.c.request_no)
    mine = (PROPOSAL.c.route_no == route_no) & (REQUEST.c.from_cycle <= cycle) & _waits()
    return [_proposal(row) for row in await view.all(waits.where(mine).order_by(PROPOSAL.c.question_id))]


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    request_no: str | None,
    route_no: str | None,
    service_point_no: str | None,
    state: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of what is asked for points, first to last."""
    row = PROPOSAL.c
    return await view.all(
        select(PROPOSAL)
        .where(visible(row.org_unit), after(row.question_id))
        .where(equals(row.request_no, request_no), equals(row.route_no, route_no), equals(row.state, state))
        .where(equals(row.service_point_no, service_point_no))
        .order_by(row.question_id)
        .limit(limit)
    )


def _waits() -> ColumnElement[bool]:
    return PROPOSAL.c.state.in_(WAITING)


def _request(row: Row[Any]) -> Request:
    values = {name: getattr(row, name) for name in _ASKED}
    return Request(**values | {"points": tuple(orjson.loads(row.points))})


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(**{name: getattr(row, name) for name in _NAMES})
