"""Who can be reached for which account: read without any name or address."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select, union_all

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
    role, party, point, v = (
        union_all(of_accounts, of_points).subquery("role").c,
        PARTY.c,
        CONTACT_POINT.c,
        VERIFICATION.c,
    )
    verified_for = (
        v.party_no == point.party_no,
        v.point_no == point.point_no,
        v.address_since == point.address_since,
    )
    rows = await view.all(
        select(*_reach(role, party, point), v.how, v.account_no, v.service_point_no)
        .join_from(role.party_no.table, PARTY, party.party_no == role.party_no)
        .outerjoin(CONTACT_POINT, point.party_no == role.party_no)
        .outerjoin(VERIFICATION, and_(*verified_for))
        .order_by(role.account_no, role.party_no, point.point_no, role.role_from, role.role, role.supplied_at)
    )
    found: dict[str, list[Reach]] = defaultdict(list)
    for (*said, preferences, vulnerable_for), verified in groupby(rows, key=_OF_REACH):
        known = tuple(row[_VERIFIED:] for row in verified if row.how is not None)
        found[said[1]].append(Reach._make((*said, known, opened(preferences), bool(vulnerable_for))))
    return found


def _role() -> tuple[Any, ...]:
    r = PARTY_ROLE.c
    return r.party_no, r.role, r.valid_from.label("role_from"), r.valid_to.label("role_to")


def _reach(role: Any, party: Any, point: Any) -> tuple[ColumnElement[Any], ...]:
    """Return what a row says of a reach, in the order of its fields; preferences and vulnerability are as they are stored."""
    return (
        role.party_no,
        role.account_no,
        party.org_unit,
        role.role,
        role.supplied_at,
        role.role_from,
        role.role_to,
        func.coalesce(point.point_no, ""),
        func.coalesce(point.kind, ""),
        func.coalesce(point.valid_from, role.role_from),
        point.valid_to,
        party.preferences,
        party.vulnerable_for,
    )


_VERIFIED = 13
_OF_REACH = itemgetter(slice(_VERIFIED))
