"""The registry of the events: JSON Schemas, examples and the AsyncAPI document, written from the models and checked in.

`python -m shared.events.contract` writes them anew. A schema that was released stays: a changed model gets the next number
beside it. Examples are only ever added.
"""

import json
from pathlib import Path
from typing import Any

from shared.events import catalogue, envelope
from shared.events.fact import Fact

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
EXAMPLES = HERE / "examples"
ASYNCAPI = HERE / "asyncapi.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ATTRIBUTES = {
    "ce_specversion": "CloudEvents version, 1.0",
    "ce_id": "UUIDv7 of the event; a consumer takes each once",
    "ce_source": "the service that says it",
    "ce_type": "the type of all facts in the event",
    "ce_time": "when it was journalled",
    "ce_partitionkey": "the partition; the keys are in the facts",
    "ce_sequence": "position in the service's journal: shows what is stale",
    "ce_traceparent": "W3C trace context, where the work had one",
    "content-type": "application/json",
}


def schema_of(fact: type[Fact]) -> dict[str, Any]:
    """Return the JSON Schema of one fact as a consumer may rely on it: fields that it does not know are to be ignored."""
    schema = fact.model_json_schema(mode="serialization", by_alias=True)
    return {"$schema": DIALECT, "title": fact.type, "description": fact.summary, **_open(schema)}


def _open(schema: Any) -> Any:
    """Return a schema without its closing of objects, titles and texts that repeat the code."""
    if isinstance(schema, list):
        return [_open(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _named(part) if name in ("properties", "$defs") else _open(part)
        for name, part in schema.items()
        if name not in ("title", "default") and not (name == "additionalProperties" and part is False)
    }


def _named(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: _open(part) for name, part in parts.items()}


def released(fact: type[Fact]) -> list[Path]:
    """Return the files of the released schemas of a fact, oldest first."""
    return sorted((SCHEMAS / fact.type).glob("*.json"), key=lambda path: int(path.stem))


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3 document of all topics."""
    channels, operations, messages, schemas = {}, {}, {}, {}
    for service in catalogue.SERVICES:
        kinds = [kind for kind in catalogue.FACTS.values() if kind.type.startswith(f"{service}.")]
        topic = catalogue.topic_of(service)
        channels[service] = {
            "address": topic,
            "title": f"What {service} says",
            "messages": {kind.type: {"$ref": f"#/components/messages/{kind.type}"} for kind in kinds},
            "bindings": {"kafka": {"topic": topic, "partitions": catalogue.PARTITIONS}},
        }
        operations[f"{service}.publish"] = {"action": "send", "channel": {"$ref": f"#/channels/{service}"}}
        for kind in kinds:
            messages[kind.type] = _message(kind)
            schemas[kind.type] = {k: v for k, v in schema_of(kind).items() if k != "$schema"}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "wattline events",
            "version": "1",
            "description": "CloudEvents 1.0 in binary mode; 1 to 200 facts of one type and one partition in an event.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": _rebased(schemas)},
    }


def _message(kind: type[Fact]) -> dict[str, Any]:
    return {
        "name": kind.type,
        "title": kind.summary,
        "description": f"Ordered by `{kind.key_field}`.",
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string", "description": text} for name, text in ATTRIBUTES.items()},
        },
        "payload": {
            "type": "object",
            "required": ["items"],
            "properties": {
                "items": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": envelope.FACTS_MAX,
                    "items": {"$ref": f"#/components/schemas/{kind.type}"},
                }
            },
        },
    }


def _rebased(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas with their local definitions found from the document's root."""
    return {
        name: json.loads(json.dumps(schema).replace('"#/$defs/', f'"#/components/schemas/{name}/$defs/'))
        for name, schema in schemas.items()
    }


def text(value: Any) -> str:
    """Return a JSON value as it is checked in."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def write() -> None:
    """Write what the models say now: the next schema where it changed, and the AsyncAPI document."""
    for kind in catalogue.FACTS.values():
        files = released(kind)
        now = text(schema_of(kind))
        if not files or files[-1].read_text() != now:
            path = SCHEMAS / kind.type / f"{len(files) + 1}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(now)
    ASYNCAPI.write_text(text(asyncapi()))


if __name__ == "__main__":
    write()
