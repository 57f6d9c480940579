"""What of a month is collected by a day, by unit; the zero list; ageing: from what is posted, on both databases."""

import csv
import io
from datetime import date, timedelta
from typing import Any

from tests.kits.collection import OPENING, Kit, account, bill, corrected, issued, put_openings

UNIT, OTHER = "zj/hangzhou", "zj/ningbo"


def of_route(route_no: str, bill_id: str, total_fen: int, **rest: Any) -> Any:
    return issued(bill(bill_id, total_fen, **rest).model_copy(update={"route_no": route_no}))


async def listed(kit: Kit, path: str, *, by: Any = None) -> list[dict[str, Any]]:
    answer = await (by or kit.clerk).get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def progress(kit: Kit, query: str) -> dict[str | None, tuple[int, int, int, int]]:
    rows = await listed(kit, f"recovery?{query}")
    names = ("due_fen", "due_count", "collected_fen", "collected_count")
    return {row["unit"]: tuple(row[name] for name in names) for row in rows}  # type: ignore[misc]


async def town(kit: Kit) -> None:
    """Three accounts of two org units and two routes, billed in March; one has paid all, one a part."""
    await kit.give(account("A2"), account("A3", org_unit=OTHER))
    march = {"issued_on": date(2026, 3, 2), "due_on": date(2026, 3, 20), "cycle": "2026-02"}
    await kit.give(
        of_route("R1", "B1", 1_000, account_no="A1", **march),
        of_route("R2", "B2", 2_000, account_no="A2", **march),
        of_route("R3", "B3", 4_000, account_no="A3", **march),
    )
    await kit.pay(1_000, "A1", on="2026-03-05")
    await kit.pay(500, "A2", on="2026-03-10")


async def test_progress_is_due_and_collected_by_the_end_of_a_day_by_any_unit(kit: Kit) -> None:
    await town(kit)
    teams = [
        {"org_unit": "zj", "from": "2026-03-01", "team": "T0"},
        {"org_unit": UNIT, "route_no": "R2", "from": "2026-03-01", "team": "T2"},
        {"org_unit": UNIT, "route_no": "R2", "from": "2026-03-12", "team": "T9"},
    ]
    await kit.clerk.put("/v1/teams", json={"items": teams})

    month = "month=2026-03"
    assert await progress(kit, f"{month}&as_of=2026-03-01") == {}
    assert await progress(kit, f"{month}&as_of=2026-03-04") == {UNIT: (3_000, 2, 0, 0), OTHER: (4_000, 1, 0, 0)}
    assert await progress(kit, month) == {UNIT: (3_000, 2, 1_500, 1), OTHER: (4_000, 1, 0, 0)}
    assert await progress(kit, f"{month}&by=total") == {None: (7_000, 3, 1_500, 1)}
    assert await progress(kit, f"{month}&by=total&org_unit={OTHER}") == {None: (4_000, 1, 0, 0)}
    assert await progress(kit, f"{month}&by=route") == {
        "R1": (1_000, 1, 1_000, 1),
        "R2": (2_000, 1, 500, 0),
        "R3": (4_000, 1, 0, 0),
    }
    assert await progress(kit, f"{month}&by=customer_class") == {"residential": (7_000, 3, 1_500, 1)}
    assert await progress(kit, f"{month}&by=team&as_of=2026-03-11") == {
        "T0": (5_000, 2, 1_000, 1),
        "T2": (2_000, 1, 500, 0),
    }
    assert await progress(kit, f"{month}&by=team") == {"T0": (5_000, 2, 1_000, 1), "T9": (2_000, 1, 500, 0)}
    assert await progress(kit, f"{month}&by=route&team=T9") == {"R2": (2_000, 1, 500, 0)}
    assert await progress(kit, "month=2026-02") == {}


async def test_a_unit_stands_beside_its_target_to_the_fen(kit: Kit) -> None:
    await kit.give(account("A2"))
    await kit.give(issued(bill("B1", 3_000, issued_on=date(2026, 4, 2), due_on=date(2026, 4, 22))))
    await kit.give(issued(bill("B2", 7_000, account_no="A2", issued_on=date(2026, 4, 2), due_on=date(2026, 4, 22))))
    items = [{"month": "2026-04", "org_unit": unit, "rate_bp": 7_000} for unit in ("zj", UNIT)]
    await kit.clerk.put("/v1/targets", json={"items": items})
    await kit.pay(6_999, "A2", on="2026-04-10")
    shown = (
        "unit",
        "rate_bp",
        "count_rate_bp",
        "target_bp",
        "target_reached",
        "open_fen",
        "open_count",
        "as_of",
        "final",
    )

    (row,) = await listed(kit, "recovery?month=2026-04")
    assert [row[name] for name in shown] == [UNIT, 6_999, 0, 7_000, False, 3_001, 2, "2026-04-15", False]

    await kit.pay(1, "A2", on="2026-04-11")
    (row,) = await listed(kit, "recovery?month=2026-04&by=total&org_unit=zj")
    assert [row[name] for name in shown] == [None, 7_000, 5_000, 7_000, True, 3_000, 1, "2026-04-15", False]


async def test_the_days_of_a_month_lead_to_zero(kit: Kit) -> None:
    await town(kit)

    rows = await listed(kit, f"recovery/days?month=2026-03&org_unit={UNIT}")
    assert [(row["as_of"], row["due_fen"], row["collected_fen"], row["open_count"]) for row in rows] == [
        ("2026-03-02", 3_000, 0, 2),
        ("2026-03-05", 3_000, 1_000, 1),
        ("2026-03-10", 3_000, 1_500, 1),
    ]
    first = (await kit.clerk.get(f"/v1/recovery/days?month=2026-03&org_unit={UNIT}&limit=2")).json()
    rest = (
        await kit.clerk.get(f"/v1/recovery/days?month=2026-03&org_unit={UNIT}&cursor={first['next_cursor']}")
    ).json()
    assert [*first["items"], *rest["items"]] == rows


async def test_the_zero_list_says_who_is_open_how_much_since_when_at_which_stage_and_with_whom(kit: Kit) -> None:
    await town(kit)
    await kit.clerk.put("/v1/teams", json={"items": [{"org_unit": UNIT, "from": "2026-03-01", "team": "T1"}]})
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": "2026-03-25"})
    assert answer.status_code == 200, answer.text
    names = ("document_id", "open_fen", "days_overdue", "stage", "action", "stage_on", "route_no", "team", "as_of")

    rows = await listed(kit, "zero-list?month=2026-03")
    assert {tuple(row[name] for name in names) for row in rows} == {
        ("B2", 1_500, 26, 1, "notice", "2026-03-25", "R2", "T1", "2026-04-15"),
        ("B3", 4_000, 26, 1, "notice", "2026-03-25", "R3", None, "2026-04-15"),
    }
    rows = await listed(kit, "zero-list?month=2026-03&as_of=2026-03-04&team=T1")
    assert {tuple(row[name] for name in names) for row in rows} == {
        ("B1", 1_000, 0, None, None, None, "R1", "T1", "2026-03-04"),
        ("B2", 2_000, 0, None, None, None, "R2", "T1", "2026-03-04"),
    }


async def test_what_bounces_is_open_again_from_that_day_on_and_was_settled_between(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, issued_on=date(2026, 3, 2))))
    payment = await kit.pay(1_000, on="2026-03-05")
    body = {"reason": "bounced", "reversed_on": "2026-03-20"}
    path = f"/v1/payments/{payment['payment_id']}/reversal"
    assert (await kit.clerk.post(path, json=body, headers={"Idempotency-Key": "v"})).status_code == 200
    await kit.pay(1_000, on="2026-04-02")

    found = {}
    for day in ("2026-03-04", "2026-03-05", "2026-03-19", "2026-03-20", "2026-04-01", "2026-04-02"):
        rows = await listed(kit, f"zero-list?month=2026-03&as_of={day}")
        found[day] = (await progress(kit, f"month=2026-03&as_of={day}"))[UNIT][2:], [row["open_fen"] for row in rows]
    assert found == {
        "2026-03-04": ((0, 0), [1_000]),
        "2026-03-05": ((1_000, 1), []),
        "2026-03-19": ((1_000, 1), []),
        "2026-03-20": ((0, 0), [1_000]),
        "2026-04-01": ((0, 0), [1_000]),
        "2026-04-02": ((1_000, 1), []),
    }


QUERIES = (
    *(
        f"recovery?month={month}&as_of=2026-02-28&by={by}"
        for month in ("2025-12", "2026-02")
        for by in ("org_unit", "route", "team")
    ),
    "recovery?month=2026-02&as_of=2026-02-16",
    "recovery/days?month=2026-02&as_of=2026-02-28",
    "zero-list?month=2026-02&as_of=2026-02-28",
    "zero-list?month=2026-02&as_of=2026-02-16",
    "ageing?as_of=2026-02-28",
)


async def test_the_figures_of_a_closed_month_do_not_move_whatever_comes_late(kit: Kit) -> None:
    await kit.give(account("A2"))
    first = bill("B1", 1_000)
    await kit.give(issued(first), issued(bill("B2", 700, account_no="A2")))
    paid = await kit.pay(400, on="2026-02-15")
    whole = await kit.pay(700, "A2", on="2026-02-16")
    await kit.clerk.put("/v1/teams", json={"items": [{"org_unit": UNIT, "from": "2026-02-01", "team": "T1"}]})
    assert await kit.close("2026-02") == ["done"]
    before = {query: await listed(kit, query) for query in QUERIES}
    assert all(row["final"] for rows in before.values() for row in rows)

    # a bill and a payment of February, a payment of then that bounces, a bill of then that was wrong, what the old system knew
    await kit.give(issued(bill("B3", 300, issued_on=date(2026, 2, 3), due_on=date(2026, 2, 10))))
    order = await kit.order(250)
    assert (await kit.call_back(order, 250, paid_on="2026-02-14")).status_code == 200
    for payment in (paid, whole):
        path, body = (
            f"/v1/payments/{payment['payment_id']}/reversal",
            {"reason": "bounced", "reversed_on": "2026-03-02"},
        )
        assert (
            await kit.clerk.post(path, json=body, headers={"Idempotency-Key": payment["payment_id"]})
        ).status_code == 200
    await kit.give(corrected("K1", [first], [bill("B9", 900)], on=date(2026, 2, 20)))
    await put_openings(kit, OPENING)
    teams = [{"org_unit": UNIT, "from": "2026-03-01", "team": "T2"}]
    await kit.clerk.put("/v1/teams", json={"items": teams})

    assert {query: await listed(kit, query) for query in QUERIES} == before
    assert await progress(kit, "month=2026-02&as_of=2026-02-28") == {UNIT: (1_700, 2, 1_100, 1)}
    assert await progress(kit, "month=2026-02&as_of=2026-03-31") != {UNIT: (1_700, 2, 1_100, 1)}
    assert (await progress(kit, "month=2026-03&as_of=2026-03-31"))[UNIT][:2] == (1_200, 2), "they are due of March"


async def test_debts_are_aged_by_the_buckets_of_the_policy(kit: Kit) -> None:
    for number, days in enumerate((-5, 0, 1, 30, 31, 400)):
        due_on = date(2026, 4, 15) - timedelta(days=days)
        await kit.give(issued(bill(f"B{number}", 10**number, issued_on=min(due_on, date(2026, 4, 1)), due_on=due_on)))

    rows = await listed(kit, "ageing?by=total")
    assert [(row["from_days"], row["to_days"], row["open_fen"], row["open_count"]) for row in rows] == [
        (None, 0, 11, 2),
        (1, 30, 1_100, 2),
        (31, 60, 10_000, 1),
        (366, None, 100_000, 1),
    ]
    assert {row["unit"] for row in await listed(kit, "ageing")} == {UNIT}


async def test_what_is_seen_and_counted_is_of_the_callers_org_units(kit: Kit) -> None:
    await town(kit)
    items = [{"month": "2026-04", "org_unit": OTHER, "rate_bp": 9_000}]
    await kit.clerk.put("/v1/targets", json={"items": items})
    ningbo = kit.client("ningbo", "collection:read", org_units=[OTHER])
    for path in ("recovery?month=2026-03", "zero-list?month=2026-03", "ageing?"):
        rows = await listed(kit, path, by=ningbo)
        assert {row.get("unit") or row.get("org_unit") for row in rows} == {OTHER}
    (total,) = await listed(kit, "recovery?month=2026-03&by=total", by=ningbo)
    assert (total["due_fen"], total["due_count"]) == (4_000, 1)
    days = await listed(kit, "recovery/days?month=2026-03", by=ningbo)
    assert [day["due_fen"] for day in days] == [4_000]
    hangzhou = kit.client("hangzhou", "collection:read", org_units=[UNIT])
    assert await listed(kit, f"zero-list?month=2026-03&org_unit={OTHER}", by=hangzhou) == []


async def test_a_file_has_exactly_what_is_listed(kit: Kit) -> None:
    await town(kit)
    for path in (
        "recovery?month=2026-03&by=route",
        "recovery/days?month=2026-03",
        "zero-list?month=2026-03",
        "ageing?by=team",
    ):
        rows = await listed(kit, path)
        answer = await kit.clerk.get(f"/v1/{path}&format=csv")
        assert answer.headers["content-type"].startswith("text/csv")
        shown = list(csv.DictReader(io.StringIO(answer.text)))
        assert shown == [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
        assert rows


async def test_what_cannot_be_told_is_refused_with_its_code(kit: Kit) -> None:
    for path, code in (
        ("recovery?month=2026-04&as_of=2026-04-16", "recovery.day_not_reached"),
        ("recovery/days?month=2026-04&as_of=2026-04-16", "recovery.day_not_reached"),
        ("zero-list?month=2026-04&as_of=2027-01-01", "recovery.day_not_reached"),
        ("ageing?as_of=2026-04-16", "recovery.day_not_reached"),
        ("recovery", "request.invalid"),
        ("recovery?month=2026-4", "request.invalid"),
        ("recovery?month=2026-04&by=street", "request.invalid"),
        ("zero-list?month=2026-04&org_unit=a%20b", "request.invalid"),
        ("ageing?format=pdf", "request.invalid"),
    ):
        answer = await kit.clerk.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (422, code), path


async def test_what_names_no_route_is_counted_as_unknown(kit: Kit) -> None:
    await put_openings(kit, OPENING)

    assert await progress(kit, "month=2025-12&by=route") == {None: (100, 1, 0, 0)}
    (row,) = await listed(kit, "zero-list?month=2025-12")
    assert (row["route_no"], row["customer_class"]) == (None, "residential")
