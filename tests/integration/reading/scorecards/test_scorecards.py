"""Scorecards: made once a month, each figure opens to its rows, and what is corrected later counts when it is."""

import csv
import io
from typing import Any

import pytest

from services.reading.scorecards.use_cases import making
from tests.integration.reading.readers.test_assigning import assigned, put
from tests.kits.disputes import doubt, opened, step
from tests.kits.reading import UNIT, Kit, Statements, read
from tests.kits.scorecards import (
    FIGURES,
    at,
    by_hand,
    cards,
    close,
    correct,
    figures,
    make,
    number,
    plan,
    seen,
)

JANUARY, MADE_ON = "2026-01", "2026-02-15"
FEBRUARY, NEXT_ON = "2026-02", "2026-03-15"


async def january(kit: Kit) -> None:
    """Seven points of anna's: read on time, early, late, by another person, by itself, wrongly, and not at all."""
    await kit.district(7)
    at(kit, "2026-01-10")
    await put(kit, assigned("anna", "2026-01-01"))
    await plan(kit, "2026-02-01")
    at(kit, "2026-02-05")
    await kit.push(
        seen(1, "2026-02-01", "200.00"),
        seen(2, "2026-01-28", "200.00"),
        seen(3, "2026-02-04", "200.00"),
        seen(4, "2026-02-01", "200.00", "bert"),
        read("M0005", "2026-02-01", "200.00"),
        seen(6, "2026-02-01", "260.00"),
    )
    await close(kit, "2026-02-02")


async def february(kit: Kit) -> None:
    """All are read but the sixth, which is estimated."""
    await plan(kit, "2026-03-01")
    at(kit, "2026-03-01")
    await kit.push(*(seen(i, "2026-03-01", "300.00") for i in (1, 2, 3, 4, 5, 7)))
    await close(kit, "2026-03-02")


async def test_a_month_is_counted_as_it_is_by_hand_and_each_figure_opens_to_its_rows(kit: Kit) -> None:
    await january(kit)
    assert await make(kit, "2026-02-14") == {}
    assert await make(kit, MADE_ON) == {"scorecards": 1, "rows": 7}
    assert await figures(kit, JANUARY) == await by_hand(kit, JANUARY)
    (card,) = await cards(kit, JANUARY)
    assert (card["expected"], card["early"], card["on_time"], card["late"], card["unread"]) == (7, 1, 4, 1, 1)
    assert (card["read_by_others"], card["read_permille"], card["made_on"]) == (1, 857, MADE_ON)
    await correct(kit, number(6, "2026-02-01"), "206.00", on="2026-02-20")
    await correct(kit, number(1, "2026-02-01"), "201.00", on="2026-02-23", reason="meter_fault")
    await february(kit)
    assert (await make(kit, NEXT_ON))["scorecards"] == 1
    assert await figures(kit, FEBRUARY) == await by_hand(kit, FEBRUARY)
    (card,) = await cards(kit, FEBRUARY)
    assert (card["wrong"], card["serious"], card["fixed_same_day"]) == (1, 0, 1)
    for month in (JANUARY, FEBRUARY):
        (card,) = await cards(kit, month)
        for figure in FIGURES:
            if figure != "fix_days":
                rows = await cards(kit, month, "scorecards/rows", figure=figure)
                assert len(rows) == card[figure], figure
    wrong = await cards(kit, FEBRUARY, "scorecards/rows", figure="wrong")
    assert [(row["service_point_no"], row["reader"], row["fault"], row["details"]["off_wh"]) for row in wrong] == [
        ("S0006", "anna", "reader", 54_000)
    ]
    # a correction that the meter is to blame for is there to be seen, and nobody's error
    kinds = [(row["kind"], row["fault"]) for row in await cards(kit, FEBRUARY, "scorecards/rows") if row["fault"]]
    assert kinds == [("wrong_read", "meter"), ("wrong_read", "reader")]


async def test_the_three_counts_are_the_same_wherever_they_are_shown(kit: Kit) -> None:
    await january(kit)
    await february(kit)
    await correct(kit, number(6, "2026-02-01"), "206.00", on="2026-02-20")
    for month, on in ((JANUARY, MADE_ON), (FEBRUARY, NEXT_ON)):
        await make(kit, on)
        (card,) = await cards(kit, month)
        (of_route,) = await kit.items("adherence/routes", cycle=month)
        (of_reader,) = await kit.items("adherence/readers", cycle=month)
        (summed,) = await cards(kit, month, "scorecards/readers")
        totals = (await kit.clerk.get(f"/v1/routes/R1/cycles/{month}")).json()
        three = [card[name] for name in ("estimated", "missed", "wrong")]
        for other in (of_route, of_reader, summed):
            assert [other[name] for name in ("estimated", "missed", "wrong")] == three
        assert [totals["estimated"], totals["missed"]] == three[:2]
        assert len(await cards(kit, month, "wrong-reads")) == three[2]
        assert [totals["now"]["estimated"], totals["now"]["missed"]] == three[:2]
    assert three == [1, 0, 1]


async def test_a_read_that_comes_after_the_closing_changes_what_is_known_by_now_everywhere(kit: Kit) -> None:
    await january(kit)
    at(kit, "2026-02-09")
    await kit.push(seen(7, "2026-02-01", "207.00"))
    await make(kit, MADE_ON)
    (card,) = await cards(kit, JANUARY)
    (of_route,) = await kit.items("adherence/routes", cycle=JANUARY)
    totals = (await kit.clerk.get(f"/v1/routes/R1/cycles/{JANUARY}")).json()
    assert (card["missed"], of_route["missed"], totals["now"]["missed"]) == (2, 2, 2)
    assert totals["missed"] == 3  # as the route was closed with


async def test_a_scorecard_never_changes_and_later_corrections_count_in_the_month_in_which_they_come(kit: Kit) -> None:
    await january(kit)
    await make(kit, MADE_ON)
    before = await cards(kit, JANUARY), await cards(kit, JANUARY, "scorecards/rows")
    read_id = number(3, "2026-02-04")
    at(kit, "2026-02-27")
    assert (await kit.clerk.post(f"/v1/reads/{read_id}/annulment", json={"reason": "wrong_meter"})).status_code == 200
    await correct(kit, number(6, "2026-02-01"), "206.00", on="2026-02-20")
    at(kit, "2026-02-21")
    assert (await kit.job("make-scorecards", MADE_ON))["counts"] == {}
    assert await make(kit, "2026-02-21") == {}
    assert (await cards(kit, JANUARY), await cards(kit, JANUARY, "scorecards/rows")) == before
    await february(kit)
    await correct(kit, number(6, "2026-02-01"), "207.00", on="2026-03-02", reader="carl")
    await make(kit, NEXT_ON)
    assert (await cards(kit, JANUARY), await cards(kit, JANUARY, "scorecards/rows")) == before
    # of 2 March it is March's, and an error of ivan, who has seen the 206
    assert {key: found["wrong"] for key, found in (await figures(kit, FEBRUARY)).items()} == {("R1", "anna"): 2}
    await plan(kit, "2026-04-01")
    await close(kit, "2026-04-02")
    await make(kit, "2026-04-15")
    assert {key: found.get("wrong", 0) for key, found in (await figures(kit, "2026-03")).items()} == {
        ("R1", "anna"): 0,
        ("R1", "ivan"): 1,
    }


async def test_a_route_waits_until_its_cycle_is_closed(kit: Kit) -> None:
    await kit.district()
    await plan(kit, "2026-02-01")
    assert await make(kit, MADE_ON) == {}
    await close(kit, "2026-02-16")
    assert await make(kit, "2026-02-16") == {"scorecards": 1, "rows": 1}
    assert await figures(kit, JANUARY) == {("R1", None): {"expected": 1, "unread": 1, "missed": 1}}


async def test_a_route_waits_for_its_open_cycle_whatever_was_corrected_on_it(kit: Kit) -> None:
    await january(kit)
    await make(kit, MADE_ON)
    await plan(kit, "2026-03-01")
    await correct(kit, number(6, "2026-02-01"), "206.00", on="2026-02-20")
    assert await make(kit, NEXT_ON) == {}
    await plan(kit, "2026-04-01")
    assert await make(kit, "2026-04-15") == {}  # nor does March's come before February's
    await close(kit, "2026-04-16")
    assert await make(kit, "2026-04-16") == {"scorecards": 2, "rows": 15}
    for month in (FEBRUARY, "2026-03"):
        assert await figures(kit, month) == await by_hand(kit, month)
        assert [card["open"] for card in await cards(kit, month)] == [0]


async def test_what_is_closed_half_a_year_late_is_counted_by_the_next_month_that_is_made(kit: Kit) -> None:
    await kit.district()
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 2}])
    await plan(kit, "2026-02-01")
    await close(kit, "2026-02-02")
    assert await make(kit, MADE_ON) == {"scorecards": 1, "rows": 1}
    for month in range(3, 9):
        await plan(kit, f"2026-{month:02}-01")
    await close(kit, "2026-08-20")
    await make(kit, "2026-08-20")
    rows = [row for month in range(1, 8) for row in await cards(kit, f"2026-{month:02}", "scorecards/rows")]
    assert sorted(row["day"] for row in rows) == [f"2026-{month:02}-01" for month in range(2, 9)]


async def test_a_crash_between_routes_loses_nothing_and_counts_nothing_twice(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kit.district(2)
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 1}])
    await kit.put("service-points", [{"service_point_no": "S0002", "route_no": "R2"}])
    await plan(kit, "2026-02-01")
    await close(kit, "2026-02-02")
    at(kit, MADE_ON, 4)
    real = making.cards.add_up

    async def dies(tx: Any, month: str, route_no: str, **more: Any) -> int:
        if route_no == "R2":
            raise RuntimeError("killed")
        return await real(tx, month, route_no, **more)

    with monkeypatch.context() as broken:
        broken.setattr(making.cards, "add_up", dies)
        with pytest.raises(AssertionError):
            await kit.job("make-scorecards", MADE_ON)
    assert set(await figures(kit, JANUARY)) == {("R1", None)}
    assert len(await cards(kit, JANUARY, "scorecards/rows")) == 1
    assert await make(kit, MADE_ON) == {"scorecards": 1, "rows": 1}
    assert set(await figures(kit, JANUARY)) == {("R1", None), ("R2", None)}
    assert await figures(kit, JANUARY) == await by_hand(kit, JANUARY)


async def test_points_of_another_org_unit_than_their_route_have_scorecards_of_their_own(kit: Kit) -> None:
    await kit.district(2)
    ours, theirs = UNIT + "/xihu", UNIT + "/gongshu"
    await kit.put("service-points", [{"service_point_no": "S0002", "route_no": "R1", "org_unit": ours}])
    await plan(kit, "2026-02-01")
    at(kit, "2026-02-01")
    await kit.push(seen(1, "2026-02-01", "200.00"), seen(2, "2026-02-01", "200.00"))
    await close(kit, "2026-02-02")
    await make(kit, MADE_ON)
    for unit, expected in ((UNIT, 2), (ours, 1), (theirs, 0)):
        chief = kit.client("chief", "reading:read", org_units=[unit])
        shown = await cards(kit, JANUARY, client=chief)
        assert sum(card["expected"] for card in shown) == expected
        assert len(await cards(kit, JANUARY, "scorecards/rows", chief)) == expected
        (summed,) = await cards(kit, JANUARY, "scorecards/readers", chief) or [{"expected": 0, "routes": 1}]
        assert (summed["expected"], summed["routes"]) == (expected, 1)
    chief = kit.client("chief", "reading:read", org_units=[UNIT])
    (route,) = (await chief.get("/v1/adherence/routes", params={"cycle": JANUARY})).json()["items"]
    assert route["expected"] == 2


async def test_a_dispute_counts_for_who_read_if_it_ends_with_a_corrected_read(kit: Kit) -> None:
    await january(kit)
    at(kit, "2026-02-10")
    assert await opened(kit.clerk, doubt("D1", "S0006"), doubt("D2", "S0004")) == ["done", "done"]
    at(kit, "2026-02-12")
    said = {"explanation": "It was misread."}
    assert await step(kit.clerk, "end", "2026-02-12", number="D1", outcome="read_corrected", **said) == "done"
    assert await step(kit.clerk, "end", "2026-02-12", number="D2", outcome="explained", **said) == "done"
    await february(kit)
    await make(kit, MADE_ON)
    await make(kit, NEXT_ON)
    assert await figures(kit, FEBRUARY) == await by_hand(kit, FEBRUARY)
    (row,) = await cards(kit, FEBRUARY, "scorecards/rows", figure="disputes_confirmed")
    assert (row["subject"], row["reader"], row["day"]) == ("D1", "anna", "2026-02-12")


async def test_readers_see_their_own_and_a_bureau_its_routes(kit: Kit) -> None:
    await kit.district(2)
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT + "/xihu", "read_day": 1}])
    await kit.put("service-points", [{"service_point_no": "S0002", "route_no": "R2"}])
    await put(kit, assigned("anna", "2026-01-01"), assigned("bert", "2026-01-01", route_no="R2"))
    await plan(kit, "2026-02-01")
    at(kit, "2026-02-02")
    await kit.push(seen(1, "2026-02-01", "200.00"), seen(2, "2026-02-01", "200.00", "bert"))
    await close(kit, "2026-02-02")
    await correct(kit, number(2, "2026-02-01"), "202.00", on="2026-02-10")
    assert await make(kit, MADE_ON) == {"scorecards": 2, "rows": 2}
    anna = kit.client("anna", "reading:field")
    for path in ("scorecards", "scorecards/readers", "scorecards/rows"):
        assert {row["reader"] for row in await cards(kit, JANUARY, path)} == {"anna", "bert"}
        assert {row["reader"] for row in await cards(kit, JANUARY, path, anna)} == {"anna"}
        assert {row["reader"] for row in await cards(kit, JANUARY, path, anna, reader="bert")} == {"anna"}
        assert {row["reader"] for row in await cards(kit, JANUARY, path, org_unit=UNIT + "/xihu")} == {"bert"}
        bureau = kit.client("chief", "reading:read", org_units=[UNIT + "/xihu"])
        assert {row["reader"] for row in await cards(kit, JANUARY, path, bureau)} == {"bert"}
    assert await cards(kit, FEBRUARY, "wrong-reads", anna) == []
    assert [row["reader"] for row in await cards(kit, FEBRUARY, "wrong-reads", bureau)] == ["bert"]
    assert await cards(kit, FEBRUARY, "wrong-reads", route_no="R1") == []


async def test_a_file_holds_what_the_pages_hold(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    await january(kit)
    await make(kit, MADE_ON)

    async def file(path: str) -> Any:
        return await kit.clerk.get(f"/v1/{path}", params={"month": JANUARY, "format": "csv"})

    for path in ("scorecards", "scorecards/readers", "scorecards/rows"):
        answer = await file(path)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        shown = await cards(kit, JANUARY, path)
        assert [set(row) for row in rows] == [set(each) for each in shown]
        for row, each in zip(rows, shown, strict=True):
            plain = {name: "" if value is None else str(value) for name, value in each.items() if name != "details"}
            assert {name: value for name, value in row.items() if name != "details"} == plain
    monkeypatch.setattr("services.reading.scorecards.api.CSV_MAX", 6)
    answer = await file("scorecards/rows")
    assert (answer.status_code, answer.json()["code"]) == (422, "scorecard.too_many_rows")


def looked(statements: Statements) -> int:
    return len([text for text in statements.texts if text.startswith(("SELECT", "WITH"))])


@pytest.mark.parametrize("size", [10, 1000])
async def test_a_route_is_counted_in_as_many_statements_whatever_its_size(kit: Kit, size: int) -> None:
    await kit.district(size)
    await plan(kit, "2026-02-01")
    at(kit, "2026-02-02")
    items = [seen(i, "2026-02-01", "200.00") for i in range(1, size + 1)]
    for start in range(0, size, 500):
        await kit.push(*items[start : start + 500])
    await close(kit, "2026-02-02")
    for i in range(1, 1 + size // 10):
        await correct(kit, f"M{i:04d}~20260201T01{i % 60:02d}00Z~site", "201.00", on="2026-02-03")
    with Statements(kit) as statements:
        assert await make(kit, MADE_ON) == {"scorecards": 1, "rows": size}
    january = looked(statements)
    await plan(kit, "2026-03-01")
    await close(kit, "2026-03-02")
    with Statements(kit) as statements:
        assert (await make(kit, NEXT_ON))["scorecards"] == 2
    assert (january, looked(statements)) == (19, 35)
