"""Account data of every class over REST: what is put, what is refused, and the bills that come of it."""

from datetime import date
from typing import Any

import httpx
import pytest

from services.billing.bills.domain.policy import CORRECT
from services.billing.contracts.domain import AccountTerms
from services.billing.contracts.store import contracts as store
from services.billing.contracts.tables import ACCOUNT
from services.billing.rating.rating_types import Equipment
from services.billing.tariffs.documents import packaged
from shared.events.billing import BillCorrected
from tests.kits.billing import Desk, state, usage
from tests.kits.effort import in_turn

SHOP = "t/shop"
CAPACITY = {"name": "capacity", "kind": "capacity", "price": "30", "for": {"option": ["capacity"]}}
FUND = {"name": "fund", "kind": "fixed", "per": "month", "price": "0", "exempt": ["fund"]}
FULL = {
    "from": "2020-01-01",
    "customer_class": "industrial",
    "people": 0,
    "households": 1,
    "option": "capacity",
    "capacity_va": None,
    "contract_demand_w": 300_000,
    "equipment": [
        {"name": "T1", "capacity_va": 1_000_000, "state": "running"},
        {"name": "T2", "capacity_va": 630_000, "state": "hot_standby"},
        {"name": "T3", "capacity_va": 1_000_000, "state": "cold_sealed"},
    ],
    "values": {"other_use": "0.25"},
    "exempt": ["fund"],
}


def document(version: str, since: str, until: str | None, month: str) -> dict[str, Any]:
    charge = CAPACITY | {"month": month, "state_share": {"running": "1", "hot_standby": "1", "cold_sealed": "0"}}
    charge |= {"last_part": "rest_of_month"} if month == "thirtieths" else {}
    return {
        "id": SHOP,
        "version": version,
        "effective": {"from": since, "to": until},
        "on_change": {"usage": "split_by_days"},
        "sources": [{"for": "the whole document", "text": "figures of a test"}],
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"line": {"step": "0.01", "mode": "half_up"}, "share": {"step": "1", "mode": "half_up"}},
        "quantities": {"other": {"share_of": "import", "share": {"fact": "other_use"}}},
        "charges": [{"name": "energy", "kind": "energy", "price": "0.5"}, charge, FUND],
    }


def shop(*facts: dict[str, Any]) -> dict[str, Any]:
    body = state(facts=[dict(fact) for fact in facts])
    body["contracts"][0] |= {"tariffs": [{"from": "2020-01-01", "tariff": SHOP}], "opening_usage": []}
    return body


async def stored(desk: Desk) -> None:
    """Thirtieths until 2024-05-31, calendar days from 2024-06-01."""
    await desk.activate(
        document("1", "2000-01-01", "2024-06-01", "thirtieths"),
        document("2", "2024-06-01", None, "calendar_days"),
    )


async def test_account_data_of_a_two_part_price_come_back_as_they_were_put_one_by_one_and_in_bulk(desk: Desk) -> None:
    async with desk.client() as client:
        await stored(desk)
        first = await client.put("/v1/accounts/A1", json=shop(FULL))
        again = await client.put("/v1/accounts", json={"items": [shop(FULL) | {"account_no": "A1"}]})
        shown = (await client.get("/v1/accounts/A1")).json()
    assert first.json()["status"] == "done", first.text
    assert again.json()["outcomes"][0]["status"] == "already_done"
    assert shown["facts"] == [FULL]


def without_option(**more: Any) -> dict[str, Any]:
    return {"from": "2020-01-01", "customer_class": "industrial"} | more


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    (without_option(capacity_va=-1), "request.invalid", "/facts/0/capacity_va"),
    (without_option(contract_demand_w=-1), "request.invalid", "/facts/0/contract_demand_w"),
    (without_option(values={"other_use": "-0.1"}), "request.invalid", "/facts/0/values/other_use"),
    (without_option(values={"other_use": "1.01"}), "account.share_above_one", "/facts/0/values/other_use"),
    (without_option(values={"other": "0.1"}), "account.value_unknown", "/facts/0/values/other: other_use"),
    (without_option(option="capasity"), "account.option_unknown", "/facts/0/option: capacity"),
    (without_option(exempt=["funds"]), "account.exemption_unknown", "/facts/0/exempt: fund"),
    (
        without_option(equipment=[{"name": "T1", "capacity_va": 1, "state": "sleeping"}]),
        "account.state_unknown",
        "/facts/0/equipment/0/state: cold_sealed, hot_standby, running",
    ),
    (
        without_option(equipment=[{"name": "T1", "capacity_va": 1}, {"name": "T1", "capacity_va": 2}]),
        "account.equipment_twice",
        "/facts/0/equipment",
    ),
    (
        without_option(capacity_va=1, equipment=[{"name": "T1", "capacity_va": 1}]),
        "account.capacity_twice",
        "/facts/0/capacity_va",
    ),
)


@in_turn(("facts", "code", "pointer"), WRONG)
async def test_wrong_account_data_are_refused_with_code_and_pointer_and_change_nothing(
    desk: Desk, facts: dict[str, Any], code: str, pointer: str
) -> None:
    async with desk.client() as client:
        await stored(desk)
        answer = await client.put("/v1/accounts/A1", json=shop(facts))
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code, answer.text
    assert pointer in answer.text
    assert await desk.count(ACCOUNT) == 0


async def test_a_month_of_changed_capacity_counts_by_thirtieths_then_by_calendar_days(desk: Desk) -> None:
    def since(day: str, kva: int) -> dict[str, Any]:
        return without_option(option="capacity", capacity_va=kva * 1000, **{"from": day})

    facts = since("2020-01-01", 315), since("2024-05-16", 400), since("2024-07-16", 315)
    async with desk.client() as client:
        await stored(desk)
        body = shop(*(fact | {"values": {"other_use": "0"}} for fact in facts))
        assert (await client.put("/v1/accounts/A1", json=body)).status_code == 200
        for month in (5, 7):
            await desk.measure(usage(1, month - 24, 100))  # of 2024
        bills = (await client.get("/v1/bills?account_no=A1")).json()["items"]
        lines = {
            bill["cycle"]: [
                (line["from"], line["amount_fen"])
                for line in (await client.get(f"/v1/bills/{bill['bill_id']}")).json()["lines"]
                if line["charge"] == "capacity"
            ]
            for bill in bills
        }
    assert lines == {
        "2024-05": [("2024-05-01", 472_500), ("2024-05-16", 600_000)],  # 15/30 of 315 and 15/30 of 400 kVA
        "2024-07": [("2024-07-01", 580_645), ("2024-07-16", 487_742)],  # 15/31 of 400 and 16/31 of 315 kVA
    }


async def test_only_what_runs_or_stands_by_hot_pays_for_capacity(desk: Desk) -> None:
    async with desk.client() as client:
        await stored(desk)
        await client.put("/v1/accounts/A1", json=shop(FULL))
        await desk.measure(usage(1))
        ((bill_id,),) = await desk.bills("bill_id")
        bill = (await client.get(f"/v1/bills/{bill_id}")).json()
    assert [(line["charge"], line["amount_fen"]) for line in bill["lines"]] == [
        ("energy", 10_000),
        ("capacity", 4_890_000),
    ]


@pytest.mark.parametrize("renamed", ["option", "figure", "exemption"])
async def test_what_a_later_version_of_the_tariff_does_not_know_any_more_holds_the_bill(
    desk: Desk, renamed: str
) -> None:
    """Left out without a word, the basic charge would be gone, or the share."""
    desk.review_by(reactive_missing="off")
    later = document("3", "2026-02-01", None, "calendar_days")
    if renamed == "option":
        later["charges"][1]["for"] = {"option": ["by_capacity"]}
    elif renamed == "exemption":
        later["charges"][2] = FUND | {"exempt": ["funds"]}
    else:
        later["quantities"]["other"]["share"] = {"fact": "share_of_others"}
    async with desk.client() as client:
        await stored(desk)
        assert (await client.put("/v1/accounts/A1", json=shop(FULL))).status_code == 200
        await desk.activate(later)
        for month in (1, 2):
            await desk.measure(usage(1, month))
        bills = (await client.get("/v1/bills?account_no=A1")).json()["items"]
        found = {
            bill["cycle"]: [
                (f["code"], f["severity"])
                for f in (await client.get(f"/v1/bills/{bill['bill_id']}")).json()["findings"]
            ]
            for bill in bills
        }
    assert not found["2026-01"]
    held = "billing.not_rated" if renamed == "figure" else "rating.not_of_the_tariff"
    assert (held, "hold") in found["2026-02"]


def test_the_short_form_of_a_home_is_read_as_ever() -> None:
    (home,) = store.account_terms_of('[["2020-01-01","residential",3,1]]')
    assert home == AccountTerms(date(2020, 1, 1), "residential", 3, 1)
    (works,) = store.account_terms_of('[["2020-01-01","industrial",0,1,{"equipment":[["T1",5,"running"]]}]]')
    assert works.equipment == (Equipment("T1", 5, "running"),)


FACTOR = {"kind": "power_factor", "table": "CN-1983", "active": "import", "reactive": "reactive.import", "of": "exact"}
STANDARDS = {"industrial": "0.90", "commercial": "0.85", "farm": "0.80"}
CENTS = {"industrial": 125, "commercial": 0, "farm": -25}  # of 50 yuan at cos phi 0.85: 2.5 % more, nothing, 0.5 % less


async def test_the_class_of_the_day_decides_by_which_standard_the_power_factor_is_measured(desk: Desk) -> None:
    made = document("1", "2000-01-01", None, "calendar_days")
    del made["quantities"]
    made["charges"] = made["charges"][:1] + [
        {"name": f"factor {name}", "on": ["energy"], "standard": standard, "for": {"class": [name]}} | FACTOR
        for name, standard in STANDARDS.items()
    ]
    facts = [
        {"from": since, "customer_class": name}
        for since, name in zip(("2020-01-01", "2026-02-01", "2026-03-01"), STANDARDS, strict=True)
    ]
    async with desk.client() as client:
        await desk.activate(made)
        answer = await client.put("/v1/accounts/A1", json=shop(*facts))
        assert answer.status_code == 200, answer.text
        for month in (1, 2, 3):
            await desk.measure(usage(1, month, energy_wh={"import": 100_000, "reactive.import": 62_000}))
        bills = await desk.bills("bill_id", "total_fen")
        shown = [(await client.get(f"/v1/bills/{bill_id}")).json() for bill_id, _ in bills]
    assert [total for _, total in bills] == [5000 + cents for cents in CENTS.values()]
    assert [[line["charge"] for line in bill["lines"]] for bill in shown] == [
        ["energy", *([f"factor {name}"] if cents else [])] for name, cents in CENTS.items()
    ]


async def test_a_home_has_its_free_kwh_from_the_day_on_which_its_class_says_so(desk: Desk) -> None:
    (made,) = (d for d in packaged.documents("sample") if d.get("id") == "CN-JS/residential")
    body = state(facts=[
        {"from": "2020-01-01", "customer_class": "residential"},
        {"from": "2026-02-01", "customer_class": "low_income"},
    ])  # fmt: skip
    body["contracts"][0] |= {"tariffs": [{"from": "2020-01-01", "tariff": made["id"]}]}
    async with desk.client() as client:
        await desk.activate(made)
        answer = await client.put("/v1/accounts/A1", json=body)
        assert answer.status_code == 200, answer.text
        await desk.measure(usage(1, 1, 100))
        await desk.measure(usage(1, 2, 100))
    assert await desk.bills("total_fen") == [(5283,), (5283 - 792,)]  # 15 kWh a month of 0.5283 yuan


@pytest.mark.parametrize(
    ("changed", "capacity_fen"),
    [({"capacity_va": 400_000}, 30 * 40000), ({"option": ""}, 0)],
    ids=["capacity", "option"],
)
async def test_capacity_and_option_of_billed_days_are_followed_by_the_bill(
    desk: Desk, changed: dict[str, Any], capacity_fen: int
) -> None:
    desk.correct_by(changed_facts=CORRECT)
    values = {"values": {"other_use": "0"}}
    async with desk.client() as client:
        await stored(desk)
        before = without_option(option="capacity", capacity_va=315_000, **values)
        assert (await client.put("/v1/accounts/A1", json=shop(before))).status_code == 200
        await desk.released(usage(1, 1, 100))
        answer = await client.put("/v1/accounts/A1", json=shop(before | changed))
        assert answer.status_code == 202, answer.text
        (asked,) = (await client.get("/v1/approvals?kind=account.billed_days")).json()["items"]
    assert await desk.second(asked) == ("done", None)
    (fact,) = await desk.published(BillCorrected)
    assert [b.total_fen for b in fact.reversals] == [30 * 31500 + 5000]
    assert [b.total_fen for b in fact.replacements] == [capacity_fen + 5000]


def of_its_own(free_rest: str = "lost") -> dict[str, Any]:
    """A tariff whose power factor standard, fund and free kWh can be those of one account."""
    made = document("1", "2000-01-01", None, "calendar_days")
    del made["quantities"]
    free = {"kwh_per_month": {"fact": "free", "or": "0"}, "how": "before_ladder", "rest": free_rest}
    made["ladders"] = {
        "month": {"counts": "import", "span": "month", "proration": "per_month", "limits_kwh": ["1000"], "free": free}
    }
    made["charges"] = [
        {"name": "energy", "kind": "ladder_price", "ladder": "month", "price": ["0.5", "1"]},
        {"name": "fund", "kind": "energy", "price": "0.02", "exempt": ["fund", "low_income"]},
        {"name": "factor", "on": ["energy"], "standard": {"fact": "standard", "or": "0.90"}} | FACTOR,
    ]
    return made


async def put_of_its_own(desk: Desk, client: httpx.AsyncClient, *facts: dict[str, Any]) -> httpx.Response:
    await desk.activate(of_its_own())
    return await client.put("/v1/accounts/A1", json=shop(*facts))


OWN: tuple[tuple[dict[str, Any], dict[str, int]], ...] = (
    ({}, {"energy": 5000, "fund": 200, "factor": 125}),
    ({"values": {"standard": "0.85"}}, {"energy": 5000, "fund": 200}),
    ({"values": {"standard": "0.8"}}, {"energy": 5000, "fund": 200, "factor": -25}),
    ({"exempt": ["fund"]}, {"energy": 5000, "factor": 125}),
    ({"values": {"free": "10.5", "standard": "0.85"}}, {"energy": 4475, "fund": 200}),
    ({"values": {"free": "15", "standard": "0.85"}, "exempt": ["low_income"]}, {"energy": 4250}),
)


async def test_an_account_has_its_own_standard_exemptions_and_free_kwh_month_by_month(desk: Desk) -> None:
    facts = [without_option(**own, **{"from": f"2026-{month:02}-01"}) for month, (own, _) in enumerate(OWN, 1)]
    facts[0]["from"] = "2020-01-01"
    async with desk.client() as client:
        answer = await put_of_its_own(desk, client, *facts)
        assert answer.status_code == 200, answer.text
        shown = (await client.get("/v1/accounts/A1")).json()["facts"]
        for month in range(1, len(OWN) + 1):
            await desk.measure(usage(1, month, energy_wh={"import": 100_000, "reactive.import": 62_000}))
        bills = [(await client.get(f"/v1/bills/{bill_id}")).json() for (bill_id,) in await desk.bills("bill_id")]
    assert [(one["values"], one["exempt"]) for one in shown] == [
        (own.get("values", {}), own.get("exempt", [])) for own, _ in OWN
    ]
    lines = {bill["cycle"]: {line["charge"]: line["amount_fen"] for line in bill["lines"]} for bill in bills}
    assert lines == {f"2026-{month:02}": wanted for month, (_, wanted) in enumerate(OWN, 1)}
    assert not [finding for bill in bills for finding in bill["findings"]]


@pytest.mark.parametrize(("own", "lines"), OWN[1:])
async def test_what_an_account_has_of_its_own_in_billed_days_is_followed_by_the_bill(
    desk: Desk, own: dict[str, Any], lines: dict[str, int]
) -> None:
    desk.correct_by(changed_facts=CORRECT)
    async with desk.client() as client:
        assert (await put_of_its_own(desk, client, without_option())).status_code == 200
        await desk.released(usage(1, 1, energy_wh={"import": 100_000, "reactive.import": 62_000}))
        answer = await client.put("/v1/accounts/A1", json=shop(without_option(**own)))
        assert answer.status_code == 200, answer.text
    (fact,) = await desk.published(BillCorrected)
    assert [b.total_fen for b in fact.reversals] == [5325]
    assert [b.total_fen for b in fact.replacements] == [sum(lines.values())]


@pytest.mark.parametrize(
    ("values", "code", "pointer"),
    [
        ({"standard": "0.95"}, "account.standard_unknown", "/facts/0/values/standard: 0.80, 0.85, 0.90"),
        ({"free": "0.0001"}, "account.free_kwh_too_fine", "/facts/0/values/free"),
        ({"frei": "15"}, "account.value_unknown", "/facts/0/values/frei: free, standard"),
    ],
)
async def test_a_figure_that_the_tariff_cannot_use_is_refused(
    desk: Desk, values: dict[str, str], code: str, pointer: str
) -> None:
    async with desk.client() as client:
        answer = await put_of_its_own(desk, client, without_option(values=values))
    assert answer.status_code == 409 or answer.status_code == 422
    assert answer.json()["code"] == code, answer.text
    assert pointer in answer.text
    assert await desk.count(ACCOUNT) == 0


async def test_free_kwh_of_an_account_are_those_of_the_days_on_which_it_has_them(desk: Desk) -> None:
    """10 of the 31 days have none; 100 kWh are divided by days, and the later ones of them have 20 free."""
    later = without_option(values={"free": "20"}, **{"from": "2026-01-11"})
    async with desk.client() as client:
        assert (await put_of_its_own(desk, client, without_option(), later)).status_code == 200
        await desk.measure(usage(1, 1, energy_wh={"import": 93_000, "reactive.import": 0}))
        ((bill_id,),) = await desk.bills("bill_id")
        bill = (await client.get(f"/v1/bills/{bill_id}")).json()
    energy = [(line["from"], line["amount_fen"]) for line in bill["lines"] if line["charge"] == "energy"]
    assert energy == [("2026-01-01", 1500), ("2026-01-11", 2150)]  # 30 kWh, and 63 less 20


async def test_free_kwh_of_an_account_that_would_be_carried_through_the_year_are_refused(desk: Desk) -> None:
    async with desk.client() as client:
        answer = await client.put(f"/v1/tariffs/{SHOP}/versions/1", json=of_its_own("carried_in_year"))
    assert answer.status_code == 422, answer.text
    assert "/ladders/month/free/rest" in answer.text
