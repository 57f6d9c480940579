"""Every document that comes in over REST is read strictly: what is not known is refused with the known names."""

from typing import Any

import pytest

from services.billing.tariffs import examples
from tests.kits.billing import Desk
from tests.unit.billing.rating.documents import PLAIN, TABLE, changed

SERIES = {
    "series": "s",
    "unit": "CNY/kWh",
    "source": "a test",
    "values": [{"from": "2026-01-01", "to": None, "price": "1"}],
}
PUTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("/v1/tariffs/t/plain/versions/1", changed(PLAIN, {"/chargs": []}), "/chargs", "charges"),
    ("/v1/rating-documents/series/s", {**SERIES, "titel": "x"}, "/titel", "title"),
    ("/v1/rating-documents/calendar/example/holidays", {**examples.CALENDAR, "yeras": {}}, "/yeras", "years"),
    ("/v1/rating-documents/table/t/factor", {**TABLE, "rewards": {}}, "/rewards", "reward"),
]


@pytest.mark.parametrize(("path", "document", "pointer", "known"), PUTS, ids=[pointer for _, _, pointer, _ in PUTS])
async def test_a_document_with_an_unknown_name_is_refused_with_the_known_ones(
    desk: Desk, path: str, document: dict[str, Any], pointer: str, known: str
) -> None:
    async with desk.client() as client:
        refused = await client.put(path, json=document)
        right = await client.put(path, json={k: v for k, v in document.items() if k != pointer[1:]})
    answer = refused.json()
    assert (refused.status_code, answer["code"]) == (422, "tariff.field_unknown")
    assert answer["detail"].startswith(f"{pointer}: ")
    assert known in answer["detail"].split("it knows: ")[1].split(", ")
    assert right.status_code == 200, right.text


async def test_a_preview_refuses_what_it_does_not_know_and_tells_every_fault(desk: Desk) -> None:
    usage = {"import": {"start": "1", "end": "2", "multipler": "3000"}}
    async with desk.client() as client:
        answer = (await client.post("/v1/bills/preview", json={**examples.CASE, "usage": usage, "exepct": {}})).json()
        compared = (await client.post("/v1/bills/compare", json={**examples.COMPARISON, "usage": usage})).json()
    faults = answer["answer"]["faults"]
    assert [(f["code"], f["pointer"]) for f in faults] == [
        ("field_unknown", "/exepct"),
        ("field_unknown", "/usage/import/multipler"),
    ]
    assert "multiplier" in faults[1]["detail"]
    assert "total" not in answer["answer"]
    assert compared["refusal"]["pointer"] == "/usage/import/multipler"


@pytest.mark.parametrize("depth", [60, 20_000])
async def test_a_body_that_is_nested_too_deep_is_refused_with_a_code(desk: Desk, depth: int) -> None:
    body = '{"id": "t/plain", "version": 1, "tariff": ' + '{"a": ' * depth + "1" + "}" * depth + "}"
    async with desk.client() as client:
        for method, path in (
            ("POST", "/v1/bills/preview"),
            ("POST", "/v1/bills/compare"),
            ("POST", "/v1/tariffs/validate"),
            ("PUT", "/v1/tariffs/t/plain/versions/1"),
        ):
            answer = await client.request(method, path, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code < 500, (path, answer.text)
            assert "document_too_deep" in answer.text or "request.malformed_json" in answer.text, (path, answer.text)


async def test_a_tariff_is_refused_with_all_its_faults_and_the_form_that_is_published(desk: Desk) -> None:
    wrong = changed(PLAIN, {"/colour": "red", "/currency": 7, "/charges/0/prise": "1"})
    async with desk.client() as client:
        refused = (await client.put("/v1/tariffs/t/plain/versions/1", json=wrong)).json()
        checked = (await client.post("/v1/tariffs/validate", json=wrong)).json()
        preview = (await client.post("/v1/bills/preview", json={**examples.CASE, "tariff": {"inline": wrong}})).json()
        form = (await client.get(refused["form"])).json()
        inputs = (await client.get("/v1/forms/late_fee")).json()
        unknown = await client.get("/v1/forms/nothing")
    pointers = {"/colour", "/currency", "/charges/0/prise"}
    assert {fault["pointer"] for fault in refused["errors"]} == pointers
    assert {fault["pointer"] for fault in checked["errors"]} == pointers
    assert {fault["pointer"] for fault in preview["answer"]["faults"]} == {f"/tariff/inline{p}" for p in pointers}
    assert refused["form"] == checked["form"] == preview["answer"]["form"]
    assert "charges" in form["properties"]
    assert inputs["additionalProperties"] is False
    assert unknown.status_code == 404
