"""Dates at the edges of the calendar."""

from shared.events.billing import AccountChanged, Contract
from tests.kits.reading import Kit


async def test_dates_at_the_edges_of_the_calendar_are_answered_not_failed(kit: Kit) -> None:
    await kit.district()
    for day in ("0001-01-01", "9999-12-31"):
        for job in ("plan-cycles", "close-routes"):
            run = await kit.admin.post(f"/v1/jobs/{job}/runs", json={"business_date": day})
            assert run.status_code == (200 if day < "2026" else 422)
        await kit.give(
            AccountChanged(
                version=1,
                account_no="A1",
                org_unit="zj",
                customer_class="home",
                opened_on=day,
                contracts=(Contract.model_validate({"contract_no": day, "service_point_no": "S0001", "from": day}),),
            )
        )
        installation = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": day, "unit": "kWh"}
        (outcome,) = await kit.put("installations", [installation | {"opening": {"import": "1.00"}}])
        assert outcome["code"] == ("reading.bad_period" if day < "2026" else "reading.in_the_future")
        curve = {"meter_no": "M0001", "day": day, "unit": "Wh", "interval_minutes": 30, "values": [1] * 48}
        answer = await kit.clerk.post("/v1/curves", json={"items": [curve]})
        assert answer.json()["outcomes"][0]["status"] == "refused"
        assert (await kit.clerk.get(f"/v1/curves/M0001/{day}")).status_code == 404
    for read_id in ("M0001~00010101T000000Z~remote", "M0001~99991231T235959Z~remote", "x"):
        assert (await kit.clerk.get(f"/v1/reads/{read_id}")).status_code == 404
        correction = {"unit": "kWh", "registers": {"import": "140.00"}, "reason": "misread"}
        assert (await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=correction)).status_code == 404
