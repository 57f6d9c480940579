"""Rows of parties <-> the domain. Only what sends, and what answers a party's own staff, opens what is sealed."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Date, FromClause, Row, and_, case, func, or_, select, type_coerce, update

from services.notify.accounts import store as accounts
from services.notify.parties.domain import ContactPoint, Party, Role, Verification, Vulnerability
from services.notify.parties.domain.preferences import Preferences
from services.notify.parties.store import preferences
from services.notify.parties.tables import CONTACT_POINT, PARTY, PARTY_ROLE, VERIFICATION
from services.notify.vault import Vault
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

NAME = "name"
"""The kind of a blind index that names are looked up by; those of contact points are their own."""
FOUND_MAX = 50  # parties of one look-up: a block of flats may share one number, more is a mistake


async def parties(view: View, vault: Vault, party_nos: Sequence[str]) -> dict[str, tuple[Party, int]]:
    """Return parties and their versions by number; those that were erased among them."""
    wanted = {"party_no": party_nos}
    rows = await bulk.select_in(view, PARTY, wanted)
    points: dict[str, list[ContactPoint]] = defaultdict(list)
    for row in await bulk.select_in(view, CONTACT_POINT, wanted, order_by=(CONTACT_POINT.c.point_no,)):
        points[row.party_no].append(_point(row, vault))
    roles: dict[str, list[Role]] = defaultdict(list)
    for row in await bulk.select_in(view, PARTY_ROLE, wanted, order_by=tuple(PARTY_ROLE.primary_key)):
        roles[row.party_no].append(_role(row))
    return {row.party_no: (_party(row, vault, points, roles), row.version) for row in rows}


def _party(row: Row[Any], vault: Vault, points: dict[str, list[ContactPoint]], roles: dict[str, list[Role]]) -> Party:
    vulnerability = None
    if row.vulnerable_for:
        vulnerability = Vulnerability(
            reason=row.vulnerable_for, source=vault.open(row.vulnerable_source), since=row.vulnerable_since
        )
    return Party(
        party_no=row.party_no,
        org_unit=row.org_unit,
        kind=row.kind,
        name=vault.open(row.name_sealed),
        language=row.language,
        vulnerability=vulnerability,
        wishes=tuple(orjson.loads(row.wishes)),
        preferences=preferences.opened(row.preferences),
        teller=row.teller,
        points=tuple(points[row.party_no]),
        roles=tuple(roles[row.party_no]),
    )


def _point(row: Row[Any], vault: Vault) -> ContactPoint:
    return ContactPoint(
        point_no=row.point_no,
        kind=row.kind,
        address=vault.open(row.address_sealed),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        address_since=row.address_since,
    )


def _role(row: Row[Any]) -> Role:
    return Role(
        role=row.role,
        account_no=row.account_no,
        service_point_no=row.service_point_no,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


async def put_parties(tx: Tx, vault: Vault, given: Sequence[tuple[Party, int]]) -> set[str]:
    """Insert or replace parties whole, each with its new version, and return the numbers that were applied."""
    each = [party for party, _ in given]
    columns: dict[str, list[Any]] = {
        "party_no": [party.party_no for party in each],
        "org_unit": [party.org_unit for party in each],
        "kind": [party.kind for party in each],
        "language": [party.language for party in each],
        "name_sealed": [vault.seal(party.name) for party in each],
        "name_index": [vault.index(NAME, party.name) for party in each],
        "vulnerable_for": [party.vulnerability.reason if party.vulnerability else "" for party in each],
        "vulnerable_source": [vault.seal(party.vulnerability.source) if party.vulnerability else "" for party in each],
        "vulnerable_since": [party.vulnerability.since if party.vulnerability else None for party in each],
        "wishes": [orjson.dumps(party.wishes).decode() for party in each],
        "preferences": [preferences.stored(party.preferences) for party in each],
        "teller": [party.teller for party in each],
        "version": [version for _, version in given],
    }
    applied = {row.party_no for row in await bulk.upsert_newer(tx, PARTY, columns, key=("party_no",))}
    written = [party for party in each if party.party_no in applied]
    await _replace(tx, vault, written)
    return applied


async def _replace(tx: Tx, vault: Vault, written: Sequence[Party]) -> None:
    wanted = {"party_no": [party.party_no for party in written]}
    await bulk.delete_in(tx, CONTACT_POINT, wanted)
    await bulk.delete_in(tx, PARTY_ROLE, wanted)
    points = [(party.party_no, point) for party in written for point in party.points]
    columns: dict[str, list[Any]] = {
        "party_no": [party_no for party_no, _ in points],
        "point_no": [point.point_no for _, point in points],
        "kind": [point.kind for _, point in points],
        "address_sealed": [vault.seal(point.address) for _, point in points],
        "address_index": [vault.index(point.kind, point.address) for _, point in points],
        "address_since": [point.address_since for _, point in points],
        "valid_from": [point.valid_from for _, point in points],
        "valid_to": [point.valid_to for _, point in points],
    }
    await bulk.insert_rows(tx, CONTACT_POINT, columns)
    roles = [(party.party_no, role) for party in written for role in party.roles]
    names = ("role", "account_no", "service_point_no", "valid_from", "valid_to")
    rows: dict[str, list[Any]] = {name: [getattr(role, name) for _, role in roles] for name in names}
    await bulk.insert_rows(tx, PARTY_ROLE, {"party_no": [party_no for party_no, _ in roles], **rows})


async def verifications(view: View, party_nos: Sequence[str]) -> dict[tuple[str, str], list[Row[Any]]]:
    """Return what verified the contact points of parties with the values that they have, by (party, point), oldest first."""
    v, point = VERIFICATION.c, CONTACT_POINT.c
    rows = await bulk.select_in(
        view, VERIFICATION, {"party_no": party_nos}, order_by=(v.day, *VERIFICATION.primary_key)
    )
    points = await bulk.select_in(
        view, CONTACT_POINT, {"party_no": party_nos}, columns=(point.party_no, point.point_no, point.address_since)
    )
    since = {(row.party_no, row.point_no): row.address_since for row in points}
    found: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        if since.get((row.party_no, row.point_no)) == row.address_since:
            found[row.party_no, row.point_no].append(row)
    return found


async def verify(tx: Tx, given: Sequence[tuple[Verification, int]]) -> int:
    """Keep verifications of contact points, each with the version of the address that was verified; return how many are new."""
    names = ("party_no", "point_no", "account_no", "service_point_no", "how", "day")
    columns: dict[str, list[Any]] = {name: [getattr(one, name) for one, _ in given] for name in names}
    columns |= {
        "address_since": [since for _, since in given],
        "verified_by": [one.by for one, _ in given],
        "at": [tx.now] * len(given),
    }
    key = tuple(column.name for column in VERIFICATION.primary_key)
    return len(await bulk.insert_ignore(tx, VERIFICATION, columns, key=key))


async def unverify(tx: Tx, party_no: str, point_no: str) -> None:
    """Forget for what a contact point was verified: nothing goes there until it is verified anew."""
    await bulk.delete_in(tx, VERIFICATION, {"party_no": [party_no], "point_no": [point_no]})


async def unverify_addresses(tx: Tx, points: Sequence[tuple[str, str, int]]) -> None:
    """Forget for what contact points (party, point) were verified with the addresses of these versions, not with later ones."""
    keys = {
        name: [point[place] for point in points] for place, name in enumerate(("party_no", "point_no", "address_since"))
    }
    await bulk.delete_in(tx, VERIFICATION, keys)


async def names(view: View, vault: Vault, party_nos: Sequence[str]) -> dict[str, str]:
    """Return the names of parties, by number; of one that was erased, nothing."""
    p = PARTY.c
    rows = await bulk.select_in(view, PARTY, {"party_no": party_nos}, columns=(p.party_no, p.name_sealed))
    return {row.party_no: vault.open(row.name_sealed) for row in rows}


async def lock_told(tx: Tx, party_nos: Sequence[str]) -> dict[str, tuple[str, Preferences]]:
    """Lock parties that are to be told, in their order, and return what each is and prefers: who queues for one waits here."""
    p = PARTY.c
    rows = await bulk.select_in(
        tx,
        PARTY,
        {"party_no": party_nos},
        columns=(p.party_no, p.kind, p.preferences),
        order_by=(p.party_no,),
        for_update=True,
    )
    return {row.party_no: (row.kind, preferences.opened(row.preferences)) for row in rows}


async def points_of(view: View, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Row[Any]]:
    """Return contact points by (party, point), each with the org unit of its party."""
    p = CONTACT_POINT.c
    rows = await bulk.select_in(
        view,
        CONTACT_POINT,
        {"party_no": [party_no for party_no, _ in wanted], "point_no": [point_no for _, point_no in wanted]},
        columns=(p.party_no, p.point_no, p.kind, p.address_since),
    )
    return {(row.party_no, row.point_no): row for row in rows}


def points_table() -> FromClause:
    """Return the contact points, for a statement that asks whether one still has the address that it had."""
    return CONTACT_POINT


async def page(
    view: View,
    *,
    account_no: str | None,
    service_point_no: str | None,
    visible: Condition,
    after: Condition,
    limit: int,
) -> Sequence[str]:
    """Return the numbers of the parties that have a role towards an account or service point."""
    r = PARTY_ROLE.c
    towards: list[ColumnElement[bool]] = []
    if account_no is not None:
        towards.append(r.account_no == account_no)
    if service_point_no is not None:
        towards.append(r.service_point_no == service_point_no)
    statement = (
        select(PARTY.c.party_no)
        .where(PARTY.c.party_no.in_(select(r.party_no).where(or_(*towards))), visible(PARTY.c.org_unit))
        .where(after(PARTY.c.party_no))
        .order_by(PARTY.c.party_no)
        .limit(limit)
    )
    return [row.party_no for row in await view.all(statement)]


async def looked_up(view: View, kind: str, indexes: Sequence[str], *, visible: Condition) -> Sequence[Row[Any]]:
    """Return the parties with a name, or a contact point, of one of these blind indexes, up to FOUND_MAX and one more."""
    if kind == NAME:
        same: ColumnElement[bool] = PARTY.c.name_index.in_(indexes)
    else:
        point = CONTACT_POINT.c
        same = PARTY.c.party_no.in_(
            select(point.party_no).where(and_(point.address_index.in_(indexes), point.kind == kind))
        )
    statement = select(PARTY.c.party_no, PARTY.c.org_unit, PARTY.c.kind).where(same, visible(PARTY.c.org_unit))
    return await view.all(statement.order_by(PARTY.c.party_no).limit(FOUND_MAX + 1))


async def party_row(view: View, party_no: str, *, visible: Condition) -> Row[Any] | None:
    """Return the row of one party."""
    return await view.first(select(PARTY).where(PARTY.c.party_no == party_no, visible(PARTY.c.org_unit)))


async def erased(view: View, party_nos: Sequence[str]) -> set[str]:
    """Return which of these parties were erased."""
    c = PARTY.c
    rows = await bulk.select_in(
        view, PARTY, {"party_no": party_nos}, columns=(c.party_no,), where=c.erased_on.is_not(None)
    )
    return {row.party_no for row in rows}


async def erase(tx: Tx, vault: Vault, party_no: str, version: int, day: date) -> None:
    """Remove all that says who a party is; its roles stay, with its number, as the books and notices name it."""
    await bulk.delete_in(tx, CONTACT_POINT, {"party_no": [party_no]})
    await bulk.delete_in(tx, VERIFICATION, {"party_no": [party_no]})
    await tx.execute(
        update(PARTY)
        .where(PARTY.c.party_no == party_no)
        .values(
            name_sealed=vault.seal(""),
            name_index="",
            vulnerable_for="",
            vulnerable_source="",
            vulnerable_since=None,
            wishes="[]",
            preferences=preferences.NONE_STORED,
            teller="",
            erased_on=day,
            version=version,
        )
    )


async def stale(
    view: View, *, before: date, before_of_debtors: date, on: date, visible: Condition, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return the contact points in use on a day that were last confirmed before another, with when that was.

    Those of parties of accounts that owe, or did when they were left, are stale `before_of_debtors` already.
    """
    p, v = CONTACT_POINT.c, VERIFICATION.c
    confirmed = (
        select(func.max(v.day))
        .where(v.party_no == p.party_no, v.point_no == p.point_no, v.address_since == p.address_since)
        .scalar_subquery()
    )
    last = func.coalesce(confirmed, p.valid_from)
    statement = (
        select(p.party_no, p.point_no, p.kind, PARTY.c.org_unit, type_coerce(last, Date()).label("confirmed_on"))
        .select_from(CONTACT_POINT.join(PARTY, PARTY.c.party_no == p.party_no))
        .where(
            last < case((_is_debtor(on), before_of_debtors), else_=before),
            p.valid_from <= on,
            or_(p.valid_to.is_(None), p.valid_to > on),
        )
        .where(visible(PARTY.c.org_unit), after(p.party_no, p.point_no))
        .order_by(p.party_no, p.point_no)
        .limit(limit)
    )
    return await view.all(statement)


def _is_debtor(on: date) -> ColumnElement[bool]:
    """Return the condition that a contact point is of a party with a role, whenever, towards an account that owes."""
    r, standing, supply = PARTY_ROLE, accounts.standings_table(), accounts.supplies_table()
    of_account = r.join(standing, standing.c.account_no == r.c.account_no)
    at_point = r.join(supply, supply.c.service_point_no == r.c.service_point_no).join(
        standing, standing.c.account_no == supply.c.account_no
    )
    mine, owes = r.c.party_no == CONTACT_POINT.c.party_no, accounts.owes(on)
    return or_(
        *(
            select(r.c.party_no).select_from(source).where(mine, owes).correlate(CONTACT_POINT).exists()
            for source in (of_account, at_point)
        )
    )


async def sealed_otherwise(tx: Tx, vault: Vault, limit: int) -> int:
    """Seal up to `limit` parties anew that another key has sealed, with their contact points, and return how many."""
    mine = f"{vault.key.number}."
    other = PARTY.c.party_no.in_(
        select(CONTACT_POINT.c.party_no).where(~CONTACT_POINT.c.address_sealed.startswith(mine, autoescape=True))
    )
    rows = await tx.all(
        select(PARTY.c.party_no)
        .where(or_(~PARTY.c.name_sealed.startswith(mine, autoescape=True), other))
        .order_by(PARTY.c.party_no)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    party_nos = [row.party_no for row in rows]
    parties_ = await bulk.select_in(tx, PARTY, {"party_no": party_nos}, order_by=(PARTY.c.party_no,))
    names = [vault.open(row.name_sealed) for row in parties_]
    sources = [vault.open(row.vulnerable_source) if row.vulnerable_source else "" for row in parties_]
    await bulk.update_from(
        tx,
        PARTY,
        {
            "party_no": [row.party_no for row in parties_],
            "name_sealed": [vault.seal(name) for name in names],
            "name_index": [vault.index(NAME, name) if name else "" for name in names],
            "vulnerable_source": [vault.seal(source) if source else "" for source in sources],
        },
        key=("party_no",),
    )
    points = await bulk.select_in(tx, CONTACT_POINT, {"party_no": party_nos})
    values = [vault.open(row.address_sealed) for row in points]
    await bulk.update_from(
        tx,
        CONTACT_POINT,
        {
            "party_no": [row.party_no for row in points],
            "point_no": [row.point_no for row in points],
            "address_sealed": [vault.seal(value) for value in values],
            "address_index": [vault.index(row.kind, value) for row, value in zip(points, values, strict=True)],
        },
        key=("party_no", "point_no"),
    )
    return len(party_nos)


def parties_table() -> FromClause:
    """Return the parties, for a list that shows who tells one."""
    return PARTY
