"""The terms of bills as they were when these were calculated."""

from collections.abc import Sequence

from services.billing.contracts.domain import Terms
from services.billing.contracts.store import before
from services.billing.contracts.store.contracts import terms_in
from shared.db.engine import View


async def terms(view: View, wanted: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], Terms]:
    """Return the terms of contracts as they were by a version of their account, by (account, contract, version).

    One that neither is as it was then nor was kept is not among them.
    """
    return {key: terms_in(row) for key, row in (await before.as_of(view, wanted)).items()}
