"""Contracts, copied from billing's facts."""

from sqlalchemy import select

from services.reading.contracts import tables
from shared.events.billing import AccountChanged, Contract
from tests.kits.reading import UNIT, Kit


async def test_the_newest_state_of_a_contract_says_which_curve_its_bills_need(kit: Kit) -> None:
    kept = []
    for version, minutes in ((2, 30), (1, 60), (3, None)):
        contract = {"contract_no": "K1", "service_point_no": "S1", "from": "2026-01-01", "curve_minutes": minutes}
        account = {"account_no": "A1", "org_unit": UNIT, "customer_class": "home", "opened_on": "2026-01-01"}
        await kit.give(
            AccountChanged.model_validate(account | {"version": version, "contracts": [Contract(**contract)]})
        )
        async with kit.database.view() as view:
            kept.append(await view.scalar(select(tables.CONTRACT.c.curve_minutes)))
    assert kept == [30, 30, None]
