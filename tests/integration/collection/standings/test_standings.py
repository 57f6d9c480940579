"""How accounts pay is judged by what was due and when it was settled, and told where it changes: on both databases."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from services.collection.main import STATES, VERSIONS
from shared.db.restore import raise_versions
from shared.events.billing import Bill
from shared.events.disputes import DisputeChanged
from tests.kits.collection import Kit, account, bill, corrected, issued
from tests.kits.effort import examples

TOLD = "collection.account_standing_changed.v1"


async def judged(kit: Kit, day: str) -> dict[str, Any]:
    answer = await kit.admin.post("/v1/jobs/judge-standings/runs", json={"business_date": day})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def told(kit: Kit) -> list[tuple[str, str, str]]:
    return [(fact["account_no"], fact["standing"], fact["since"]) for fact in await kit.facts(TOLD)]


async def listed(kit: Kit, query: str = "") -> dict[str, tuple[Any, ...]]:
    """Return standing, receivables that count, late ones and late ones that are owed, by account."""
    rows = (await kit.clerk.get(f"/v1/standings{query}")).json()["items"]
    figures = ("standing", "due_count", "late_count", "owed_late_count")
    return {row["account_no"]: tuple(row[name] for name in figures) for row in rows}


def of_month(number: int, account_no: str = "A1", fen: int = 1_000) -> Bill:
    on = date(2025, 4 + number, 2) if number < 9 else date(2026, number - 8, 2)
    name = f"B{number:02}-{account_no}"
    return bill(name, fen, account_no=account_no, issued_on=on, due_on=on + timedelta(days=20), cycle=f"{on:%Y-%m}")


async def test_a_standing_is_told_when_it_changes_and_only_then(kit: Kit) -> None:
    await kit.give(*(issued(of_month(n)) for n in range(12)))
    for n in range(12):
        await kit.pay(1_000, on=str(of_month(n).due_on + timedelta(days=5)))

    first = await judged(kit, "2026-04-01")
    assert first["counts"] == {"changed": 1}
    assert (await listed(kit))["A1"] == ("prompt", 12, 0, 0)
    await kit.give(issued(bill("L1", 500, issued_on=date(2026, 3, 10), due_on=date(2026, 3, 30))))
    await judged(kit, "2026-04-09")
    await judged(kit, "2026-04-10")
    await judged(kit, "2026-04-11")

    assert await told(kit) == [("A1", "prompt", "2026-04-01"), ("A1", "sometimes_late", "2026-04-10")]
    (fact,) = (await kit.facts(TOLD))[1:]
    assert (fact["due_count"], fact["late_count"], fact["owed_late_count"]) == (13, 1, 1)
    traced = (await kit.admin.get("/v1/trace/standing/A1")).json()
    assert traced["document"]["late_count"] == 1
    assert len(traced["derived_from"]) == 13


async def test_an_account_of_which_nothing_was_due_has_no_standing(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100, due_on=date(2026, 9, 1))))
    await judged(kit, "2026-04-01")
    assert (await told(kit), await listed(kit)) == ([], {})


async def test_an_earlier_day_changes_nothing_once_a_later_one_is_judged_and_says_so(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100)))
    await judged(kit, "2026-04-10")
    answer = await judged(kit, "2026-02-25")
    assert answer["reason"] == "standings are judged as of 2026-04-10: what is earlier changes none"
    assert await told(kit) == [("A1", "sometimes_late", "2026-04-10")]


async def test_what_was_disputed_or_is_reversed_or_paid_back_counts_for_what_it_is(kit: Kit) -> None:
    held = DisputeChanged(
        dispute_no="D1",
        version=1,
        service_point_no="S-A1",
        org_unit="zj/hangzhou",
        cycles=("2026-01",),
        state="opened",
        opened_on=date(2026, 2, 10),
        changed_on=date(2026, 2, 10),
        held_until=date(2026, 3, 12),
    )
    await kit.give(*(account(no) for no in ("A2", "A3")))
    await kit.give(held)
    await kit.give(issued(bill("B1", 100, cycle="2026-01")))  # disputed
    wrong = bill("B2", 100, account_no="A2")
    await kit.give(issued(wrong), issued(bill("B3", 100, account_no="A3")))
    await kit.give(corrected("K1", [wrong], [bill("B4", 90, account_no="A2", due_on=date(2026, 4, 10))]))
    paid = await kit.pay(100, "A3", on="2026-02-25")
    await judged(kit, "2026-04-12")
    assert await listed(kit) == {"A2": ("prompt", 1, 0, 0), "A3": ("prompt", 1, 0, 0)}

    path, key = f"/v1/payments/{paid['payment_id']}/reversal", {"Idempotency-Key": "back"}
    assert (await kit.clerk.post(path, json={"reason": "bounced"}, headers=key)).status_code < 300
    await judged(kit, "2026-04-13")
    assert (await listed(kit))["A3"] == ("sometimes_late", 1, 1, 1)


async def test_hardship_is_marked_and_ended_with_its_reason_and_told_at_once(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100)))
    await judged(kit, "2026-04-10")
    body = {"from": "2026-04-15", "to": "2026-10-01", "reason": "illness"}
    path = "/v1/accounts/A1/hardship"
    made = await kit.clerk.post(path, json=body)
    assert (made.status_code, made.json()["marked_by"]) == (201, "clerk")
    again = await kit.clerk.post(path, json=body | {"from": "2026-09-30", "to": None})
    assert (again.status_code, again.json()["code"]) == (409, "hardship.marked_already")
    assert (await listed(kit, "?standing=hardship"))["A1"] == ("hardship", 1, 1, 1)

    ended = await kit.clerk.post(f"{path}/end", json={"on": "2026-04-15", "reason": "said in error"})
    assert (ended.json()["valid_to"], ended.json()["ended_by"]) == ("2026-04-15", "clerk")
    nothing = await kit.clerk.post(f"{path}/end", json={"on": "2026-04-15", "reason": "again"})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "hardship.not_marked")
    anew = await kit.clerk.post(path, json=body | {"to": "2026-04-16"})
    assert anew.json()["mark_no"] == 2
    await judged(kit, "2026-04-16")

    assert [(standing, since) for _, standing, since in await told(kit)] == [
        ("sometimes_late", "2026-04-10"),
        ("hardship", "2026-04-15"),
        ("sometimes_late", "2026-04-15"),
        ("hardship", "2026-04-15"),
        ("sometimes_late", "2026-04-16"),
    ]
    versions = [fact["version"] for fact in await kit.facts(TOLD)]
    assert versions == sorted(set(versions))
    assert [mark["valid_to"] for mark in (await kit.clerk.get("/v1/hardships?account_no=A1")).json()["items"]] == [
        "2026-04-15",
        "2026-04-16",
    ]
    audit = (await kit.admin.get("/v1/audit-entries?entity_kind=hardship&entity_id=A1")).json()["items"]
    assert {(entry["action"], entry["actor"], entry["reason"]) for entry in audit} == {
        ("hardship.marked", "clerk", "illness"),
        ("hardship.ended", "clerk", "said in error"),
    }


@pytest.mark.parametrize(
    ("account_no", "change", "status", "code"),
    [
        ("A1", {"reason": "because"}, 422, "hardship.unknown_reason"),
        ("A1", {"to": "2026-04-15"}, 422, "hardship.dates_reversed"),
        ("A9", {}, 404, "account.unknown"),
    ],
)
async def test_what_cannot_be_marked_is_refused_in_words_and_changes_nothing(
    kit: Kit, account_no: str, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"from": "2026-04-15", "to": None, "reason": "illness"} | change
    answer = await kit.clerk.post(f"/v1/accounts/{account_no}/hardship", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await kit.clerk.get("/v1/hardships")).json()["items"] == []


async def test_who_may_not_see_an_account_can_neither_mark_it_nor_see_how_it_pays(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100)))
    await judged(kit, "2026-04-10")
    other = kit.client("other", "collection:read", "collection:write", org_units=["zj/ningbo"])
    body = {"from": "2026-04-15", "reason": "illness"}
    assert (await other.post("/v1/accounts/A1/hardship", json=body)).status_code == 404
    assert (await other.get("/v1/standings")).json()["items"] == []


async def test_after_a_restore_the_others_are_told_how_accounts_stand_above_what_they_heard(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100)))
    await judged(kit, "2026-04-10")
    async with kit.database.begin() as tx:
        await raise_versions(tx, VERSIONS)
    async with kit.database.begin() as tx:
        last = await STATES["standing"](tx, "")
        assert (last, await STATES["standing"](tx, "A1")) == ("A1", None)
    first, second = await kit.facts(TOLD)
    assert second["version"] > first["version"]
    ids = ("version", "fact_id", "correlation_id")
    assert [value for name, value in first.items() if name not in ids] == [
        value for name, value in second.items() if name not in ids
    ]


async def in_chunks(kit: Kit, numbers: list[str], size: int, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("services.collection.standings.use_cases.ACCOUNTS_PER_CHUNK", size)
    await kit.give(*(account(no) for no in numbers))
    await kit.give(*(issued(bill(f"B-{no}", 10, account_no=no)) for no in numbers))
    return int((await judged(kit, "2026-04-10"))["chunks_done"])


@pytest.mark.parametrize(("size", "chunks"), [(1, 11), (4, 3), (11, 1), (1000, 1)])
async def test_every_account_is_judged_whatever_the_size_of_a_chunk(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, size: int, chunks: int
) -> None:
    numbers = [f"N{n:02}" for n in range(10)]
    assert await in_chunks(kit, numbers, size, monkeypatch) == chunks
    assert {no: found[0] for no, found in (await listed(kit)).items()} == dict.fromkeys(numbers, "sometimes_late")


@pytest.mark.parametrize("seed", range(examples(3)))
async def test_any_order_of_bills_payments_and_corrections_ends_in_the_same_standings(kit: Kit, seed: int) -> None:
    """Each account hears the same, in an order of its own and in batches of its own, judged between or not."""
    chosen = random.Random(seed)
    late = {n: chosen.choice((2, 5, 15, None)) for n in range(12)}
    changed = chosen.sample(range(12), 3)
    numbers = [f"O{n}" for n in range(4)]
    await kit.give(*(account(no) for no in numbers))
    day = iter(range(1, 28))
    for no in numbers:
        bills = {n: of_month(n, no) for n in range(12)}
        facts: list[Any] = [issued(one) for one in bills.values()]
        for n in changed:
            new = of_month(n, no, 900).model_copy(update={"bill_id": f"N{n}-{no}", "due_on": bills[n].due_on})
            facts.append(corrected(f"K{n}-{no}", [bills[n]], [new], bills[n].issued_on + timedelta(days=3)))
        facts += [n for n in late if late[n] is not None]
        chosen.shuffle(facts)
        for fact in facts:
            if isinstance(fact, int):
                days = timedelta(days=late[fact] or 0)
                await kit.pay(900 if fact in changed else 1_000, no, on=str(bills[fact].due_on + days))
            else:
                await kit.give(fact)
        if chosen.random() < 0.5:
            await judged(kit, f"2026-03-{next(day):02}")
    await judged(kit, "2026-04-14")
    found = await listed(kit)
    assert len({found[no] for no in numbers}) == 1, f"seed {seed}: {found}"
    assert {fact["account_no"]: fact["standing"] for fact in await kit.facts(TOLD)} == {
        no: found[no][0] for no in numbers
    }
