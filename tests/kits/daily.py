"""Points that are prepaid: contracts with payment modes, and what reading tells of their days."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.reading.daily.use_cases import telling
from services.reading.reads.domain.days import ReadDays
from services.reading.usage.use_cases.knowing import Loader
from shared.db.restore import least_version
from shared.events.billing import AccountChanged, Contract, PaymentMode
from tests.kits.reading import Kit

PREPAID = (("2026-01-01", "prepaid"),)


def contract(
    n: int = 1,
    *,
    modes: Sequence[tuple[str, str]] = PREPAID,
    from_: str = "2026-01-01",
    to: str | None = None,
    **more: Any,
) -> Contract:
    said: dict[str, Any] = {"contract_no": f"C{n}", "service_point_no": f"S{n:04d}"}
    said |= {"from": date.fromisoformat(from_), "to": date.fromisoformat(to) if to else None}
    told = tuple([PaymentMode(from_=date.fromisoformat(day), mode=mode) for day, mode in modes])  # type: ignore[arg-type]
    return Contract(**(said | {"payment_modes": told} | more))


def account(n: int = 1, version: int = 1, contracts: Sequence[Contract] | None = None, **more: Any) -> AccountChanged:
    return AccountChanged(
        account_no=f"A{n}",
        version=version,
        org_unit="zj/hangzhou",
        customer_class="residential",
        opened_on=date(2020, 1, 1),
        contracts=tuple(contracts) if contracts is not None else (contract(n, **more),),
    )


async def tell(kit: Kit) -> int:
    """Let the loop look until nothing is left, and return how many points it looked at."""
    own = kit.service.app.state.context
    loader, looked = Loader(days=ReadDays(own.policies, own.zone)), 0
    while count := await telling.turn(kit.database, loader):
        looked += count
    return looked


async def told(kit: Kit, point: str = "S0001") -> list[tuple[int, str, str, int]]:
    """(version from 1 on, from, through, import Wh) of what was told of a point."""
    await tell(kit)
    facts = await kit.published("reading.daily_register.v1")
    before = least_version(kit.clock.at) - 1
    return [
        (fact["version"] - before, fact["period_from"], fact["through"], fact["energy_wh"].get("import", 0))
        for fact in facts
        if fact["service_point_no"] == point
    ]


async def last(kit: Kit, point: str = "S0001") -> tuple[str, str, int]:
    """(from, through, import Wh) of what was told last of a point."""
    _, *found = (await told(kit, point))[-1]
    return tuple(found)  # type: ignore[return-value]
