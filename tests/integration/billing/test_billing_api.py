"""Accounts, tariffs, bills and traces over REST: what is asked, what is answered, and what bad input gets."""

from typing import Any

import orjson

from services.billing.adapters import tables
from services.billing.application import states
from services.billing.tariffs.documents import packaged
from shared.events.billing import AccountChanged, BillIssued
from tests.billing_kit import PLAIN, Desk, account, closed, usage


def state(n: int = 1, **more: Any) -> dict[str, Any]:
    contract = {
        "contract_no": f"C{n}",
        "service_point_no": f"SP{n}",
        "from": "2020-01-01",
        "tariffs": [{"from": "2020-01-01", "tariff": PLAIN}],
        "opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [0, 0, 0]}],
    }
    values: dict[str, Any] = {
        "org_unit": "zj/hangzhou",
        "opened_on": "2020-01-01",
        "facts": [{"from": "2020-01-01", "customer_class": "residential", "people": 3}],
        "contracts": [contract],
    }
    return values | more


async def test_an_account_comes_back_as_it_was_put(desk: Desk) -> None:
    async with desk.client() as client:
        first = await client.put("/v1/accounts/A1", json=state())
        again = await client.put("/v1/accounts/A1", json=state())
        shown = (await client.get("/v1/accounts/A1")).json()
    assert [a.json()["status"] for a in (first, again)] == ["done", "already_done"]
    assert shown["version"] == 1
    assert shown["contracts"][0]["tariffs"] == state()["contracts"][0]["tariffs"]
    assert shown["contracts"][0]["opening_usage"] == state()["contracts"][0]["opening_usage"]
    (fact,) = await desk.published(AccountChanged)
    assert (fact.customer_class, fact.contracts[0].service_point_no) == ("residential", "SP1")


async def test_a_batch_is_answered_item_by_item(desk: Desk) -> None:
    items = [
        state(1) | {"account_no": "A1"},
        state(2, facts=[{"from": "2024-01-01", "customer_class": "residential"}]) | {"account_no": "A2"},
        state(3, org_unit="sc/chengdu") | {"account_no": "A3"},
        state(1) | {"account_no": "A4"},
        state(5) | {"account_no": "A5"},
        state(6) | {"account_no": "A5"},
    ]
    async with desk.client(org_units=("zj",)) as client:
        answer = await client.put("/v1/accounts", json={"items": items})
    assert [(o["status"], o["code"]) for o in answer.json()["outcomes"]] == [
        ("done", ""),
        ("refused", "account.facts_gap"),
        ("refused", "auth.other_org_unit"),
        ("refused", "account.contract_of_another_account"),
        ("refused", "account.twice_in_batch"),
        ("refused", "account.twice_in_batch"),
    ]
    assert await desk.count(tables.ACCOUNT) == 1


async def test_a_service_point_has_one_contract_at_a_time(desk: Desk) -> None:
    second = state()
    second["contracts"][0] |= {"contract_no": "C9", "from": "2026-03-01"}
    ended = state()
    ended["contracts"][0]["to"] = "2026-03-01"
    async with desk.client() as client:
        await client.put("/v1/accounts/A1", json=state())
        overlap = await client.put("/v1/accounts/A9", json=second)
        await client.put("/v1/accounts/A1", json=ended)
        moved_in = await client.put("/v1/accounts/A9", json=second)
        vanished = await client.put("/v1/accounts/A1", json=state(contracts=[]))
    assert (overlap.status_code, overlap.json()["code"]) == (409, "account.contracts_overlap")
    assert moved_in.status_code == 200
    assert (vanished.status_code, vanished.json()["code"]) == (422, "account.contract_missing")


async def test_usages_before_and_after_a_move_go_to_their_own_accounts(desk: Desk) -> None:
    ended, second = state(), state()
    ended["contracts"][0]["to"] = "2026-02-01"
    second["contracts"][0] |= {"contract_no": "C9", "from": "2026-02-01"}
    async with desk.client() as client:
        await client.put("/v1/accounts/A1", json=ended)
        await client.put("/v1/accounts/A9", json=second)
    await desk.measure(usage(1, 1), usage(1, 2))
    assert await desk.bills("account_no", "cycle") == [("A1", "2026-01"), ("A9", "2026-02")]


async def test_the_state_of_all_accounts_can_be_published_again(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    async with desk.db.begin() as tx:
        last = await states.account(tx, "")
    assert last == "A2"
    facts = await desk.published(AccountChanged)
    assert [(f.account_no, f.version) for f in facts[2:]] == [("A1", 1), ("A2", 1)]
    assert [f.contracts for f in facts[:2]] == [f.contracts for f in facts[2:]]


def tariff(version: int, start: str, end: str | None, price: str = "0.538") -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(
        orjson.dumps(next(d for d in packaged.documents("sample") if d.get("id") == PLAIN))
    )
    document |= {"id": "CN-XX/home", "version": version, "effective": {"from": start, "to": end}}
    text = orjson.dumps(document).decode()
    changed: dict[str, Any] = orjson.loads(text.replace('"0.538"', f'"{price}"'))
    return changed


async def test_tariff_versions_follow_each_other_without_gap_or_overlap(desk: Desk) -> None:
    url = "/v1/tariffs/CN-XX/home/versions/"
    async with desk.client() as client:
        answers = [
            await client.put(url + "1", json=tariff(1, "2020-01-01", "2026-07-01")),
            await client.put(url + "2", json=tariff(2, "2026-07-02", None)),
            await client.put(url + "2", json=tariff(2, "2026-06-30", None)),
            await client.put(url + "3", json=tariff(2, "2026-07-01", None)),
            await client.put(url + "2", json=tariff(2, "2026-07-01", None)),
            await client.put(url + "2", json=tariff(2, "2026-07-01", None)),
        ]
        listed = (await client.get("/v1/tariffs", params={"limit": 500})).json()["items"]
        shown = (await client.get(url + "2")).json()
    assert [(a.status_code, a.json().get("code", a.json().get("status"))) for a in answers] == [
        (200, "done"),
        (422, "tariff.version_gap"),
        (422, "tariff.version_overlap"),
        (422, "tariff.name_mismatch"),
        (200, "done"),
        (200, "already_done"),
    ]
    assert [t["version"] for t in listed if t["tariff_id"] == "CN-XX/home"] == ["1", "2"]
    assert shown["document"] == tariff(2, "2026-07-01", None)


async def test_a_wrong_tariff_is_refused_with_the_pointer_to_its_fault(desk: Desk) -> None:
    wrong = tariff(1, "2020-01-01", None) | {"currency": 7}
    async with desk.client() as client:
        stored = await client.put("/v1/tariffs/CN-XX/home/versions/1", json=wrong)
        checked = await client.post("/v1/tariffs/validate", json=wrong)
        good = await client.post("/v1/tariffs/validate", json=tariff(1, "2020-01-01", None))
    assert (stored.status_code, stored.json()["code"]) == (422, "tariff.value_wrong")
    assert stored.json()["detail"].startswith("/currency")
    assert [(e["code"], e["pointer"]) for e in checked.json()["errors"]] == [("value_wrong", "/currency")]
    assert (good.json()["valid"], len(good.json()["sha256"])) == (True, 64)


async def test_a_version_that_an_issued_bill_used_cannot_change(desk: Desk) -> None:
    url = "/v1/tariffs/CN-XX/home/versions/1"
    async with desk.client() as client:
        await client.put(url, json=tariff(1, "2020-01-01", None))
        await desk.open(account(1, tariff="CN-XX/home"), account(2, tariff="CN-XX/home"))
        await desk.measure(usage(1))
        changed = await client.put(url, json=tariff(1, "2020-01-01", None, price="0.6"))
        assert changed.status_code == 200, "no bill is out yet"
        await desk.measure(usage(2))
        await desk.close(closed([usage(1), usage(2)]))
        await desk.work()
        assert await desk.bills("status") == [("held",), ("issued",)], "the first was calculated at the old price"
        used = await client.put(url, json=tariff(1, "2020-01-01", None, price="0.7"))
        (item,) = (await client.get("/v1/review-queue")).json()["items"]
        corrected = await client.post(
            f"/v1/bills/{item['bill_id']}/decisions",
            json={"decision": "correct"},
            headers={"If-Match": f'"{item["row_version"]}"'},
        )
    assert item["findings"][-1]["code"] == "billing.tariff_changed"
    assert corrected.json()["status"] == "ready"
    await desk.work()
    assert [f.bill.total_fen for f in await desk.published(BillIssued)] == [12000, 12000]
    assert (used.status_code, used.json()["code"]) == (409, "tariff.version_in_use")


async def test_every_line_of_a_bill_leads_to_its_tariff_version_and_usage(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    async with desk.client() as client:
        shown = (await client.get(f"/v1/bills/{bill_id}")).json()
        traced = (await client.get(f"/v1/trace/bill/{bill_id}")).json()
        lines = [o for o in traced["derived_from"] if o["kind"] == "bill_line"]
        assert len(lines) == len(shown["lines"]) > 0
        for origin, line in zip(lines, shown["lines"], strict=True):
            found = (await client.get(f"/v1/trace/bill_line/{origin['id']}")).json()
            assert found["document"]["formula"] == line["formula"]
            assert {(o["kind"], o["id"]) for o in found["derived_from"]} == {
                ("tariff_version", f"{PLAIN}@1"),
                ("usage", "U-1-1-1"),
            }
        version = (await client.get(f"/v1/trace/tariff_version/{PLAIN}@1")).json()
        missing = [
            await client.get(f"/v1/trace/{kind}/{name}")
            for kind, name in (("bill", "none"), ("bill_line", f"{bill_id}:99"), ("bill_line", "x"), ("meter", "m"))
        ]
    assert shown["lines"][0]["formula"] == "200 kWh x 0.538 = 107.6"
    assert sum(line["amount_fen"] for line in shown["lines"]) == shown["total_fen"] == 10760
    assert version["document"]["content_hash"] == shown["tariffs"][0]["content_hash"]
    assert [a.status_code for a in missing] == [404] * 4


async def test_control_totals_count_what_became_of_a_cycle(desk: Desk) -> None:
    await desk.open(account(1), account(2), account(3))
    await desk.released(usage(1, 1, 100), usage(2, 1, 1500), usage(3, 1, 300))
    await desk.measure(usage(3, 1, 200, version=2), usage(4, 1, 50))
    async with desk.client() as client:
        totals = (await client.get("/v1/control-totals", params={"cycle": "2026-01"})).json()
    expected = {
        "usages": 5,
        "usages_version_1": 4,
        "sum_wh_version_1": 1_950_000,
        "usages_waiting": 1,
        "usages_rated": 4,
        "bills_held": 1,
        "bills_issued": 2,
        "bills_reversed": 1,
        "issued_fen": 5380 + 10760,
        "reversed_fen": 16140,
    }
    assert {name: totals[name] for name in expected} == expected


async def test_a_case_is_previewed_with_the_stored_tariffs_and_nothing_is_stored(desk: Desk) -> None:
    case = {
        "id": "p1",
        "tariff": PLAIN,
        "cycle": {"from": "2026-01-02", "to": "2026-02-02", "read_day": "2026-02-02", "bill_months": ["2026-01"]},
        "account": [{"from": "2020-05-01", "people": 4, "class": "residential"}],
        "usage": {"import": {"start": "10012", "end": "12812", "multiplier": "1", "digits": 6, "quality": "actual"}},
        "state": {"ladders": {"year": {"year": 2026, "used_kwh": ["0", "0"]}}},
    }
    async with desk.client() as client:
        answer = await client.post("/v1/bills/preview", json=case)
        broken = await client.post("/v1/bills/preview", json={"cycle": 7})
        compared = await client.post(
            "/v1/bills/compare",
            json={k: case[k] for k in ("id", "tariff", "account", "state")}
            | {
                "cycles": [{"cycle": case["cycle"], "usage": case["usage"]}],
                "alternatives": [{"name": "as is"}, {"name": "five people", "people": 5}],
            },
        )
    assert answer.json()["answer"]["total"] == "1508.40", answer.text
    assert "refusal" in broken.json()["answer"]
    # 100 kWh more in tier 1: the 40 kWh above it come back
    assert [a["difference"] for a in compared.json()["alternatives"]] == ["0.00", "-2.00"], compared.text
    assert await desk.count(tables.BILL) == 0


BAD: tuple[tuple[str, str, Any, str], ...] = (
    ("PUT", "/v1/accounts/A1", {"org_unit": "zj"}, "request.invalid"),
    ("PUT", "/v1/accounts/A1", state(surprise=1), "request.invalid"),
    ("PUT", "/v1/accounts/A1", state(opened_on="2020-13-01"), "request.invalid"),
    ("PUT", "/v1/accounts", {"items": [state() | {"account_no": "A"}] * 1001}, "request.invalid"),
    ("PUT", "/v1/accounts/A1", state(opened_on="2021-01-01"), "account.contract_before_opening"),
    ("PUT", "/v1/accounts/A1", state(closed_on="2019-01-01"), "account.dates_reversed"),
    ("GET", "/v1/bills?status=lost", None, "request.invalid"),
    ("GET", "/v1/bills?cycle=2026-13", None, "request.invalid"),
    ("GET", "/v1/bills?cursor=x", None, "request.malformed_cursor"),
    ("GET", "/v1/runs/R1/2026-01", None, "run.unknown"),
    ("GET", "/v1/accounts/none", None, "account.unknown"),
    ("PUT", "/v1/release-switch", {"stopped": True, "reason": "x"}, "precondition.missing"),
)


async def test_bad_input_is_refused_with_its_code_and_changes_nothing(desk: Desk) -> None:
    async with desk.client() as client:
        for method, path, body, code in BAD:
            answer = await client.request(method, path, json=body)
            assert answer.json()["code"] == code, answer.text
            assert 400 <= answer.status_code < 500
    assert await desk.count(tables.ACCOUNT) == 0
    assert await desk.published(AccountChanged) == []


async def test_lists_are_kept_to_the_callers_org_units(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 1500))
    ((bill_id,),) = await desk.bills("bill_id")
    async with desk.client(org_units=("zj/ningbo",)) as client:
        for path in ("/v1/bills", "/v1/review-queue", "/v1/runs", "/v1/accounts", "/v1/corrections"):
            assert (await client.get(path)).json()["items"] == []
        assert (await client.get(f"/v1/bills/{bill_id}")).status_code == 404
        assert (await client.get("/v1/runs/R1/2026-01")).status_code == 404


async def test_the_switch_is_thrown_over_the_api_with_its_audit_row(desk: Desk) -> None:
    async with desk.client() as client:
        before = await client.get("/v1/release-switch")
        headers = {"If-Match": before.headers["ETag"]}
        thrown = await client.put("/v1/release-switch", json={"stopped": True, "reason": "price"}, headers=headers)
        stale = await client.put("/v1/release-switch", json={"stopped": False, "reason": "ok"}, headers=headers)
        audit = await client.get("/v1/audit-entries", params={"entity_kind": "release_switch", "entity_id": "all"})
        metrics = (await client.get("/metrics")).text
    assert thrown.json() == {"stopped": True, "reason": "price", "version": 1}
    assert (stale.status_code, stale.json()["code"]) == (412, "release_switch.stale")
    assert [e["action"] for e in audit.json()["items"]] == ["release.stopped"]
    assert "release_stopped 1.0" in metrics
