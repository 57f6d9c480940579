"""A run whose totals agree is looked at as a whole: neighbours, a draw after a change, new supplies; in any order the same."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.billing.contracts.domain import Account
from services.billing.review.domain import beside
from services.billing.runs.use_cases import comparing, totals
from services.billing.settings import DEFAULT_POLICY
from shared.events.fact import Fact
from shared.events.reading import RouteClosed, UsageMeasured
from tests.integration.billing.runs.test_replays import policy, replay, rule, said
from tests.kits import billing as kit
from tests.kits.billing import Desk, account, closed, month, usage
from tests.kits.effort import walks

POINTS = 12
DRAWN = "billing.drawn_sample"
NEW = 5  # whose supply begins with the second cycle
ODD = 3  # who uses as much as before while all others use half as much again


def accounts() -> list[Account]:
    found = []
    for n in range(POINTS):
        (contract,) = account(n).contracts
        since = month(2) if n == NEW else contract.from_
        found.append(account(n, contracts=(replace(contract, from_=since),)))
    return found


def kwh(n: int, cycle: int) -> int:
    return 200 + n if cycle == 1 or n == ODD else 3 * (200 + n) // 2


def told() -> dict[int, list[UsageMeasured]]:
    """Return the usages of two cycles: the new supply has none in the first one."""
    return {
        cycle: [usage(n, cycle, kwh(n, cycle)) for n in range(POINTS) if (n, cycle) != (NEW, 1)] for cycle in (1, 2)
    }


async def found(desk: Desk) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Return status and findings of the bills in force, by contract and cycle."""
    rows = await desk.bills("contract_no", "cycle", "status", "findings")
    return {
        f"{contract_no}/{cycle}": (status, sorted(orjson.loads(text), key=lambda each: str(each["code"])))
        for contract_no, cycle, status, text in rows
        if status in ("ready", "held", "issued")
    }


def codes(of: tuple[str, list[dict[str, Any]]]) -> tuple[str, list[str]]:
    return of[0], [each["code"] for each in of[1]]


async def run_of(desk: Desk, cycle: str) -> tuple[str, list[dict[str, Any]]]:
    async with desk.client() as client:
        run = (await client.get(f"/v1/runs/R1/{cycle}")).json()
    return run["status"], run["findings"]


async def test_who_does_otherwise_than_all_others_is_found_and_a_new_supply_is_held(desk: Desk) -> None:
    months = told()
    await desk.open(*accounts())
    for cycle in (1, 2):
        await desk.measure(*months[cycle])
        await desk.close(closed(months[cycle]), day_comes=False)
    bills = await found(desk)
    assert codes(bills[f"C{ODD}/2026-01"]) == ("ready", []), "the first run of a route is an opening"
    assert codes(bills[f"C{ODD}/2026-02"]) == ("ready", ["billing.unlike_neighbours"])
    assert codes(bills[f"C{NEW}/2026-02"]) == ("held", ["billing.first_bill"])
    others = [
        bill for key, bill in bills.items() if key.endswith("-02") and key not in (f"C{ODD}/2026-02", f"C{NEW}/2026-02")
    ]
    assert len(others) == POINTS - 2
    assert {codes(bill)[0] for bill in others} == {"held"}, "half as much again: each is held for its rise"
    assert not any("billing.unlike_neighbours" in codes(bill)[1] for bill in others)
    async with desk.client() as client:
        waiting = (await client.get("/v1/review-queue?limit=500")).json()["items"]
    (item,) = (each for each in waiting if each["contract_no"] == f"C{NEW}")
    assert item["read_by"] == ["reader-1", "uploader-1"], "none of them may decide on what the run held"


async def test_who_was_corrected_to_what_others_use_is_found_no_more(desk: Desk) -> None:
    months = told()
    await desk.open(*accounts())
    for cycle in (1, 2):
        await desk.measure(*months[cycle])
        await desk.close(closed(months[cycle]), day_comes=False)
    await desk.measure(usage(ODD, 2, 310, version=2, replaces_reason="misread"))
    bills = await found(desk)
    assert "billing.unlike_neighbours" not in codes(bills[f"C{ODD}/2026-02"])[1]
    await desk.measure(usage(1, 2, 201, version=2, replaces_reason="misread"))
    assert "billing.unlike_neighbours" in codes((await found(desk))["C1/2026-02"])[1]


async def test_the_first_run_after_a_change_is_said_and_a_sample_of_it_is_held(desk: Desk) -> None:
    months = told() | {2: [usage(n, 2, kwh(n, 1)) for n in range(POINTS)]}
    sample = {"severity": "hold", "permille": 1000}
    desk.review_by(drawn_sample=sample, sudden_rise="off", first_bill="off")
    await desk.open(*accounts())
    await desk.measure(*months[1])
    await desk.close(closed(months[1]), day_comes=False)
    assert await run_of(desk, "2026-01") == ("releasing", [])
    desk.context = replace(desk.context, software="another")
    await desk.measure(*months[2])
    assert {codes(bill)[0] for bill in (await found(desk)).values()} == {"ready"}
    await desk.close(closed(months[2]), day_comes=False)
    status, said = await run_of(desk, "2026-02")
    (change,) = said
    assert status == "releasing", "it goes out by itself, but for what was drawn"
    assert (change["code"], change["severity"]) == ("billing.first_run_after_change", "info")
    assert change["values"] == {"what": "software", "drawn": POINTS}
    bills = {key: codes(bill) for key, bill in (await found(desk)).items() if key.endswith("-02")}
    assert {status for status, _ in bills.values()} == {"held"}
    assert all("billing.drawn_sample" in these for _, these in bills.values())
    late = usage(99, 2, 300)
    await desk.open(account(99))
    await desk.measure(late)
    assert codes((await found(desk))["C99/2026-02"]) == ("held", ["billing.drawn_sample"]), "whenever a bill comes"


async def test_of_a_small_run_as_many_are_drawn_as_the_policy_says_and_nobody_knows_before_who(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = told() | {m: [usage(n, m, kwh(n, 1)) for n in range(POINTS)] for m in (2, 3)}
    sample = {"severity": "hold", "permille": 0, "at_least": 3}
    desk.review_by(drawn_sample=sample, sudden_rise="off", first_bill="off")
    await desk.open(*accounts())
    await desk.measure(*months[1])
    await desk.close(closed(months[1]), day_comes=False)
    for number, seed in ((2, "one"), (3, "another")):
        desk.context = replace(desk.context, software=f"software {number}")
        monkeypatch.setattr(comparing, "new_seed", lambda seed=seed: seed)
        await desk.measure(*months[number])
        await desk.close(closed(months[number]), day_comes=False)
    drawn = {
        ends: {
            key[: -len("/2026-00")]
            for key, bill in (await found(desk)).items()
            if key.endswith(ends) and is_drawn(bill)
        }
        for ends in ("-02", "-03")
    }
    for ends, (cycle, seed) in {"-02": ("2026-02", "one"), "-03": ("2026-03", "another")}.items():
        lots = sorted((beside.lot(("R1", cycle), f"SP{n}", seed), f"C{n}") for n in range(POINTS))
        assert drawn[ends] == {contract for _, contract in lots[:3]}
        (change,) = (await run_of(desk, cycle))[1]
        assert change["values"]["drawn"] == 3
    # whoever looks again draws by the stored seed
    told_again = rule(await replay(desk, policy(drawn_sample=sample, sudden_rise="off", first_bill="off")), DRAWN)
    assert (told_again["then"], told_again["now"]) == (6, 6)
    assert told_again["go"] == told_again["come"] == said()


def is_drawn(bill: Any) -> bool:
    return DRAWN in codes(bill)[1]


async def test_a_run_after_a_change_waits_for_a_reviewer_where_the_policy_says_so(desk: Desk, tmp_path: Path) -> None:
    document = orjson.loads(kit.policy_file(tmp_path / "own.json").read_bytes())
    unread = {"percent": 100, "over_points": 0}
    document["versions"][0]["run"] |= {"sum_change_percent": 1000, "unread": unread, "after_change": "hold"}
    desk._go_on_under(document)
    months = told()
    await desk.open(*accounts())
    await desk.measure(*months[1])
    await desk.close(closed(months[1]), day_comes=False)
    desk.review_by(zero_usage="hold")
    await desk.measure(*months[2])
    await desk.close(closed(months[2]), day_comes=False)
    status, said = await run_of(desk, "2026-02")
    assert (status, [each["values"]["what"] for each in said]) == ("in_review", ["policy"])


@pytest.mark.parametrize("seed", range(4))
async def test_a_run_that_is_compared_before_the_one_before_it_is_looked_at_then(desk: Desk, seed: int) -> None:
    months = told()
    desk.review_by(drawn_sample={"severity": "hold", "permille": 300}, sudden_rise="off")
    await desk.open(*accounts())
    facts: list[Fact] = [*months[1], *months[2], closed(months[1]), closed(months[2])]
    random.Random(seed).shuffle(facts)
    for fact in facts:
        await tell(desk, fact)
    bills = await found(desk)
    assert codes(bills[f"C{ODD}/2026-02"])[1][-1:] == ["billing.unlike_neighbours"]
    assert codes(bills[f"C{NEW}/2026-02"]) == ("held", ["billing.first_bill"])


async def tell(desk: Desk, *facts: Fact) -> None:
    """Hand over facts as they come, and look again at what waited for them."""
    usages = [fact for fact in facts if isinstance(fact, UsageMeasured)]
    if usages:
        await desk.measure(*usages)
    for fact in facts:
        if isinstance(fact, RouteClosed):
            await desk.close(fact, day_comes=False)
    async with desk.db.begin() as tx:
        await totals.check(tx, [("R1", "2026-01"), ("R1", "2026-02")], context=desk.context)


async def followed(desk: Desk) -> tuple[set[tuple[str, str, str]], set[tuple[str, str, str]]]:
    """Return what is to be looked at on site (point, kind, reason), and the signals of cases (point, code, state)."""
    async with desk.client() as client:
        orders = (await client.get("/v1/site-orders")).json()["items"]
        signals = (await client.get("/v1/case-signals")).json()["items"]
    return (
        {(each["service_point_no"], each["kind"], each["reason"]) for each in orders},
        {(each["service_point_no"], each["code"], each["state"]) for each in signals},
    )


@walks(*range(6))
async def test_what_is_found_of_a_run_goes_to_site_and_opens_cases_as_what_is_found_on_a_bill(
    desk: Desk, seed: int
) -> None:
    """Whether the run is compared before a bill is calculated or after, in whatever order."""
    document = orjson.loads(DEFAULT_POLICY.read_bytes())
    (version,) = document["versions"]
    orders = {"billing.unlike_neighbours": "inspection", "billing.first_bill": "use_check"}
    version["review"] |= {"sudden_rise": "off", "site_orders": orders}
    version["cases"]["signals"]["finding"] = {"billing.unlike_neighbours": "high_usage"}
    desk._go_on_under(document)
    months = told()
    await desk.open(*accounts())
    facts: list[Fact] = [*months[1], closed(months[1]), *months[2], closed(months[2])]
    if seed:
        random.Random(seed).shuffle(facts)
    for fact in facts:
        await tell(desk, fact)
    bills = await found(desk)
    assert codes(bills[f"C{ODD}/2026-02"]) == ("held", ["billing.sent_to_site", "billing.unlike_neighbours"])
    assert codes(bills[f"C{NEW}/2026-02"]) == ("held", ["billing.first_bill", "billing.sent_to_site"])
    assert await followed(desk) == (
        {
            (f"SP{ODD}", "inspection", "billing.unlike_neighbours"),
            (f"SP{NEW}", "use_check", "billing.first_bill"),
        },
        {(f"SP{ODD}", "billing.unlike_neighbours", "joined")},
    )


async def test_one_order_of_a_kind_is_asked_for_whatever_is_found_by_the_run_too(desk: Desk) -> None:
    """What the bill itself shows is the reason, whether the run was compared before or is after."""
    same = {"billing.zero_usage": "inspection", "billing.unlike_neighbours": "inspection"}
    desk.review_by(sudden_rise="off", sudden_fall="off", site_orders=same)
    months = told() | {2: [usage(n, 2, 0 if n == ODD else kwh(n, 2)) for n in range(POINTS) if n != NEW]}
    await desk.open(*accounts())
    for cycle in (1, 2):
        await desk.measure(*months[cycle])
        await desk.close(closed(months[cycle]), day_comes=False)
    expected = {(f"SP{ODD}", "inspection", "billing.zero_usage")}
    assert (await followed(desk))[0] == expected
    before = (await found(desk))[f"C{ODD}/2026-02"]
    await desk.measure(usage(ODD, 2, 0, version=2, replaces_reason="misread"))
    after = (await found(desk))[f"C{ODD}/2026-02"]
    assert [each for each in after[1] if each["code"] == "billing.sent_to_site"] == [
        each for each in before[1] if each["code"] == "billing.sent_to_site"
    ]
    assert (await followed(desk))[0] == expected


def taken_up(n: int, since: int, **more: Any) -> Account:
    """Return an account whose contract begins with a month."""
    (contract,) = account(n).contracts
    return account(n, contracts=(replace(contract, from_=month(since)),), **more)


@walks(*range(6))
async def test_a_new_estate_with_a_route_of_its_own_is_none_of_those_that_were_taken_over(
    desk: Desk, seed: int
) -> None:
    """Two routes are taken over in the first cycle, with contracts from that day on; the estate of a third one begins later."""
    await desk.open(taken_up(1, 1), taken_up(2, 1), *(taken_up(n, 2) for n in (3, 4)))
    months = [[usage(1, 1, route="R1")], [usage(2, 1, route="R2")], [usage(n, 2, route="R3") for n in (3, 4)]]
    facts: list[Fact] = [fact for usages in months for fact in (*usages, closed(usages))]
    if seed:
        random.Random(seed).shuffle(facts)
    for fact in facts:
        if isinstance(fact, UsageMeasured):
            await desk.measure(fact)
        else:
            assert isinstance(fact, RouteClosed)
            await desk.close(fact, day_comes=False)
        async with desk.db.begin() as tx:
            await totals.check(tx, [("R1", "2026-01"), ("R2", "2026-01"), ("R3", "2026-02")], context=desk.context)
    assert {key: codes(bill) for key, bill in (await found(desk)).items()} == {
        "C1/2026-01": ("ready", []),
        "C2/2026-01": ("ready", []),
        "C3/2026-02": ("held", ["billing.first_bill"]),
        "C4/2026-02": ("held", ["billing.first_bill"]),
    }


async def test_who_is_taken_over_later_is_no_new_supply_where_the_policy_says_since_when(desk: Desk) -> None:
    desk.review_by(first_bill={"severity": "hold", "since": f"{month(2).replace(day=2)}"})
    await desk.open(taken_up(1, 1), taken_up(2, 2), taken_up(3, 3))
    for n in (1, 2, 3):
        await desk.measure(usage(n, n, route=f"R{n}"))
        await desk.close(closed([usage(n, n, route=f"R{n}")]), day_comes=False)
    assert [codes(bill)[1] for bill in (await found(desk)).values()] == [[], [], ["billing.first_bill"]]


CORRECTIONS = [
    usage(2, 1, 150, version=2, replaces_reason="misread"),
    usage(1, 2, 190, version=2, replaces_reason="misread"),
    usage(ODD, 2, 310, version=2, replaces_reason="misread"),
]


async def end(desk: Desk, facts: list[Fact], sizes: list[int]) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Tell facts in batches of these sizes, and return what is found in the end."""
    desk.review_by(drawn_sample={"severity": "hold", "permille": 300})
    await desk.open(*accounts())
    for size in sizes:
        await tell(desk, *facts[:size])
        facts = facts[size:]
    assert not facts
    return await found(desk)


@walks(*range(8))
async def test_order_and_batches_decide_nothing(
    desk: Desk, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes first, usages, closings or corrections, and in whatever batches: the same bills have the same findings."""
    monkeypatch.setattr(comparing, "new_seed", lambda: "one seed of both")
    months, order = told(), random.Random(seed)
    plain: list[Fact] = [*months[1], closed(months[1]), *months[2], closed(months[2]), *CORRECTIONS]
    drawn = list(plain)
    order.shuffle(drawn)
    sizes: list[int] = []
    while sum(sizes) < len(drawn):
        sizes.append(min(order.randint(1, 9), len(drawn) - sum(sizes)))
    (tmp_path / "plain").mkdir()
    async with kit.desk(f"sqlite+aiosqlite:///{tmp_path}/plain/test.db", tmp_path / "plain") as other:
        expected = await end(other, plain, [len(plain)])
    assert await end(desk, drawn, sizes) == expected


async def test_how_many_statements_a_comparison_takes_does_not_depend_on_its_bills(desk: Desk) -> None:
    counts = []
    for size, start in ((10, 0), (100, 1000)):
        numbers, route = range(start, start + size), f"N{size}"
        await desk.open(*(account(n) for n in numbers))
        for cycle in (1, 2):
            usages = [usage(n, cycle, 200 if n % 5 else 150 * cycle**2, route=route) for n in numbers]
            await desk.measure(*usages)
            seen = desk.watch()
            await desk.close(closed(usages, route=route), day_comes=False)
        counts.append(len(seen))
    assert counts[0] == counts[1]
