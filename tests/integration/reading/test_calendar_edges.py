"""Dates at the edges of the calendar."""

import pytest

from shared.events.billing import AccountChanged, Contract
from tests.kits.reading import Kit


@pytest.mark.parametrize("day", ["1950-01-01", "2199-12-31"])
async def test_the_first_and_the_last_day_are_answered_not_failed(kit: Kit, day: str) -> None:
    await kit.district()
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
    assert outcome["code"] == ("reading.installation_overlap" if day < "2026" else "reading.in_the_future")
    curve = {"meter_no": "M0001", "day": day, "unit": "Wh", "interval_minutes": 30, "values": [1] * 48}
    answer = await kit.clerk.post("/v1/curves", json={"items": [curve]})
    (outcome,) = answer.json()["outcomes"]
    assert outcome["code"] == ("reading.bad_period" if day < "2026" else "reading.in_the_future")
    assert (await kit.clerk.get(f"/v1/curves/M0001/{day}")).status_code == 404


@pytest.mark.parametrize("day", ["0001-01-01", "1949-12-31", "2200-01-01", "9999-12-31"])
async def test_a_day_that_nobody_means_is_refused(kit: Kit, day: str) -> None:
    await kit.district()
    installation = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": day, "unit": "kWh"}
    for call in (
        kit.admin.post("/v1/jobs/plan-cycles/runs", json={"business_date": day}),
        kit.clerk.put("/v1/installations", json={"items": [installation | {"opening": {"import": "1.00"}}]}),
        kit.clerk.get(f"/v1/curves/M0001/{day}"),
    ):
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    curve = {"meter_no": "M0001", "day": day, "unit": "Wh", "interval_minutes": 30, "values": [1] * 48}
    (outcome,) = (await kit.clerk.post("/v1/curves", json={"items": [curve]})).json()["outcomes"]
    assert outcome["code"] == "reading.malformed_item"


@pytest.mark.parametrize("text", ["00010101T000000Z", "99991231T235959Z", "２０２６0131T160000Z", "2026131T16000Z"])
async def test_a_read_has_one_id(kit: Kit, text: str) -> None:
    await kit.district()
    await kit.push_one("M0001", "", "150.00", read_at="2026-01-31T24:00:00+08:00")
    for read_id in (f"M0001~{text}~remote", "x"):
        assert (await kit.clerk.get(f"/v1/reads/{read_id}")).status_code == 404
        correction = {"unit": "kWh", "registers": {"import": "140.00"}, "reason": "misread"}
        assert (await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=correction)).status_code == 404
