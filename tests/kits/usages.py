"""What the tests of usages say over and over: contracts, exchanges and corrections as they are told, usages that are in force."""

from typing import Any

from shared.events.billing import AccountChanged
from tests.kits.approvals import decided
from tests.kits.reading import UNIT, Kit, read

Period = tuple[str, str, str, int]
"""From, to, quality, import Wh."""


async def sign(kit: Kit, contract_no: str, from_: str, to: str | None = None, **more: Any) -> None:
    """Tell reading of a contract, each on an account of its own."""
    await kit.give(signed(contract_no, from_, to, **more))


def signed(
    contract_no: str, from_: str, to: str | None = None, *, version: int = 1, point: str = "S0001", **more: Any
) -> AccountChanged:
    """Return the fact of a contract, each on an account of its own."""
    contract = {"contract_no": contract_no, "service_point_no": point, "from": from_, "to": to} | more
    account = {"account_no": f"A{contract_no}", "org_unit": UNIT, "customer_class": "residential", "version": version}
    return AccountChanged.model_validate(account | {"opened_on": from_, "contracts": [contract]})


async def install(kit: Kit, *items: dict[str, Any]) -> None:
    """Put installations, all of which are to be taken; what is not said is M0001 on S0001 since 2026-01-01 at 100.00."""
    plain: dict[str, Any] = {
        "service_point_no": "S0001",
        "meter_no": "M0001",
        "installed_on": "2026-01-01",
        "unit": "kWh",
    }
    plain |= {"opening": {"import": "100.00"}}
    outcomes = await kit.put("installations", [plain | item for item in items])
    assert all(outcome["status"] == "done" for outcome in outcomes), outcomes


async def removed(kit: Kit, on: str, at: str, **more: Any) -> None:
    """Tell that a meter was taken off."""
    await install(kit, {"removed_on": on, "closing": {"import": at}} | more)


async def second_meter(kit: Kit, on: str, at: str, *registers: dict[str, Any]) -> None:
    """Install M2 on S0001."""
    given = list(registers) or [{"quantity": "import", "digits": 8, "scale": 2}]
    await kit.put("meters", [{"meter_no": "M2", "org_unit": UNIT, "registers": given}])
    await install(kit, {"meter_no": "M2", "installed_on": on, "opening": {"import": at}})


async def correct(kit: Kit, installation: str = "M0001/2026-01-01", **change: Any) -> dict[str, Any]:
    """Correct an installation, with a second person where that is needed, and return the answer."""
    body = {"unit": "kWh", "reason": "mistyped"} | change
    answer = await kit.clerk.post(f"/v1/installations/{installation}/correction", json=body)
    if answer.status_code == 202:
        second = kit.client("second", "reading:write", "approvals:decide")
        assert await decided(second, [answer.json()]) == ["done"]
        answer = await kit.clerk.post(f"/v1/installations/{installation}/correction", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def correct_read(kit: Kit, read_id: str, value: str, **more: Any) -> None:
    """Correct a read."""
    body = {"unit": "kWh", "registers": {"import": value}, "reason": "misread"} | more
    answer = await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=body)
    assert answer.status_code == 200, answer.text


async def month(kit: Kit, day: str, value: str | None = None, meter_no: str = "M0001", *, close: bool = True) -> str:
    """Plan a read date, read it or not, close it; return the id of the read."""
    await kit.plan(day)
    read_id = ""
    if value is not None:
        (outcome,) = await kit.push(read(meter_no, day, value))
        read_id = outcome.get("id", "")
    if close:
        await kit.close(day[:-2] + f"{int(day[-2:]) + 1:02d}")
    return read_id


async def in_force(kit: Kit, point: str = "S0001") -> list[dict[str, Any]]:
    """Return the usages of a point that stand: on each day that of the highest version, if it is not withdrawn."""
    taken: list[dict[str, Any]] = []
    for usage in sorted(await kit.usages(point), key=lambda each: -int(each["version"])):
        shared = [o for o in taken if usage["period_from"] < o["period_to"] and o["period_from"] < usage["period_to"]]
        if not shared:
            taken.append(usage)
    return sorted((u for u in taken if not u["withdrawn"]), key=lambda each: str(each["period_from"]))


async def periods(kit: Kit, point: str = "S0001") -> list[Period]:
    """Return the periods that stand."""
    standing = await in_force(kit, point)
    return [(u["period_from"], u["period_to"], u["quality"], u["energy_wh"].get("import", 0)) for u in standing]


async def found(kit: Kit) -> list[str]:
    """Return the codes of all findings."""
    return sorted(str(finding["code"]) for finding in await kit.items("findings"))
