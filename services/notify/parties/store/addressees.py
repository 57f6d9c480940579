"""Whom a notice is sent to, opened for what sends it."""

from collections.abc import Sequence

from services.notify.doors import store as doors
from services.notify.parties.domain import DOORS_LANGUAGE, NOBODY, Addressee
from services.notify.parties.store.preferences import opened
from services.notify.parties.tables import CONTACT_POINT, PARTY
from services.notify.vault import Vault
from shared.db import bulk
from shared.db.engine import View


async def addressees(view: View, vault: Vault, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Addressee]:
    """Return the contact points (party, point) that are there, opened, with what their parties are (two statements).

    An empty point is the door itself, where somebody goes: it has no address here. The point of nobody (an empty party) is the
    service point that a letter names: where its door is checked, with the address of that.
    """
    point, party = CONTACT_POINT.c, PARTY.c
    keys = {"party_no": [party_no for party_no, _ in wanted], "point_no": [point_no for _, point_no in wanted]}
    rows = await bulk.select_in(
        view, CONTACT_POINT, keys, columns=(point.party_no, point.point_no, point.address_sealed, point.address_since)
    )
    named = (party.party_no, party.language, party.vulnerable_for, party.preferences, party.erased_on)
    of_rows = {"party_no": [row.party_no for row in rows] + [party_no for party_no, point_no in wanted if not point_no]}
    known = {row.party_no: row for row in await bulk.select_in(view, PARTY, of_rows, columns=named)}
    named_by_letters = await doors.doors(view, vault, [point_no for party_no, point_no in wanted if party_no == NOBODY])
    at_doors = {
        (NOBODY, point_no): Addressee(address=door.address, address_since=door.address_since, language=DOORS_LANGUAGE)
        for point_no, (door, _) in named_by_letters.items()
        if door.checked_on is not None
    }
    at_doors |= {
        (party_no, ""): Addressee(
            address="",
            address_since=0,
            language=known[party_no].language,
            is_vulnerable=bool(known[party_no].vulnerable_for),
            zone=opened(known[party_no].preferences).zone,
        )
        for party_no, point_no in wanted
        if not point_no and party_no in known and known[party_no].erased_on is None
    }
    return at_doors | {
        (row.party_no, row.point_no): Addressee(
            address=vault.open(row.address_sealed),
            address_since=row.address_since,
            language=known[row.party_no].language,
            is_vulnerable=bool(known[row.party_no].vulnerable_for),
            zone=opened(known[row.party_no].preferences).zone,
        )
        for row in rows
    }
