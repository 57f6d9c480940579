"""The events are contracts: schemas, examples and the AsyncAPI document say what the models say, today and for old readers."""

import gzip
import importlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.bus import decoding
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.ports import StoredRecord
from shared.events import catalogue, contract, envelope
from shared.events.fact import Fact
from shared.settings import settings_class
from tests.kits import tiny

FACTS = [pytest.param(fact, id=fact.type) for fact in catalogue.FACTS.values()]
EXAMPLES = [
    pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in sorted(contract.EXAMPLES.glob("*/*.json"))
]


@pytest.mark.parametrize("fact", FACTS)
def test_the_newest_checked_in_schema_is_what_the_model_says(fact: type[Fact]) -> None:
    assert contract.released(fact)[-1].read_text() == contract.text(contract.schema_of(fact))


@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_has_an_example(fact: type[Fact]) -> None:
    assert list((contract.EXAMPLES / fact.type).glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES)
def test_every_example_ever_added_decodes_today(path: Path) -> None:
    kind = path.parent.name
    facts = envelope.unpack(kind, path.read_bytes())
    assert facts
    assert all(fact.type == kind and fact.key for fact in facts)


@pytest.mark.parametrize("path", EXAMPLES)
def test_what_is_said_today_is_valid_for_readers_of_every_released_schema(path: Path) -> None:
    kind = path.parent.name
    today = [json.loads(fact.model_dump_json(by_alias=True)) for fact in envelope.unpack(kind, path.read_bytes())]
    for released in contract.released(catalogue.FACTS[kind]):
        schema = json.loads(released.read_text())
        for item in today:
            jsonschema.validate(item, schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("path", EXAMPLES)
def test_a_field_that_a_newer_sender_adds_is_ignored(path: Path) -> None:
    data = json.loads(path.read_text())
    for item in data["items"]:
        item["said_by_a_newer_sender"] = {"x": 1}
    assert envelope.unpack(path.parent.name, json.dumps(data).encode())


@pytest.mark.parametrize("service", catalogue.SERVICES)
async def test_every_handled_type_is_in_the_catalogue_and_of_another_service(service: str, tmp_path: Path) -> None:
    environment = {
        "WATTLINE_TOKEN_KEY": "k" * 40,
        "WATTLINE_DEVICE_MASTER_KEY": "k" * 40,
        "WATTLINE_PERSONAL_KEY": "k" * 40,
        "WATTLINE_DATA_DIR": str(tmp_path),
    }
    settings = settings_class(service).load(environment)
    main = importlib.import_module(f"services.{service}.main")
    built = main.build(settings, event_log=EmbeddedEventLog(tmp_path / "events.db"))
    assert built.consumer.handlers
    for name in built.consumer.handlers:
        assert name in catalogue.FACTS
        assert not name.startswith(f"{service}.")
    await built.database.close()


def test_types_name_their_service_their_fact_and_their_version() -> None:
    for name in catalogue.FACTS:
        service, fact, version = name.split(".")
        assert service in catalogue.SERVICES
        assert fact.isidentifier()
        assert version.startswith("v")
        assert int(version[1:]) >= 1


def test_the_checked_in_asyncapi_document_is_generated_from_the_models() -> None:
    assert contract.ASYNCAPI.read_text() == contract.text(contract.asyncapi())


def test_the_asyncapi_document_is_valid_asyncapi_3() -> None:
    with gzip.open(Path(__file__).parent / "asyncapi-3.0.0.schema.json.gz", "rt") as file:
        schema: dict[str, Any] = json.load(file)
    jsonschema.validate(contract.asyncapi(), schema)


def test_an_event_names_no_person() -> None:
    told = contract.ASYNCAPI.read_text().lower()
    assert not [word for word in ('"name":', '"phone":', '"address":', '"email":') if f"{word} {{" in told]


def test_an_event_is_a_cloudevent_in_binary_mode() -> None:
    headers = dict(
        envelope.headers(
            event_id="e1",
            event_type="billing.bill_issued.v1",
            time="2026-02-02T00:00:00+00:00",
            position=7,
            partition=3,
            traceparent="",
        )
    )
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_source"] == b"/wattline/billing"
    assert headers["ce_sequence"] == b"7"
    assert "ce_traceparent" not in headers


@pytest.mark.parametrize("path", EXAMPLES)
def test_facts_survive_packing_and_reading(path: Path) -> None:
    kind = path.parent.name
    facts = envelope.unpack(kind, path.read_bytes())
    records = [
        StoredRecord(
            catalogue.topic_for(type(facts[0])),
            event.partition,
            n,
            event.payload.encode(),
            {"ce_type": kind.encode(), "ce_id": str(n).encode()},
        )
        for n, event in enumerate(envelope.pack(facts))
    ]
    _, received, letters = decoding.decode(records)
    assert not letters
    assert sorted((x.fact for x in received), key=lambda f: f.fact_id) == sorted(facts, key=lambda f: f.fact_id)


def test_an_event_holds_at_most_200_facts_and_256_kib() -> None:
    path = contract.EXAMPLES / "billing.bill_issued.v1" / "1.json"
    (one, *_) = envelope.unpack("billing.bill_issued.v1", path.read_bytes())
    events = list(envelope.pack([one] * 1001))
    assert [event.count for event in events] == [200] * 5 + [1]
    assert all(len(event.payload.encode()) <= envelope.BYTES_MAX for event in events)


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_facts_of_an_event_are_counted_without_reading_it(path: Path) -> None:
    payload = path.read_bytes()
    assert envelope.count(payload) == len(envelope.unpack(path.parent.name, payload))


def test_facts_of_one_key_that_follow_each_other_stay_in_one_event() -> None:
    facts = [tiny.payment(f"k{n // 7}", n) for n in range(1001)]
    for event in envelope.pack(facts):
        keys = [fact.key for fact in envelope.unpack("collection.payment_received.v1", event.payload.encode())]
        assert all(keys.count(key) == len([f for f in facts if f.key == key]) for key in set(keys))


def test_a_group_that_is_more_than_an_event_may_hold_is_split() -> None:
    assert [event.count for event in envelope.pack([tiny.payment("k", n) for n in range(201)])] == [200, 1]
