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
    assert right.status_code == 202, right.text


SEVERAL: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "/v1/rating-documents/series/s",
        {
            "series": "s",
            "unti": "CNY/kWh",
            "values": [
                {"from": "2026-01-01", "to": "2026-02-01", "price": 1},
                {"from": "soon", "to": "2026-03-01", "price": "1", "prise": "1"},
                {"from": "2026-03-01", "to": "2026-03-01", "price": "x"},
                {"from": "2026-04-01", "to": "2026-05-01", "price": None},
                {"from": "2026-06-01", "to": None, "price": "1"},
                {"from": "2026-05-01", "to": None, "price": "1"},
            ],
        },
        [
            "field_unknown /unti",
            "field_missing /unit",
            "value_wrong /values/0/price",
            "field_unknown /values/1/prise",
            "value_wrong /values/1/from",
            "dates_reversed /values/2",
            "value_wrong /values/2/price",
            "series_gap /values/4",
            "series_overlap /values/5",
        ],
    ),
    (
        "/v1/rating-documents/series/s",
        {
            "series": "s",
            "unit": "CNY/kWh",
            "source": "a test",
            "interval_minutes": 0,
            "days": {"soon": ["1", 2], "x": 1},
        },
        [
            "value_wrong /interval_minutes",
            "value_wrong /days/soon/1",
            "value_wrong /days/soon",
            "value_wrong /days/x",
        ],
    ),
    (
        "/v1/rating-documents/calendar/c",
        {
            "calendar": "c",
            "titel": "x",
            "years": {"26": {}, "2026": {"holiday": ["2025-01-01", "2026-01-01"], "x": ["2026-01-01"]}, "2027": []},
        },
        [
            "field_unknown /titel",
            "value_wrong /years/26",
            "value_wrong /years/2026/holiday/0",
            "name_twice /years/2026/x/0",
            "not_an_object /years/2027",
        ],
    ),
    (
        "/v1/rating-documents/table/t",
        {"table": "t", "rewards": {}, "penalty": [{"to_points": 0, "percent_per_point": "1"}]},
        ["field_unknown /rewards", "field_missing /reward", "value_wrong /penalty/0/to_points"],
    ),
]


@pytest.mark.parametrize(("path", "document", "faults"), SEVERAL, ids=["series", "intervals", "calendar", "table"])
async def test_a_document_that_is_no_tariff_is_refused_with_all_its_faults_too(
    desk: Desk, path: str, document: dict[str, Any], faults: list[str]
) -> None:
    kind = next(name for name in ("series", "calendar", "table") if name in document)
    async with desk.client() as client:
        refused = await client.put(path, json=document)
        case = {**examples.CASE, "documents": [document]}
        answer = (await client.post("/v1/bills/preview", json=case)).json()["answer"]
        stored = await client.put(f"/v1/rating-documents/{kind}/{document[kind]}", json={kind: document[kind]})
    assert refused.status_code == stored.status_code == 422
    assert [f"{fault['code']} {fault['pointer']}" for fault in refused.json()["errors"]] == faults
    assert refused.json()["code"] == "tariff." + faults[0].split(" ")[0]
    in_case = [fault.replace(" ", " /documents/0", 1) for fault in faults]
    assert [f"{fault['code']} {fault['pointer']}" for fault in answer["faults"]] == in_case


async def test_a_policy_and_the_inputs_of_a_case_are_refused_with_all_their_faults(desk: Desk) -> None:
    rules = {"polic": "r", "version": 1, "effective": {"from": None, "to": "x"}, "sources": []}
    rules |= {"theft": {"tmies": "3", "times": "-3"}, "outage": []}
    case = {"kind": "policy", "policy": {"inline": rules}, "calculation": "theft", "input": {"day": "1", "kwh": 5}}
    async with desk.client() as client:
        of_policy = (await client.post("/v1/bills/preview", json=case)).json()["answer"]
        case |= {"policy": "CN/supply-rules", "date": "2010-06-01"}
        of_input = (await client.post("/v1/bills/preview", json=case)).json()["answer"]
    assert of_policy["refusal"]["code"] == "policy_wrong"
    assert [(fault["code"], fault["pointer"]) for fault in of_policy["faults"]] == [
        ("field_unknown", "/policy/polic"),
        ("value_wrong", "/policy/sources"),
        ("field_unknown", "/policy/theft/tmies"),
        ("value_wrong", "/policy/theft/times"),
        ("not_an_object", "/policy/outage"),
        ("value_wrong", "/policy/effective/to"),
        ("field_missing", "/policy/policy"),
        ("value_wrong", "/policy/version"),
    ]
    assert (of_input["refusal"]["code"], of_input["form"]) == ("input_missing", "/v1/forms/theft")
    assert {fault["pointer"] for fault in of_input["faults"]} == {"/input/price", "/input/day", "/input/kwh"}


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
