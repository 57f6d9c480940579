"""Who can be reached for which account: read without any name or address."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, and_, literal, select, union_all

from services.notify.accounts import store as accounts
from services.notify.parties.domain import Reach
from services.notify.parties.store.preferences import opened
from services.notify.parties.tables import CONTACT_POINT, PARTY, PARTY_ROLE, VERIFICATION
from shared.db import columns, travel
from shared.db.engine import View


async def reaches(view: View, account_nos: Sequence[str]) -> dict[str, list[Reach]]:
    """Return how the parties of accounts can be reached, by account, in order of party and contact point (one statement).

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
    role, party, point, v = union_all(of_accounts, of_points).subquery("role"), PARTY.c, CONTACT_POINT.c, VERIFICATION.c
    verified_for = (
        v.party_no == point.party_no,
        v.point_no == point.point_no,
        v.address_since == point.address_since,
    )
    rows = await view.all(
        select(
            role,
            party.org_unit,
            party.preferences,
            party.vulnerable_for,
            point.point_no,
            point.kind,
            point.valid_from,
            point.valid_to,
            v.how,
            v.account_no.label("verified_account"),
            v.service_point_no.label("verified_point"),
        )
        .join_from(role, PARTY, party.party_no == role.c.party_no)
        .outerjoin(CONTACT_POINT, point.party_no == role.c.party_no)
        .outerjoin(VERIFICATION, and_(*verified_for))
        .order_by(role.c.account_no, role.c.party_no, point.point_no, role.c.role_from, role.c.role, role.c.supplied_at)
    )
    found: dict[str, list[Reach]] = defaultdict(list)
    for _, alike in groupby(rows, key=_OF_REACH):
        row, *more = alike
        found[row.account_no].append(_reach(row, [row, *more] if row.how is not None else ()))
    return found


def _role() -> tuple[Any, ...]:
    r = PARTY_ROLE.c
    return r.party_no, r.role, r.valid_from.label("role_from"), r.valid_to.label("role_to")


_OF_REACH = attrgetter("account_no", "party_no", "point_no", "role_from", "role", "supplied_at")


def _reach(row: Row[Any], verified: Iterable[Row[Any]]) -> Reach:
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
        verified=tuple((each.how, each.verified_account, each.verified_point) for each in verified),
        preferences=opened(row.preferences),
        is_vulnerable=bool(row.vulnerable_for),
    )
