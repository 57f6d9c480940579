"""A drawn town for trial runs: homes on a yearly ladder, homes by time of use, shops on a two-part price; four months."""

import random
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson

from services.billing.contracts.domain import Account, AccountTerms
from services.billing.rating.rating_types import Equipment
from services.billing.tariffs.documents import packaged
from shared.events.reading import UsageMeasured
from tests.kits import told_town
from tests.kits.billing import KWH, Desk, account, closed, usage

HOME, BY_TIME, SHOP = "XX/home", "XX/time", "XX/shop"
MONTHS = (1, 2, 3, 4)
OPENED = {"from": "2020-01-01", "to": None}


def _packaged(tariff_id: str) -> str:
    return orjson.dumps(next(d for d in packaged.documents("sample") if d.get("id") == tariff_id)).decode()


def home(version: int = 1, *, since: str = "2020-01-01", price: str = "0.538") -> dict[str, Any]:
    """The yearly ladder of Zhejiang at another price of its first tier."""
    document = orjson.loads(_packaged("CN-ZJ/residential").replace('"0.538"', f'"{price}"'))
    return document | {"id": HOME, "version": version, "effective": {"from": since, "to": None}}


def by_time(version: int = 1, *, since: str = "2020-01-01", peak: str = "0.568", tier: str = "2760") -> dict[str, Any]:
    """Time of use with the ladder of Zhejiang, at another peak price and with another first limit."""
    text = _packaged("CN-ZJ/residential/time-of-use").replace('"0.568"', f'"{peak}"').replace('"2760"', f'"{tier}"')
    return orjson.loads(text) | {"id": BY_TIME, "version": version, "effective": {"from": since, "to": None}}


def shop(version: int = 1, *, since: str = "2020-01-01", capacity: str = "23.7") -> dict[str, Any]:
    """A two-part price with a power factor, at another price of capacity."""
    text = orjson.dumps(told_town.documents()[told_town.SHOP_TARIFF]).decode().replace('"23.7"', f'"{capacity}"')
    return orjson.loads(text) | {"id": SHOP, "version": version, "effective": {"from": since, "to": None}}


@dataclass(frozen=True)
class Drawn:
    """The accounts of a town and their usages, month by month and route by route."""

    accounts: list[Account]
    usages: dict[tuple[int, str], list[UsageMeasured]]


def draw(seed: int, *, count: int = 24) -> Drawn:
    """Draw a town: every third is a home, one by time of use, a shop; two routes of two org units."""
    rng = random.Random(seed)
    accounts, usages = [], dict[tuple[int, str], list[UsageMeasured]]()
    for n in range(1, count + 1):
        kind, route, unit = (HOME, BY_TIME, SHOP)[n % 3], f"R{1 + n % 2}", ("zj/hangzhou", "zj/ningbo")[n % 2]
        accounts.append(_shop(n, unit, rng) if kind == SHOP else account(n, tariff=kind, org_unit=unit))
        for cycle in MONTHS:
            usages.setdefault((cycle, route), []).append(_usage(n, cycle, kind, route, unit, rng))
    return Drawn(accounts, usages)


def _shop(n: int, unit: str, rng: random.Random) -> Account:
    units = tuple(Equipment(f"T{i}", 1000 * rng.choice((100, 200, 315))) for i in range(2))
    terms = AccountTerms(date(2020, 1, 1), "commercial", 1, 1, option="capacity", equipment=units)
    made = account(n, tariff=SHOP, org_unit=unit, facts=(terms,))
    return replace(made, contracts=(replace(made.contracts[0], opening=None),))


def _usage(n: int, cycle: int, kind: str, route: str, unit: str, rng: random.Random) -> UsageMeasured:
    kwh = rng.randrange(50, 1400)
    energy = {"import": kwh * KWH}
    if kind == BY_TIME:
        peak = rng.randrange(0, kwh)
        energy |= {"import.peak": peak * KWH, "import.valley": (kwh - peak) * KWH}
    elif kind == SHOP:
        energy["reactive.import"] = rng.randrange(0, kwh) * KWH
    return usage(n, cycle, kwh, route=route, org_unit=unit, energy_wh=energy)


async def billed(desk: Desk, seed: int, *, count: int = 24) -> Drawn:
    """Bill a town: three months are issued but for what is held, the fourth waits for its release."""
    await desk.activate(home(), by_time(), shop())
    town = draw(seed, count=count)
    await desk.open(*town.accounts)
    for cycle in MONTHS:
        for route in ("R1", "R2"):
            of_route = town.usages[cycle, route]
            await desk.measure(*of_route)
            if cycle < MONTHS[-1]:
                word = closed(of_route).model_copy(update={"org_unit": of_route[0].org_unit})
                await desk.close(word)
        await desk.work()
    return town
