"""An investigator has a place looked at: a site order is asked of reading, and what it finds joins the case as evidence."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from services.billing.cases.domain import cases
from services.billing.cases.store import cases as store
from services.billing.cases.use_cases import working
from services.billing.cases.use_cases.charging import AccountUnknown
from services.billing.cases.use_cases.working import MaySee, NotPossible, UnknownCase
from services.billing.contracts.store import contracts as contracts_store
from services.billing.site_orders import store as orders_store
from services.billing.site_orders.domain import DONE, OUT, Ask, Result
from services.billing.site_orders.use_cases import asking
from shared.db.engine import Tx

CASE = cases.SUBJECT
ACTOR = "system:cases"
Visit = Literal["inspection", "use_check"]


async def send(tx: Tx, case_no: str, kind: Visit, *, on: date | None, actor: str, may_see: MaySee) -> str:
    """Ask for a site order about a case, and return its number; with the first one the investigation begins.

    While one of the kind is out it is that one: asked for again nothing is.

    Raises UnknownCase, NotPossible, AccountUnknown.
    """
    there = await store.get(tx, case_no)
    if there is None or not may_see(there.org_unit):
        raise UnknownCase
    await contracts_store.lock_at(tx, [there.service_point_no])
    row = await working.locked(tx, case_no, may_see)
    if row.state not in (cases.OPEN, cases.INVESTIGATING, cases.CALCULATED):
        raise NotPossible(row.state)
    if row.account_no is None:
        raise AccountUnknown
    day = await working.day_of(tx, row, on)
    before = [each for each in await orders_store.of_subject(tx, CASE, case_no) if each.kind == kind]
    out = next((each.order_no for each in before if orders_store.is_out(each)), None)
    if out is not None:
        return str(out)
    order_no = cases.order_no_of(case_no, kind, len(before) + 1)
    if row.state == cases.OPEN:
        await working.move(tx, row, "investigate", on=day, actor=actor, explanation=kind)
    await asking.ask(
        tx,
        [
            Ask(
                order_no=order_no,
                kind=kind,
                subject_kind=CASE,
                subject_id=case_no,
                account_no=row.account_no,
                service_point_no=row.service_point_no,
                org_unit=row.org_unit,
                reason=row.kind,
                requested_by=actor,
                asked_on=day,
                contract_no=row.contract_no,
            )
        ],
    )
    working.audit(tx, row, "site_order", actor, order_no)
    asked = await orders_store.row(tx, order_no)
    if asked is not None and asked.state != OUT:  # its end was heard before
        await heard(tx, [orders_store.result_of(asked)])
    return order_no


async def heard(tx: Tx, results: Sequence[Result]) -> None:
    """Add how site orders of cases have ended as evidence, with the read that they brought; done, the place was looked at."""
    rows: list[dict[str, Any]] = []
    for each in results:
        of_all = {"case_no": each.subject_id, "kw": None, "seen_on": each.ended_on}
        of_all |= {"added_by": each.visited_by or ACTOR}
        number = cases.visit_no_of(each.order_no)
        order = {"evidence_no": number, "kind": "site_order", "reference": each.order_no}
        rows.append(of_all | order | {"code": each.result})
        if each.read_id is not None:
            read = {"evidence_no": f"{number}:read", "kind": "read", "reference": each.read_id}
            rows.append(of_all | read | {"code": None})
    await store.insert_evidence(tx, rows)
    done = {each.subject_id: each for each in results if each.state == DONE}
    await store.finish_steps(
        tx, {no: (each.ended_on, each.visited_by or ACTOR) for no, each in done.items()}, cases.SITE_CHECK
    )
