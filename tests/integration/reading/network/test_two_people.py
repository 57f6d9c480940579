"""Days that are billed get another multiplier by two people alone; on both databases."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from services.reading.policies import domain as policies
from services.reading.settings import SHIPPED_POLICY
from tests.kits.approvals import decided
from tests.kits.reading import ONE, UNIT, Kit, january, read

JAN = "2026-01-01"
AT = f"M0001/{JAN}"


def second(kit: Kit, subject: str = "second", *org_units: str) -> httpx.AsyncClient:
    return kit.client(subject, "reading:read", "reading:write", "approvals:decide", org_units=org_units or ["*"])


async def correct(kit: Kit, at: str = AT, **body: Any) -> httpx.Response:
    body = {"unit": "kWh", "reason": "wrong_ratio"} | body
    return await kit.clerk.post(f"/v1/installations/{at}/correction", json=body)


async def annul(kit: Kit, at: str = AT) -> httpx.Response:
    return await kit.clerk.post(f"/v1/installations/{at}/annulment", json={"reason": "wrong_meter"})


def asked(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def multiplier(kit: Kit, at: str = AT) -> int:
    return int((await kit.clerk.get(f"/v1/installations/{at}")).json()["multiplier"])


async def test_the_multiplier_of_billed_days_is_changed_by_two_people(kit: Kit) -> None:
    await january(kit)

    waits = asked(await correct(kit, multiplier=30))

    assert asked(await correct(kit, multiplier=30)) == waits, "asked once"
    other = await correct(kit, multiplier=40)
    assert (other.status_code, other.json()["code"]) == (409, "approval.asked_already")
    assert await multiplier(kit) == 1, "asked is not done"
    assert await kit.energies() == [("2026-02-01", 1, "actual", 100_000)]
    (shown,) = (await second(kit).get("/v1/approvals?kind=installation.change")).json()["items"]
    ((before,), (after,)) = shown["content"]["before"], shown["content"]["after"]
    assert (before["multiplier"], after["multiplier"], after["meter_no"]) == (1, 30, "M0001")
    assert (shown["subject_id"], shown["org_unit"], shown["reason"]) == ("S0001", UNIT, "wrong_ratio")
    clerk = kit.client("clerk", "reading:write", "approvals:decide")
    assert await decided(clerk, [waits]) == ["approval.own_request"]
    assert await decided(second(kit, "n", "zj/ningbo"), [waits]) == ["approval.unknown"]
    assert await decided(kit.client("r", "reading:read", "approvals:decide"), [waits]) == ["approval.unknown"]
    assert await multiplier(kit) == 1

    assert await decided(second(kit), [waits]) == ["done"]

    assert await multiplier(kit) == 30
    assert (await kit.energies())[-1] == ("2026-02-01", 2, "actual", 3_000_000)
    told = (await kit.clerk.get(f"/v1/installations/{AT}")).json()["versions"][0]
    assert (told["kind"], told["reason"], told["actor"]) == ("corrected", "wrong_ratio", "clerk")
    assert await decided(second(kit), [waits]) == ["approval.not_pending"]


@pytest.mark.parametrize("closed", [False, True], ids=["open window", "later days"])
async def test_the_multiplier_of_days_that_are_not_billed_is_changed_by_one_person(kit: Kit, closed: bool) -> None:
    if closed:
        await january(kit)
        await kit.put("installations", [_item(removed_on="2026-02-01", closing={"import": "200.00"})])
        await kit.put("installations", [_item(installed_on="2026-02-01", opening={"import": "200.00"})])
    else:
        await kit.district()
        await kit.plan("2026-02-01")
        await kit.push(read("M0001", "2026-02-01", "200.00"))
    at = "M0001/2026-02-01" if closed else AT

    assert (await correct(kit, at, multiplier=30)).json()["status"] == "done"

    assert await multiplier(kit, at) == 30


def _item(**more: Any) -> dict[str, Any]:
    item = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": JAN, "unit": "kWh"}
    return item | {"opening": {"import": "100.00"}} | more


@pytest.mark.parametrize(
    ("change", "by_two"),
    [
        ({"opening": {"import": "99.00"}}, False),
        ({"multiplier": 2, "multiplier_denominator": 1}, True),
        ({"registers": [{"quantity": "import", "digits": 6, "scale": 2}]}, True),
        ({"installed_on": "2026-01-05", "opening": {"import": "120.00"}}, False),
        ({"removed_on": "2026-01-20", "closing": {"import": "150.00"}}, False),
        ({"removed_on": "2026-02-01", "closing": {"import": "200.00"}}, False),
    ],
)
async def test_another_multiplier_or_other_faces_on_billed_days_need_two_people(
    kit: Kit, change: dict[str, Any], by_two: bool
) -> None:
    await january(kit)

    answer = await correct(kit, confirm=True, **change)

    assert answer.status_code == (202 if by_two else 200), answer.text
    if by_two:
        assert len(await kit.usages()) == 1, "asked is not done"
        assert await decided(second(kit), [answer.json()]) == ["done"]
    assert (await correct(kit, **change)).json()["status"] == "already_done"


async def test_what_has_changed_since_it_was_asked_for_is_not_done_by_the_approval(kit: Kit) -> None:
    await january(kit, 2)
    stale, fresh = asked(await correct(kit, multiplier=30)), asked(await correct(kit, f"M0002/{JAN}", multiplier=30))
    assert (await correct(kit, opening={"import": "99.00"})).json()["status"] == "done"

    assert await decided(second(kit), [stale, fresh]) == ["precondition.stale", "done"], "one stops no other"

    assert [await multiplier(kit), await multiplier(kit, f"M0002/{JAN}")] == [1, 30]
    clerk = kit.client("clerk", "reading:write", "approvals:decide")
    assert (await clerk.post(f"/v1/approvals/{stale['approval_id']}/withdrawal")).status_code == 200
    assert await decided(second(kit), [asked(await correct(kit, multiplier=30))]) == ["done"]


async def test_what_speaks_against_a_correction_is_said_when_it_is_asked_for(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    await kit.push(read("M0001", "2026-03-01", "300.00"))
    change = {"multiplier": 2, "opening": {"import": "250.00"}}

    answer = await correct(kit, **change)

    assert (answer.status_code, answer.json()["code"]) == (409, "reading.makes_suspect")
    assert (await second(kit).get("/v1/approvals")).json()["items"] == []
    assert await decided(second(kit), [asked(await correct(kit, confirm=True, **change))]) == ["done"]
    assert await multiplier(kit) == 2


async def test_one_person_is_enough_where_the_policy_says_so(kit: Kit) -> None:
    await january(kit)
    document = orjson.loads(SHIPPED_POLICY.read_bytes())
    document["versions"][0]["approvals"] = {"installation.change": []}
    state = kit.service.app.state
    state.context = replace(state.context, policies=policies.load(document))

    assert (await correct(kit, multiplier=30)).json()["status"] == "done"


async def test_of_two_who_approve_at_the_same_moment_one_does(kit: Kit) -> None:
    await january(kit)
    waits = asked(await correct(kit, multiplier=30))

    found = await asyncio.gather(*(decided(second(kit, who), [waits]) for who in ("second", "third")))

    assert sorted(code for (code,) in found) == ["approval.not_pending", "done"]
    assert len(await kit.usages()) == 2


async def test_an_exchange_that_is_told_after_its_days_were_billed_needs_two_people_where_the_multiplier_is_another(
    kit: Kit,
) -> None:
    await january(kit, 2)
    meter = {"org_unit": UNIT, "registers": list(ONE)}
    await kit.put("meters", [{"meter_no": "M8", **meter}, {"meter_no": "M9", **meter, "multiplier": 30}])
    removed = {"removed_on": "2026-01-20", "closing": {"import": "160.00"}}
    items = [
        _item(**removed),
        _item(meter_no="M8", installed_on="2026-01-20", opening={"import": "0.00"}),
        _item(service_point_no="S0002", meter_no="M0002", **removed),
        _item(service_point_no="S0002", meter_no="M9", installed_on="2026-01-20", opening={"import": "0.00"}),
        _item(service_point_no="S0003", meter_no="M0002"),
    ]

    outcomes = await kit.put("installations", items)

    assert [each["status"] for each in outcomes] == ["done", "done", *["awaiting_approval"] * 2, "refused"]
    assert outcomes[2]["id"] == outcomes[3]["id"]
    assert [u["meter_no"] for u in await kit.items("installations", service_point_no="S0002")] == ["M0002"]
    again = await kit.put("installations", items)
    assert [each["status"] for each in again] == ["already_done"] * 2 + ["awaiting_approval"] * 2 + ["refused"]
    assert again[2]["id"] == outcomes[2]["id"]
    other = await kit.put("installations", [items[2] | {"closing": {"import": "161.00"}}, items[3]])
    assert [each["code"] for each in other] == ["approval.asked_already"] * 2
    (shown,) = (await second(kit).get("/v1/approvals?kind=installation.change")).json()["items"]
    assert shown["approval_id"] == outcomes[2]["id"]
    assert [(each["meter_no"], each["multiplier"]) for each in shown["content"]["after"]] == [("M0002", 1), ("M9", 30)]

    await kit.put("meters", [{"meter_no": "M9", **meter, "multiplier": 40}])
    assert await decided(second(kit), [shown]) == ["precondition.stale"], (
        "it would have another multiplier than was seen"
    )
    await kit.put("meters", [{"meter_no": "M9", **meter, "multiplier": 30}])
    assert await decided(second(kit), [shown]) == ["done"]

    assert await multiplier(kit, "M9/2026-01-20") == 30
    assert [each["status"] for each in await kit.put("installations", items[:4])] == ["already_done"] * 4


@pytest.mark.parametrize("gone", ["removed", "annulled"])
async def test_a_meter_does_not_come_back_to_billed_days_with_another_multiplier_by_one_person(
    kit: Kit, gone: str
) -> None:
    await january(kit)
    removed = _item(removed_on="2026-01-20", closing={"import": "160.00"})
    back = _item(installed_on="2026-01-20", opening={"import": "160.00"}) if gone == "removed" else _item()
    if gone == "removed":
        assert [each["status"] for each in await kit.put("installations", [removed])] == ["done"]
    else:
        assert (await annul(kit)).json()["status"] == "done"
    meter = {"meter_no": "M0001", "org_unit": UNIT, "registers": list(ONE)}

    await kit.put("meters", [meter | {"multiplier": 30}])
    assert [each["status"] for each in await kit.put("installations", [back])] == ["awaiting_approval"]
    await kit.put("meters", [meter])
    assert [each["status"] for each in await kit.put("installations", [back])] == ["done"]
