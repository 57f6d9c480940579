"""What a customer has confirmed is decided by a second person; then the point is read on its new day."""

from datetime import date

from services.reading.context import Context
from services.reading.network.domain import calendar
from services.reading.network.domain.read_days import Plans
from services.reading.network.store import points, read_days, routes
from services.reading.read_day_changes import store
from services.reading.read_day_changes.domain import (
    CONFIRMED,
    LIFE,
    TAKEN_BACK,
    Proposal,
    Request,
    is_moved,
    rows_of,
    rows_to_follow,
    rows_to_stay,
)
from services.reading.read_day_changes.use_cases import refusals
from services.reading.read_day_changes.use_cases.answering import KIND
from services.reading.read_day_changes.use_cases.requesting import check_planning
from shared import approvals
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.events.read_days import ReadDayChanged, ReadDayKept


def kind_of_approval(own: Context) -> approvals.Kind:
    """Return the kind of approval that gives a service point another read day."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        asked, proposal = await _locked(tx, approval)
        if proposal.state != CONFIRMED:
            raise refusals.NotConfirmed(proposal.state)
        if proposal.recorded_by == actor:
            raise refusals.OwnRecord
        await check_planning(tx, asked, proposal.before)
        point = (await points.lock(tx, [proposal.service_point_no]))[proposal.service_point_no]
        if point.route_no != asked.route_no:
            raise refusals.NotOnTheRoute(proposal.service_point_no)
        await _give(tx, asked, proposal.service_point_no)
        await store.write(tx, [proposal.after("approve")])
        tx.publish(
            [
                ReadDayChanged(
                    question_id=proposal.question_id,
                    service_point_no=proposal.service_point_no,
                    org_unit=proposal.org_unit,
                    route_no=asked.route_no,
                    read_day=asked.read_day,
                    months=asked.months,
                    from_cycle=asked.from_cycle,
                    first_on=proposal.first_on,
                    visit_on=asked.visit_on,
                    decided_on=calendar.local_day(tx.now, own.zone),
                )
            ]
        )

    async def given_up(tx: Tx, approval: Approval, actor: str) -> None:
        _, proposal = await _locked(tx, approval)
        event = "withdraw" if actor == approval.requested_by else "reject"
        if LIFE.may(proposal.state, event):
            await points.lock(tx, [proposal.service_point_no])
            await store.write(tx, [proposal.after(event)])
            today = calendar.local_day(tx.now, own.zone)
            tx.publish([kept(proposal, "read_day.rejected" if event == "reject" else TAKEN_BACK, today)])

    return approvals.Kind(name=KIND, scope="reading:write", carry_out=carry_out, given_up=given_up)


def kept(proposal: Proposal, reason: str, day: date) -> ReadDayKept:
    """Return that a point keeps its read day though its customer has agreed to another one."""
    return ReadDayKept(
        question_id=proposal.question_id,
        service_point_no=proposal.service_point_no,
        org_unit=proposal.org_unit,
        reason=reason,
        read_on=proposal.now_on,
        decided_on=day,
    )


async def _locked(tx: Tx, approval: Approval) -> tuple[Request, Proposal]:
    """Return what is decided on, with its route locked: planning waits, or has planned."""
    await routes.lock(tx, approval.content["route_no"])
    proposal = (await store.by_id(tx, [approval.subject_id]))[approval.subject_id]
    asked = await store.request(tx, proposal.request_no)
    assert asked is not None, "a request is never deleted"
    return asked, proposal


async def _give(tx: Tx, asked: Request, service_point_no: str) -> None:
    """Give a point its new read day. Of a request for all of a route the route itself moves, and who has not agreed stays."""
    plans = (await read_days.of_routes(tx, [asked.route_no]))[asked.route_no]
    await points.retell_daily(tx, route_nos=[asked.route_no])
    if asked.visit_on is None and not asked.points:
        await _move_route(tx, asked, plans, service_point_no)
        return
    await read_days.put_own(
        tx, asked.route_no, [(service_point_no, row) for row in rows_of(asked, plans, service_point_no)]
    )


async def _move_route(tx: Tx, asked: Request, plans: Plans, service_point_no: str) -> None:
    rows = [(service_point_no, row) for row in rows_to_follow(plans, service_point_no, asked.from_cycle)]
    if is_moved(plans.route, asked.day):
        others = [no for no in await points.numbers_of(tx, asked.route_no) if no != service_point_no]
        rows += [(no, row) for no in others for row in rows_to_stay(plans, no, asked.from_cycle)]
        rows.append(("", asked.day))
    await read_days.drop_own(tx, asked.route_no, service_point_no, asked.from_cycle)
    await read_days.put_own(tx, asked.route_no, rows)
