"""Prepaid contracts of billing: accounts with payment modes, registers as reading tells them, and what is told of both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.billing.contracts.domain import Account, Payment
from services.billing.daily_charges import use_cases
from shared.events.prepaid import DailyChargeEstimated, DailyRegister
from tests.kits import billing
from tests.kits.billing import KWH, Desk, month

PREPAID = (("2026-01-01", "prepaid"),)


def account(n: int | str = 1, *, modes: Sequence[tuple[str, str]] = PREPAID, **more: Any) -> Account:
    """Account `A<n>` of the billing kit, paid in these modes."""
    made = billing.account(n, **more)
    payments = tuple([Payment(date.fromisoformat(day), mode) for day, mode in modes])  # type: ignore[arg-type]
    return replace(made, contracts=tuple([replace(one, payment_modes=payments) for one in made.contracts]))


def register(
    n: int | str, through: str, kwh: float = 100, *, version: int = 1, since: str = "", **more: Any
) -> DailyRegister:
    """What ran at `SP<n>` from the first of the month (or `since`) up to a day."""
    end = date.fromisoformat(through)
    start = date.fromisoformat(since) if since else end.replace(day=1)
    values: dict[str, Any] = {
        "service_point_no": f"SP{n}",
        "org_unit": "zj/hangzhou",
        "route_no": "R1",
        "version": version,
        "period_from": start,
        "through": end,
        "energy_wh": {"import": int(kwh * KWH)},
        "cycle": f"{start:%Y-%m}",
        "read_date": month(start.month + 1),
        "cycle_from": month(start.month),
    }
    return DailyRegister(**values | more)


async def tell(desk: Desk) -> int:
    """Let the loop look until nothing is left, and return how many contracts it looked at."""
    looked = 0
    while count := await use_cases.turn(desk.db, desk.context):
        looked += count
    return looked


async def told(desk: Desk, contract_no: str = "C1") -> list[dict[str, Any]]:
    """Return what was told of a contract, in order."""
    await tell(desk)
    facts = [fact.model_dump(mode="json") for fact in await desk.published(DailyChargeEstimated)]
    return [fact for fact in facts if fact["contract_no"] == contract_no]


async def last(desk: Desk, contract_no: str = "C1") -> tuple[str, str, int, int]:
    """(from, through, fen, Wh) of what was told last of a contract."""
    fact = (await told(desk, contract_no))[-1]
    return fact["period_from"], fact["through"], fact["amount_fen"], fact["energy_wh"]
