"""Tips and papers travel with bills, at most once a year each, and are a list over REST."""

from itertools import permutations
from typing import Any

import pytest

from tests.kits.notify import BODY, Api
from tests.kits.told_facts import issued

TARIFF = "CN-ZJ/residential@1"


def billed(n: int, cycle: str, until: str, **more: Any) -> Any:
    """A bill of a month of account a0001."""
    given = {"cycle": cycle, "period_from": f"{cycle}-01", "period_to": until, "tariff": TARIFF, "energy_wh": 200_000}
    return issued(1, bill_id=f"bill-{n:04}", **given | more)


JUNE = {"cycle": "2026-06", "until": "2026-07-01"}


async def enclosed(api: Api) -> list[str]:
    answer = await api.call("POST", "/v1/parties/c1/exports", {"reason": "test"})
    told = answer.json()["notices"]["items"]
    return sorted(f"{each['cause_id']} {each['figures'].get('enclosed', '')}".strip() for each in told)


async def test_a_tip_stands_below_the_bill_whose_period_holds_its_day(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    await api.notify.handle(billed(5, "2026-05", "2026-06-01"), billed(6, **JUNE), billed(7, "2026-07", "2026-08-01"))
    assert await enclosed(api) == ["bill-0005", "bill-0006 summer_cooling", "bill-0007 storm_safety"]
    answer = await api.call("POST", "/v1/parties/c1/exports", {"reason": "test"})
    bodies = {each["cause_id"]: each["body"] for each in answer.json()["notices"]["items"]}
    assert "空调温度每调高 1 度" in bodies["bill-0006"]
    assert "空调" not in bodies["bill-0005"]
    assert bodies["bill-0006"].index("户号") < bodies["bill-0006"].index("空调")


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
@pytest.mark.parametrize("batched", [True, False])
async def test_of_several_supplies_of_an_account_one_bill_has_it_whatever_comes_first(
    api: Api, order: tuple[int, ...], batched: bool
) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    facts = [billed(n, **JUNE, service_point_no=f"s000{n}") for n in order]
    for batch in [facts] if batched else [[fact] for fact in facts]:
        await api.notify.handle(*batch)
    await api.notify.handle(*facts)  # told again
    found = await enclosed(api)
    assert len(found) == 3
    assert [each.split()[1] for each in found if " " in each] == ["summer_cooling"]
    if not batched:
        assert f"bill-000{order[0]} summer_cooling" in found


async def test_next_year_it_travels_again(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    await api.notify.handle(billed(1, **JUNE))
    await api.notify.handle(billed(2, "2027-06", "2027-07-01"))
    assert await enclosed(api) == ["bill-0001 summer_cooling", "bill-0002 summer_cooling"]


async def test_all_who_are_told_of_the_bill_get_it(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    await api.call("PUT", "/v1/parties/c2", BODY | {"roles": [BODY["roles"][0] | {"role": "tenant"}], "language": "en"})
    await api.notify.handle(billed(1, **JUNE))
    for notice in await api.notify.notices():
        assert '"enclosed":"summer_cooling"' in notice.figures


async def test_reader_and_cashier_have_them_as_a_list(api: Api) -> None:
    listed = (await api.call("GET", "/v1/leaflets?on=2026-02-02")).json()
    assert {each["kind"] for each in listed} == {"tip", "papers"}
    (one,) = (await api.call("GET", "/v1/leaflets?kind=papers&request=change_of_name")).json()
    assert (one["leaflet"], one["travels_on"], sorted(one["texts"])) == ("change_of_name", None, ["en", "zh"])
    for_shops = (await api.call("GET", "/v1/leaflets?customer_class=general/single&kind=tip")).json()
    assert [each["leaflet"] for each in for_shops] == ["storm_safety"]
    at_home = (await api.call("GET", "/v1/leaflets?customer_class=residential/time-of-use&kind=tip")).json()
    assert {each["travels_on"] for each in at_home} == {"06-15", "11-15", "07-10", "01-10"}


async def test_enclosing_takes_as_many_statements_for_a_hundred_bills_as_for_two(api: Api) -> None:
    counts = []
    for first, count in ((1, 2), (11, 2), (101, 100)):
        facts = [
            issued(n, bill_id=f"b{n}", cycle="2026-06", period_from="2026-06-01", period_to="2026-07-01", tariff=TARIFF)
            for n in range(first, first + count)
        ]
        with api.notify.statements() as seen:
            await api.notify.handle(*facts)
        counts.append(len(seen))
    assert counts[1] == counts[2]
