"""Whatever the order in which the facts of a meter become known, with mistakes put right in between, its life is the same."""

import random
from datetime import date, timedelta
from typing import Any

from tests.kits.effort import walks
from tests.kits.reading import Kit
from tests.kits.stock import install, lab, moved, put_on, receive, send, states

METER = "M0901"
STEPS = {
    "received": ("to_stock", "to_test", "install"),
    "in_stock": ("install", "install", "to_test"),
    "installed": ("remove",),
    "removed": ("take_back",),
    "taken_back": ("to_test", "pass", "fail"),
    "to_test": ("pass", "pass", "fail"),
    "passed": ("to_stock", "install"),
    "failed": ("to_test", "scrap"),
    "scrapped": (),
}
LEADS_TO = {
    "to_stock": "in_stock",
    "install": "installed",
    "remove": "removed",
    "take_back": "taken_back",
    "pass": "passed",
    "fail": "failed",
    "scrap": "scrapped",
    "to_test": "to_test",
}


def truth(rng: random.Random) -> list[tuple[str, date, str]]:
    """What really happened to a meter, one step after the other: (step, day, point)."""
    state, day, point = "received", date(2026, 1, 5), ""
    steps = []
    for _ in range(12):
        if not STEPS[state]:
            break
        step = rng.choice(STEPS[state])
        day += timedelta(days=rng.randint(2, 15))
        point = rng.choice(("S0002", "S0003")) if step == "install" else point
        steps.append((step, day, point))
        state = LEADS_TO[step]
    return steps


def told(steps: list[tuple[str, date, str]], rng: random.Random) -> list[list[tuple[str, Any]]]:
    """What is told of it, as chains whose links follow each other: some installations are told wrongly first, or never were."""
    chains: list[list[tuple[str, Any]]] = []
    for n, (step, day, point) in enumerate(steps):
        if step == "install":
            end = str(steps[n + 1][1]) if n + 1 < len(steps) else None
            chains.append(_installation(day, end, point, rng))
        elif step in ("pass", "fail"):
            chains.append([("meter-tests", lab(step + "ed", str(day), METER))])
        elif step != "remove":
            reason = {"reason": "beyond_repair"} if step == "scrap" else {}
            chains.append([("meter-movements", moved(step, str(day), METER, **reason))])
    wrong = moved("take_back", str(steps[-1][1]), METER, "never")
    chains.append([("meter-movements", wrong), ("meter-movements/annulments", {"movement_no": "never", "reason": "x"})])
    return chains


def _installation(day: date, end: str | None, point: str, rng: random.Random) -> list[tuple[str, Any]]:
    whole = ("installations", put_on(METER, point, str(day), end))
    kind = rng.choice(("plain", "in_two", "wrong_day", "never_was"))
    if kind == "in_two":
        return [("installations", put_on(METER, point, str(day))), whole]
    if kind == "wrong_day":
        late = str(day + timedelta(days=1))
        right = {"installed_on": str(day), "reason": "mistyped"}
        return [("installations", put_on(METER, point, late, end)), (f"installations/{METER}/{late}/correction", right)]
    if kind == "never_was":
        gone = (f"installations/{METER}/{day}/annulment", {"reason": "x"})
        return [("installations", put_on(METER, "S0004", str(day), end)), gone, whole]
    return [whole]


async def tell(kit: Kit, path: str, item: Any) -> bool:
    """Return whether it was taken; what is not is told again later, when more is known."""
    if path == "installations":
        return await install(kit, item) in (["done"], ["already_done"])
    if path.startswith("installations/"):
        return (await kit.clerk.post(f"/v1/{path}", json=item)).status_code == 200
    return (await send(kit, path, item))[0] in ("done", "reading.meter_movement_waits", "already_done")


@walks(1, 2, 3, 4, 5, 6)
async def test_the_life_is_the_same_in_any_order(kit: Kit, seed: int) -> None:
    rng = random.Random(seed)
    await kit.district(4)
    free = [put_on(f"M000{i}", f"S000{i}", "2026-01-01", "2026-01-02") for i in (2, 3, 4)]
    assert await install(kit, *free) == ["done"] * 3
    assert await receive(kit) == ["done"]
    steps = truth(rng)
    open_ = told(steps, rng)
    rounds = 0
    while open_:
        rounds += 1
        assert rounds < 100, open_
        rng.shuffle(open_)
        for chain in open_:
            without_end = [path for path, _ in chain] == [
                "installations"
            ] * 2  # not to be where it ends by what is known
            if await tell(kit, *chain[0]) or without_end:
                chain.pop(0)
        open_ = [chain for chain in open_ if chain]

    expected = [("received", "2026-01-05")] + [(LEADS_TO[step], str(day)) for step, day, _ in steps]
    found = await states(kit, METER)
    assert [(state, since) for state, since, _ in found] == expected
    assert [place for state, _, place in found if state == "installed"] == [p for s, _, p in steps if s == "install"]
    assert await kit.items("meter-movements", waiting="true") == []
    last = {each["movement_no"]: each for each in await kit.published("reading.meter_taken_back.v1")}
    back = {(each["service_point_no"], each["taken_back_on"]) for each in last.values() if not each["withdrawn"]}
    assert back == {(point, str(day)) for step, day, point in steps if step == "take_back"}
