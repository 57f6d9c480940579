"""That the customer was told of a cut is its proof: delivered by the notice's ways, or said by a person."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from services.collection.cuts.use_cases.ways import Ways
from services.collection.ledger.store import accounts
from services.collection.supply import store as supply
from services.collection.supply.domain import ANNOUNCED
from services.collection.supply.use_cases.orders import Orders
from shared.db.engine import Tx

CAUSE: Final = "cut"
"""The kind of cause by which notify names an announcement."""


async def told(tx: Tx, proofs: Iterable[tuple[str, datetime]], ways: Ways) -> None:
    """Note on which day customers were told of announcements (id, instant): the first one counts; others are of before."""
    days: dict[str, date] = {}
    for announcement_id, at in proofs:
        day = ways.day(at)
        days[announcement_id] = min(day, days.get(announcement_id, day))
    cuts = await supply.of_announcements(tx, sorted(days))
    if not cuts:
        return
    await accounts.lock_accounts(tx, sorted({cut["account_no"] for cut in cuts}))
    orders = Orders(tx)
    for cut in await supply.of_announcements(tx, sorted(days)):
        day = days[cut["announcement_id"]]
        if cut["told_on"] is None or day < cut["told_on"]:
            code = {"code": ""} if cut["state"] == ANNOUNCED and cut["code"] == "not_told" else {}
            orders.put({**cut, "told_on": day, **code})
    await orders.write()
