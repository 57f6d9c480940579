"""Leaflets travel with bills: each at most once a year with one of an account."""

from collections.abc import Sequence
from dataclasses import replace

from services.notify.leaflets import store
from services.notify.leaflets.domain import Billed, Leaflets
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import ENCLOSED
from shared.db.engine import Tx


async def enclose(tx: Tx, bills: Sequence[tuple[Cause, Billed]], leaflets: Leaflets) -> list[Cause]:
    """Return causes with the leaflets that go with them in the figure `enclosed` (two statements, where any is to go)."""
    wanted = [
        (bill.account_no, leaflet, year, cause.id)
        for (cause, bill), travelling in zip(bills, leaflets.with_bills([bill for _, bill in bills]), strict=True)
        for leaflet, year in travelling
    ]
    if not wanted:
        return [cause for cause, _ in bills]
    given: dict[str, list[str]] = {}
    for _, leaflet, _, cause_id in await store.give(tx, list(dict.fromkeys(wanted))):
        given.setdefault(cause_id, []).append(leaflet)
    return [
        replace(cause, figures={**cause.figures, ENCLOSED: " ".join(given[cause.id])}) if cause.id in given else cause
        for cause, _ in bills
    ]
