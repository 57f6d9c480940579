"""Who has nothing left is cut only after being told, by the service and a person; a top-up lets him go at any point."""

import pytest

from tests.kits import cuts, prepaid
from tests.kits.approvals import decided
from tests.kits.collection import Kit
from tests.kits.prepaid import judge, overdrawn, proposed, told, used, waiting


async def test_days_after_the_customer_was_told_the_service_proposes_and_a_person_approves(kit: Kit) -> None:
    await overdrawn(kit)
    cuts.at(kit, "2026-04-22", "09:59")
    assert await cuts.turn(kit) == 0, "the seventh day is not over"
    cuts.at(kit, "2026-04-22", "10:01")
    assert await cuts.turn(kit) == 1
    cut = await cuts.the_cut(kit)
    assert (cut["state"], cut["cause"], cut["proposed_by"], cut["told_on"]) == (
        "proposed",
        "prepaid",
        "system:prepaid",
        "2026-04-15",
    )
    (asked,) = await waiting(kit)
    assert await decided(kit.second, [asked]) == ["done"]
    assert await cuts.turn(kit) == 1
    assert await cuts.state(kit) == ("planned", "")
    assert await cuts.turn(kit) == 1
    assert len(await kit.facts("collection.cut_imminent.v1")) == 1
    cuts.at(kit, "2026-04-22", "10:31")
    assert await cuts.turn(kit) == 1
    assert await cuts.state(kit) == ("ordered", "")
    assert await kit.facts("collection.cut_announced.v1") == [], "he was told by another notice"
    await kit.check_books()


async def test_nobody_is_cut_who_was_not_told(kit: Kit) -> None:
    await kit.pay(10_000, on="2026-04-14")
    await used(kit, 12_000)
    cuts.at(kit, "2026-06-01", "10:01")
    assert await cuts.turn(kit) == 0
    assert await waiting(kit) == []


@pytest.mark.parametrize(
    ("moment", "reached"),
    [
        ("proposed", "ended"),
        ("announced", "ended"),
        ("planned", "ended"),
        ("imminent", "ended"),
        ("ordered", "withdrawing"),
        ("cut", "restoring"),
    ],
)
async def test_a_top_up_lets_go_at_every_point_in_its_own_unit_of_work(kit: Kit, moment: str, reached: str) -> None:
    await proposed(kit)
    asked = await waiting(kit)
    if moment != "proposed":
        assert await decided(kit.second, asked) == ["done"]
    steps = ("planned", "imminent", "ordered")
    for state in steps[: steps.index(moment) + 1] if moment in steps else steps if moment == "cut" else ():
        if state == "ordered":
            cuts.at(kit, "2026-04-22", "10:31")
        assert await cuts.turn(kit) == 1
    if moment == "cut":
        await cuts.switched(kit)
    assert (await cuts.state(kit))[0] == moment

    await kit.pay(3_000, on="2026-04-22")
    assert await cuts.state(kit) == (reached, "settled")
    if moment == "proposed":
        assert await decided(kit.second, asked) == ["approval.not_pending"]
    if moment == "cut":
        await cuts.switched(kit, "restore")
        assert await cuts.state(kit) == ("ended", "restored")
    await judge(kit)
    await kit.check_books()


async def test_a_top_up_that_is_not_enough_lets_nobody_go(kit: Kit) -> None:
    await proposed(kit)
    await kit.pay(1_000, on="2026-04-22")
    assert (await cuts.state(kit))[0] == "proposed"


async def test_a_top_up_two_minutes_before_the_cut_is_in_time(kit: Kit) -> None:
    await proposed(kit)
    assert await decided(kit.second, await waiting(kit)) == ["done"]
    assert [await cuts.turn(kit), await cuts.turn(kit)] == [1, 1]
    cuts.at(kit, "2026-04-22", "10:29")
    await kit.pay(3_000, on="2026-04-22")
    cuts.at(kit, "2026-04-22", "10:31")
    assert await cuts.turn(kit) == 0
    assert await kit.facts("collection.supply_order_requested.v1") == []
    assert await cuts.state(kit) == ("ended", "settled")


async def test_an_order_that_a_top_up_has_overtaken_is_restored_if_it_was_carried_out(kit: Kit) -> None:
    await proposed(kit)
    assert await decided(kit.second, await waiting(kit)) == ["done"]
    await cuts.turn(kit)
    await cuts.turn(kit)
    cuts.at(kit, "2026-04-22", "10:31")
    await cuts.turn(kit)
    await kit.pay(3_000, on="2026-04-22")
    await cuts.switched(kit, although="withdrawn")
    assert await cuts.state(kit) == ("restoring", "settled")


async def test_an_estimate_that_comes_down_lets_go_as_money_does(kit: Kit) -> None:
    await proposed(kit)
    await used(kit, 2_000, 2)
    assert await cuts.state(kit) == ("ended", "settled")


async def test_who_is_prepaid_no_more_is_let_go(kit: Kit) -> None:
    await proposed(kit)
    await used(kit, 0, 2, mode="postpaid")
    assert await cuts.state(kit) == ("ended", "settled")


async def test_a_rest_day_and_the_day_before_wait(kit: Kit) -> None:
    await overdrawn(kit)
    cuts.at(kit, "2026-04-24", "10:01")  # a Friday
    assert await cuts.turn(kit) == 1
    assert await decided(kit.second, await waiting(kit)) == ["done"]
    await cuts.turn(kit)
    assert await cuts.state(kit) == ("announced", "before_rest_day")
    cuts.at(kit, "2026-04-27", "09:00")
    await cuts.turn(kit)
    assert (await cuts.state(kit))[0] == "planned"


@pytest.mark.parametrize("what", ["life_support", "hold"])
async def test_what_protects_or_holds_keeps_a_cut_from_being_proposed_and_says_so(kit: Kit, what: str) -> None:
    await overdrawn(kit)
    if what == "hold":
        cuts.at(kit, "2026-04-22", "10:00")
        body = {"reason": "claim", "until": "2026-04-23"}
        assert (await kit.clerk.post("/v1/accounts/A1/dunning-holds", json=body)).is_success
    else:
        mark = {"kind": "life_support", "org_unit": "zj/hangzhou", "from": "2026-04-01"}
        assert (await kit.clerk.put(f"/v1/service-points/{prepaid.POINT}/marks", json=mark)).is_success
    cuts.at(kit, "2026-04-22", "10:01")
    assert await cuts.turn(kit) == 0
    assert (await prepaid.account(kit))["code"] == ("held" if what == "hold" else "protected")
    if what == "hold":
        cuts.at(kit, "2026-04-24", "10:30")
        assert await cuts.turn(kit) == 1


async def test_an_estimate_that_jumps_waits_for_a_person(kit: Kit) -> None:
    await kit.pay(10_000, on="2026-04-14")
    await used(kit, 20_000, usual_fen=3_000)
    await told(kit)
    assert (await prepaid.account(kit))["doubt"] == "wanted"
    cuts.at(kit, "2026-04-22", "10:01")
    assert await cuts.turn(kit) == 0
    assert (await prepaid.account(kit))["code"] == "recheck"
    (one,) = (await kit.clerk.get("/v1/prepaid-accounts?doubt=wanted")).json()["items"]
    path = f"/v1/prepaid-accounts/{one['account_no']}/rechecks"
    reader = kit.client("reader", "collection:read")
    body = {"result": "wrong", "explanation": "The meter was read twice."}
    assert (await reader.post(path, json=body)).status_code == 403
    assert (await kit.clerk.post(path, json=body)).json()["doubt"] == "wrong"
    cuts.at(kit, "2026-04-22", "10:30")
    assert await cuts.turn(kit) == 0
    assert (await kit.clerk.post(path, json=body | {"result": "right"})).json()["doubt"] == "right"
    assert await cuts.turn(kit) == 1
    assert (await kit.clerk.post("/v1/prepaid-accounts/A9/rechecks", json=body)).json()[
        "code"
    ] == "prepaid_account.unknown"


async def test_a_recheck_of_nothing_is_refused(kit: Kit) -> None:
    await used(kit, 0)
    body = {"result": "right", "explanation": "looked at"}
    answer = await kit.clerk.post("/v1/prepaid-accounts/A1/rechecks", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "prepaid_account.nothing_to_recheck")
