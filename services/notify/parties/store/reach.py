"""Who can be reached for which account: read without any name or address."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, literal, select, union_all

from services.notify.accounts import store as accounts
from services.notify.parties.domain import Reach
from services.notify.parties.store.preferences import opened
from services.notify.parties.tables import CONTACT_POINT, PARTY, PARTY_ROLE, VERIFICATION
from shared.db import bulk, columns, travel
from shared.db.engine import View


async def reaches(view: View, account_nos: Sequence[str]) -> dict[str, list[Reach]]:
    """Return how the parties of accounts can be reached, by account, in order of party and contact point (two statements).

    Those of a service point are of whatever account is, was or will be supplied there.
    """
    wanted = travel.relation(view, "wanted", {"account_no": (columns.No, sorted(set(account_nos)))})
    r, supply = PARTY_ROLE.c, accounts.supplies_table()
    of_accounts = select(wanted.c.account_no, literal("").label("supplied_at"), *_role()).select_from(
        wanted.join(PARTY_ROLE, r.account_no == wanted.c.account_no)
    )
    of_points = (
        select(wanted.c.account_no, r.service_point_no.label("supplied_at"), *_role())
        .select_from(
            wanted.join(supply, supply.c.account_no == wanted.c.account_no).join(
                PARTY_ROLE, and_(r.service_point_no == supply.c.service_point_no, r.service_point_no != "")
            )
        )
        .distinct()
    )
    role, point, party = union_all(of_accounts, of_points).subquery("role"), CONTACT_POINT.c, PARTY.c
    rows = await view.all(
        select(
            role,
            party.org_unit,
            party.preferences,
            party.vulnerable_for,
            point.point_no,
            point.kind,
            point.address_since,
            point.valid_from,
            point.valid_to,
        )
        .select_from(
            role.join(PARTY, party.party_no == role.c.party_no).outerjoin(
                CONTACT_POINT, point.party_no == role.c.party_no
            )
        )
        .order_by(role.c.account_no, role.c.party_no, point.point_no, role.c.role_from)
    )
    verified = await _verified(view, rows)
    found: dict[str, list[Reach]] = defaultdict(list)
    for row in rows:
        found[row.account_no].append(_reach(row, verified[row.party_no, row.point_no, row.address_since]))
    return found


def _role() -> tuple[Any, ...]:
    r = PARTY_ROLE.c
    return r.party_no, r.role, r.valid_from.label("role_from"), r.valid_to.label("role_to")


async def _verified(view: View, rows: Sequence[Row[Any]]) -> dict[tuple[str, str, int], list[tuple[str, str, str]]]:
    v = VERIFICATION.c
    found: dict[tuple[str, str, int], list[tuple[str, str, str]]] = defaultdict(list)
    reached = [row for row in rows if row.point_no is not None]
    wanted = {"party_no": [row.party_no for row in reached], "point_no": [row.point_no for row in reached]}
    named = (v.party_no, v.point_no, v.address_since, v.how, v.account_no, v.service_point_no)
    for row in await bulk.select_in(view, VERIFICATION, wanted, columns=named):
        found[row.party_no, row.point_no, row.address_since].append((row.how, row.account_no, row.service_point_no))
    return found


def _reach(row: Row[Any], verified: Sequence[tuple[str, str, str]]) -> Reach:
    return Reach(
        party_no=row.party_no,
        account_no=row.account_no,
        org_unit=row.org_unit,
        role=row.role,
        service_point_no=row.supplied_at,
        role_from=row.role_from,
        role_to=row.role_to,
        point_no=row.point_no or "",
        kind=row.kind or "",
        valid_from=row.valid_from or row.role_from,
        valid_to=row.valid_to,
        verified=verified,
        preferences=opened(row.preferences),
        is_vulnerable=bool(row.vulnerable_for),
    )
