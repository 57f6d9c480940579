"""Reads come once, whoever sends them how often, at a constant number of statements."""

import asyncio

import pytest

from shared.events.billing import AccountChanged, Contract, RereadRequested
from tests.reading_kit import THREE, UNIT, Kit, Statements, read


async def test_the_same_read_again_is_already_accepted_and_other_content_is_a_conflict(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    first = read("M0001", "2026-02-01", "150.00")
    other = read("M0001", "2026-02-01", "151.00")
    outcomes = await kit.push(first, first, other)
    assert [o["status"] for o in outcomes] == ["accepted", "already_accepted", "conflicting_duplicate"]
    before = await kit.counts()
    assert [o["status"] for o in await kit.push(first)] == ["already_accepted"]
    assert await kit.counts() == before
    assert [o["status"] for o in await kit.push(other)] == ["conflicting_duplicate"]
    assert await kit.energies() == [("2026-02-01", 1, "actual", 50_000)]
    assert [f["code"] for f in await kit.items("findings")] == ["reading.conflicting_duplicate"]
    shown = (await kit.clerk.get("/v1/reads/M0001~20260131T160000Z~remote")).json()
    assert shown["registers"] == {"import": "150.00"}


@pytest.mark.parametrize("closing", [False, True], ids=["daily", "closing"])
async def test_the_number_of_statements_is_the_same_for_10_and_1000_reads(kit: Kit, closing: bool) -> None:
    await kit.district(1000, THREE)
    texts = []
    # 1 kWh a day: no findings; the first month has no usage before it to load
    for month, count, value in ((2, 1000, "131.00"), (3, 10, "159.00"), (4, 1000, "190.00")):
        day = f"2026-{month:02d}-01"
        if closing:
            await kit.plan(day)
        items = [read(f"M{i:04d}", day, {r["quantity"]: value for r in THREE}) for i in range(1, count + 1)]
        with Statements(kit) as statements:
            outcomes = await kit.push(*items)
        assert {outcome["status"] for outcome in outcomes} == {"accepted"}
        texts.append([text.split("(")[0][:40] for text in statements.texts])
    assert len(texts[1]) == len(texts[2]), texts
    assert len([text for text in texts[2] if "SAVEPOINT" not in text]) <= (12 if closing else 4)


async def test_the_number_of_statements_is_the_same_for_10_and_1000_curves(kit: Kit) -> None:
    await kit.district(1000)
    curve = {"unit": "Wh", "interval_minutes": 30, "values": [10] * 48}
    counts = []
    for day, count in (("2026-01-10", 10), ("2026-01-11", 1000)):
        items = [curve | {"meter_no": f"M{i:04d}", "day": day} for i in range(1, count + 1)]
        with Statements(kit) as statements:
            answer = await kit.clerk.post("/v1/curves", json={"items": items})
        assert [outcome["status"] for outcome in answer.json()["outcomes"]] == ["accepted"] * count
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]


async def test_the_number_of_statements_is_the_same_for_10_and_990_accounts_of_billing(kit: Kit) -> None:
    await kit.district(1000)
    counts = []
    for numbers in (range(1, 11), range(11, 1001)):
        with Statements(kit) as statements:
            await kit.give(*(account_of(n) for n in numbers))
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]


def account_of(number: int) -> AccountChanged:
    """A contract that begins within the first period of its point, and so cuts it."""
    contract = {"contract_no": f"C{number:04d}", "service_point_no": f"S{number:04d}", "from": "2026-01-15"}
    return AccountChanged.model_validate(
        {"account_no": f"A{number:04d}", "org_unit": UNIT, "customer_class": "residential", "version": 1}
        | {"opened_on": "2026-01-15", "contracts": [contract]}
    )


async def test_two_posts_of_the_same_reads_at_once_are_one_accepted_and_one_already_accepted(kit: Kit) -> None:
    await kit.district(50)
    await kit.plan("2026-02-01")
    items = [read(f"M{i:04d}", "2026-02-01", "150.00") for i in range(1, 51)]
    answers = await asyncio.gather(kit.push(*items), kit.push(*reversed(items)), kit.push(*items[10:40]))
    by_read: dict[str, list[str]] = {}
    for outcomes in answers:
        for outcome in outcomes:
            by_read.setdefault(outcome["id"], []).append(outcome["status"])
    assert all(statuses.count("accepted") == 1 for statuses in by_read.values())
    assert {status for statuses in by_read.values() for status in statuses} == {"accepted", "already_accepted"}
    assert len(await kit.published("reading.usage_measured.v1")) == 50


async def test_reads_of_two_sources_at_once_make_one_version_each_in_order(kit: Kit) -> None:
    await kit.district(20)
    await kit.plan("2026-02-01")
    remote = [read(f"M{i:04d}", "2026-02-01", "150.00") for i in range(1, 21)]
    site = [read(f"M{i:04d}", "2026-02-01", "151.00", "site") for i in range(1, 21)]
    await asyncio.gather(kit.push(*remote), kit.push(*site))
    for i in range(1, 21):
        versions = await kit.energies(f"S{i:04d}")
        assert versions[-1][3] == 51_000
        assert [version[1] for version in versions] == list(range(1, len(versions) + 1))


async def test_a_csv_of_a_manual_route_is_answered_row_by_row(kit: Kit) -> None:
    await kit.district(2)
    await kit.put("routes", [{"route_no": "R2", "org_unit": "zj", "read_day": 1}])
    await kit.plan("2026-02-01")
    rows = [
        "meter_no,read_at,reader,import",
        "M0001,2026-02-01T09:30:00+08:00,reader-7,150.00",
        "M0002,2026-02-01T09:40:00+08:00,reader-7,",
        "M0002,2026-02-01T09:40:00+08:00,reader-7,abc",
        "M0002",
    ]
    headers = {"Content-Type": "text/csv"}
    answer = await kit.clerk.post("/v1/reads/csv?route_no=R1", content="\r\n".join(rows).encode(), headers=headers)
    outcomes = answer.json()["outcomes"]
    assert [o["status"] for o in outcomes] == ["accepted", "refused", "refused", "refused"]
    assert [o.get("code") for o in outcomes[1:]] == [
        "reading.malformed_item",
        "reading.malformed_value",
        "reading.malformed_item",
    ]
    assert (await kit.usages())[0]["actors"] == ["reader-7", "clerk"]
    other = await kit.clerk.post("/v1/reads/csv?route_no=R2", content="\n".join(rows[:2]).encode(), headers=headers)
    assert other.json()["outcomes"][0]["code"] == "reading.other_route"


async def test_a_curve_is_kept_once_its_gaps_may_be_filled_and_nothing_else_changes(kit: Kit) -> None:
    await kit.district()
    gap = {"meter_no": "M0001", "day": "2026-01-10", "unit": "Wh", "interval_minutes": 30}
    values = [10 + i for i in range(48)]
    statuses = []
    for given in ([None, *values[1:]], [None, *values[1:]], values, values, [9, *values[1:]]):
        answer = await kit.clerk.post("/v1/curves", json={"items": [gap | {"values": given}]})
        statuses.append(answer.json()["outcomes"][0]["status"])
    assert statuses == ["accepted", "already_accepted", "accepted", "already_accepted", "conflicting_duplicate"]
    curve = (await kit.clerk.get("/v1/curves/M0001/2026-01-10")).json()
    assert (curve["values"], curve["missing"]) == (values, 0)


async def test_the_control_totals_of_a_cycle_count_every_read_and_usage(kit: Kit) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    good = read("M0001", "2026-02-01", "150.00")
    await kit.push(good, good, read("M0001", "2026-02-01", "151.00"), read("M9", "2026-02-01", "1.00"))
    await kit.push_one("M0002", "2026-02-01", "160.00")
    await kit.push_one("M0002", "2026-02-01", "161.00", "site")
    totals = (await kit.admin.get("/v1/control-totals", params={"cycle": "2026-01"})).json()
    totals = totals.get("totals", totals)
    assert totals["reads_received"] == totals["reads_accepted"] + totals["reads_duplicate"] + totals["reads_refused"]
    assert (totals["reads_received"], totals["reads_accepted"], totals["reads_refused"]) == (6, 3, 1)
    assert (totals["usages_published"], totals["usages_first"]) == (3, 2)
    assert (totals["usage_wh"], totals["usage_first_wh"]) == (50_000 + 60_000 + 61_000, 110_000)


async def test_a_usage_is_traced_to_its_reads_their_upload_and_the_device_message(kit: Kit) -> None:
    await kit.district()
    await kit.clerk.put("/v1/devices/headend-1", json={"org_unit": "zj"})
    await kit.plan("2026-02-01")
    await kit.push_as_device("headend-1", read("M0001", "2026-02-01", "150.00"), nonce="n" * 20)
    kind, id = "usage", (await kit.usages())[0]["usage_id"]
    kinds, document = [kind], {}
    while True:
        node = (await kit.admin.get(f"/v1/trace/{kind}/{id}")).json()
        document = node["document"]
        if not node["derived_from"]:
            break
        (origin,) = node["derived_from"]
        kind, id = origin["kind"], origin["id"]
        kinds.append(kind)
    assert kinds == ["usage", "read", "upload", "device_message"]
    assert (document["message_id"], document["sender"]) == ("n" * 20, "headend-1")


async def test_a_route_shows_its_progress_and_closes_once(kit: Kit) -> None:
    await kit.district(3)
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "150.00")
    assert (await kit.close("2026-02-01"))["counts"] == {}
    progress = (await kit.clerk.get("/v1/routes/R1/cycles/2026-01")).json()
    assert {k: progress[k] for k in ("expected", "actual", "missed", "closed_on")} == {
        "expected": 3,
        "actual": 1,
        "missed": 0,
        "closed_on": None,
    }
    await kit.close("2026-02-02")
    await kit.close("2026-02-03")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert {k: closed[k] for k in ("expected", "actual", "estimated", "missed", "usages", "sum_wh", "closed_on")} == {
        "expected": 3,
        "actual": 1,
        "estimated": 0,
        "missed": 2,
        "usages": 1,
        "sum_wh": 50_000,
        "closed_on": "2026-02-02",
    }
    assert [t["status"] for t in await kit.items("tasks", cycle="2026-01")] == ["read", "missed", "missed"]


async def test_lists_are_read_page_by_page(kit: Kit) -> None:
    await kit.district(5)
    await kit.plan("2026-02-01")
    found, cursor = [], None
    for _ in range(3):
        answer = await kit.clerk.get("/v1/tasks", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        found += [item["service_point_no"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
    assert (found, cursor) == ([f"S{i:04d}" for i in range(1, 6)], None)


def _account(version: int, *contracts: Contract) -> AccountChanged:
    return AccountChanged(
        version=version,
        account_no="A1",
        org_unit="zj",
        customer_class="home",
        opened_on=contracts[0].from_,
        contracts=contracts,
    )


@pytest.mark.parametrize("told_first", [True, False])
async def test_a_period_is_cut_where_a_contract_ends_and_a_read_exists(kit: Kit, told_first: bool) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    contract = Contract.model_validate(
        {"contract_no": "C1", "service_point_no": "S0001", "from": "2026-01-01", "to": "2026-01-11"}
    )
    if told_first:
        await kit.give(_account(2, contract))
    await kit.push_one("M0001", "2026-01-11", "110.00")
    if not told_first:
        await kit.give(_account(2, contract))
    await kit.push_one("M0001", "2026-02-01", "150.00")
    assert [(u["period_from"], u["period_to"], u["energy_wh"]["import"]) for u in await kit.usages()] == [
        ("2026-01-01", "2026-01-11", 10_000),
        ("2026-01-11", "2026-02-01", 40_000),
    ]
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["actual"], closed["usages"], closed["sum_wh"]) == (2, 2, 2, 50_000)


async def test_a_cut_without_a_read_leaves_the_period_whole(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    contract = Contract.model_validate(
        {"contract_no": "C1", "service_point_no": "S0001", "from": "2026-01-01", "to": "2026-01-11"}
    )
    await kit.give(_account(2, contract), _account(1, contract))
    await kit.push_one("M0001", "2026-02-01", "150.00")
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["usages"], closed["sum_wh"]) == (1, 1, 50_000)


async def test_a_reread_that_differs_supersedes_and_answers_the_request(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "950.00", "site", reader="r-1")
    request = RereadRequested(
        account_no="A1",
        request_id="Q1",
        service_point_no="S0001",
        org_unit="zj/hangzhou",
        bill_id="B1",
        cycle="2026-01",
        reason="implausible",
        requested_by="reviewer-1",
    )
    await kit.give(request, request)
    (open_one,) = await kit.items("rereads", status="open")
    assert (open_one["request_id"], open_one["reason"]) == ("Q1", "implausible")
    await kit.push_one("M0001", "2026-02-01", "150.00", "site", read_at="2026-02-01T18:00:00+08:00", reader="r-2")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 850_000), ("2026-02-01", 2, "actual", 50_000)]
    (answered,) = await kit.items("rereads")
    assert (answered["status"], answered["answered_by"]) == ("answered", "M0001~20260201T100000Z~site")
    await kit.push_one("M0001", "2026-02-01", "160.00", "site", read_at="2026-02-01T19:00:00+08:00")
    assert len(await kit.usages()) == 2
