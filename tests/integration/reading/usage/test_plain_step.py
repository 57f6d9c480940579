"""The plain step of the read day equals the derivation: told by itself or derived, usages are the same to the last column."""

import random
from typing import Any

import pytest
from sqlalchemy import select

from services.reading.usage import tables
from services.reading.usage.use_cases import arriving
from tests.kits.effort import examples
from tests.kits.reading import UNIT, Kit, read
from tests.kits.usages import sign

POINTS = 12
MONTHS = ("2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01")
FACE = {"quantity": "import", "digits": 6, "scale": 1}
REGISTERS = (
    [FACE],
    [FACE, {"quantity": "export", "digits": 5, "scale": 0}],
    [{"quantity": "import", "digits": 6, "scale": 1, "direction": "down"}],
    [FACE, {"quantity": "demand", "digits": 5, "scale": 2, "kind": "demand"}],
)
OWN = ("usage_id", "created_at")  # what differs between any two usages; versions are 1 where the step was plain


class Steps:
    """Counts plain steps, and takes none while `forced`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.forced, self.plain = False, 0
        take = arriving._plain

        def counted(*given: Any) -> bool:
            done = not self.forced and take(*given)
            self.plain += done
            return done

        monkeypatch.setattr(arriving, "_plain", counted)


class Town:
    """Points in pairs, P and D, of which all is told alike; the reads of P by plain steps where they are plain."""

    def __init__(self, kit: Kit, steps: Steps, seed: int) -> None:
        self.kit, self.steps, self.draw = kit, steps, random.Random(seed)
        self.meters: dict[int, list[dict[str, Any]]] = {}
        self.shown: dict[int, dict[str, int]] = {}

    async def build(self) -> None:
        draw, kit = self.draw, self.kit
        await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}])
        points, meters, there = [], [], []
        for n in range(POINTS):
            self.meters[n] = registers = draw.choice(REGISTERS)
            self.shown[n] = {str(r["quantity"]): self.begin(r) for r in registers}
            carried = draw.choice([{}, {}, {"connection_kw": 10}])
            multiplier = draw.choice([1, 1, 30])
            since = draw.choice(["2026-01-01", "2026-01-01", "2026-01-20"])
            for kind in "PD":
                points.append({"service_point_no": f"{kind}{n}", "route_no": "R1"} | carried)
                meter = {"meter_no": f"{kind}M{n}", "org_unit": UNIT, "multiplier": multiplier}
                meters.append(meter | {"registers": registers})
                place = {"service_point_no": f"{kind}{n}", "meter_no": f"{kind}M{n}", "unit": "kWh"}
                there.append(place | {"installed_on": since, "opening": self.faces(n)})
        for path, items in (("service-points", points), ("meters", meters), ("installations", there)):
            assert {outcome["status"] for outcome in await kit.put(path, items)} == {"done"}

    def begin(self, register: dict[str, Any]) -> int:
        near = self.draw.randrange(3_000)  # to where the face turns
        turns = near if register.get("direction") == "down" else _modulus(register) - 1 - near
        return self.draw.choice([turns, self.draw.randrange(_modulus(register))])

    def faces(self, n: int) -> dict[str, str]:
        found = {}
        for register in self.meters[n]:
            scale = register["scale"]
            count = self.shown[n][register["quantity"]] % _modulus(register)
            text = str(count).zfill(scale + 1)
            found[register["quantity"]] = f"{text[:-scale]}.{text[-scale:]}" if scale else text
        return found

    def run(self, n: int) -> None:
        for register in self.meters[n]:
            way = -1 if register.get("direction") == "down" else 1
            step = self.draw.choice([0, 50, 900, 1_500])
            if self.draw.random() < 0.06:
                step = self.draw.choice([30_000, 700_000, -40])
            self.shown[n][register["quantity"]] += way * step

    async def live(self) -> None:
        """Months with reads, good ones and bad ones, in time, late, in between and missing; contracts that begin and end."""
        draw, kit, late = self.draw, self.kit, []
        for day in MONTHS:
            await kit.plan(day)
            if draw.random() < 0.5:
                await self.contracts(day)
            now = []
            for n in range(POINTS):
                self.run(n)
                if draw.random() < 0.15:
                    now.append((n, day[:-2] + "11", draw.choice(["self", "site"]), self.faces(n)))
                source = draw.choice(["remote", "remote", "remote", "site", "self", "estimated"])
                given = (n, day, source, self.faces(n))
                chance = draw.random()
                if chance < 0.75:
                    now.append(given)
                elif chance < 0.9:
                    late.append(given)
            await self.push(now)
            await kit.close(day[:-1] + "2")
            if draw.random() < 0.5:
                await self.push(late)
                late = []

    async def contracts(self, day: str) -> None:
        n, on = self.draw.randrange(POINTS), self.draw.choice([day, day[:-2] + "15"])
        for kind in "PD":
            await sign(self.kit, f"{kind}C{n}", "2026-01-01", on, version=int(day[5:7]), point=f"{kind}{n}")

    async def push(self, reads: list[tuple[int, str, str, dict[str, str]]]) -> None:
        size = self.draw.randrange(1, POINTS)
        for at in range(0, len(reads), size):
            for kind in "PD":
                self.steps.forced = kind == "D"
                batch = reads[at : at + size]
                await self.kit.push(*(read(f"{kind}M{n}", day, faces, source) for n, day, source, faces in batch))
        self.steps.forced = False


def _modulus(register: dict[str, Any]) -> int:
    return int("1" + "0" * register["digits"])


async def _told(kit: Kit, kind: str) -> list[dict[str, Any]]:
    table = tables.USAGE
    order = (table.c.service_point_no, table.c.period_from, table.c.period_to, table.c.version)
    async with kit.database.view() as view:
        rows = await view.all(select(table).where(table.c.service_point_no.startswith(kind)).order_by(*order))
    return [_plain(row._mapping, kind) for row in rows]


async def _around(kit: Kit, kind: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return what became of the tasks of the points of a kind, and what was found there."""
    tasks = [
        [task["service_point_no"][1:], task["read_date"], task["status"], str(bool(task["usage_id"]))]
        for task in await kit.items("tasks", limit="500")
        if task["service_point_no"].startswith(kind)
    ]
    found = [
        [str(finding["service_point_no"])[1:], finding["cycle"], finding["entity_kind"], finding["code"]]
        for finding in await kit.items("findings", limit="500")
        if str(finding["service_point_no"]).startswith(kind)
    ]
    return sorted(tasks), sorted(found)


def _plain(row: Any, kind: str) -> dict[str, Any]:
    """Return the columns of a usage without what names the point and its meter."""
    shown = {name: value for name, value in row.items() if name not in OWN}
    for name in ("service_point_no", "registers", "closing_meter", "closing_read_ids", "read_ids", "meter_nos"):
        shown[name] = shown[name].replace(f"{kind}M", "M").removeprefix(kind)
    return shown


@pytest.mark.parametrize("seed", range(examples(4)))
async def test_a_plain_step_tells_what_would_be_derived(kit: Kit, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    steps = Steps(monkeypatch)
    town = Town(kit, steps, seed)
    await town.build()
    await town.live()
    plain, derived = await _told(kit, "P"), await _told(kit, "D")
    assert await _around(kit, "P") == await _around(kit, "D")
    assert steps.plain >= POINTS / 2, "many steps were plain"
    assert plain == derived
