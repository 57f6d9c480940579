"""Personal data is answered by few routes, each known by name and audited; no other answer has a place for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.command import local
from shared.bus.embedded import EmbeddedEventLog
from shared.settings import SERVICES, settings_class
from tests.kits import webapp

# tests/integration/notify/parties/test_api.py and test_export.py, letters, doors: that each writes an audit entry
AUDITED = {
    ("notify", "GET", "/v1/parties"),
    ("notify", "GET", "/v1/parties/{party_no}"),
    ("notify", "POST", "/v1/parties/{party_no}/exports"),
    ("notify", "GET", "/v1/letter-batches/{batch_no}/register"),
    ("notify", "GET", "/v1/doors/{service_point_no}"),
}
PERSONAL = (
    "address",
    "phone",
    "mobile",
    "mail",
    "surname",
    "first_name",
    "full_name",
    "holder_name",
    "customer_name",
    "id_card",
)


def properties(document: dict[str, Any], schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the names of all fields that an answer of this schema can have, however deep."""
    if isinstance(schema, list):
        for one in schema:
            yield from properties(document, one, seen)
    elif isinstance(schema, dict):
        if reference := schema.get("$ref"):
            if reference not in seen:
                name = reference.rsplit("/", 1)[1]
                yield from properties(document, document["components"]["schemas"][name], seen | {reference})
            return
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from properties(document, value, seen)


def is_personal(name: str) -> bool:
    return any(word in name.lower() for word in PERSONAL)


@pytest.mark.parametrize("name", SERVICES)
async def test_an_address_is_answered_by_audited_routes_alone(name: str, tmp_path: Path) -> None:
    environment = {key: value for key, value in webapp.ENVIRONMENT.items() if key != "WATTLINE_BODY_BYTES_MAX"}
    settings = settings_class(name).load(environment | {"WATTLINE_DATA_DIR": str(tmp_path)})
    built = local.build(name, settings, EmbeddedEventLog(tmp_path / "events.db"))
    await built.database.close()
    document = built.app.openapi()
    answering = {
        (name, method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        if status.startswith("2") and any(map(is_personal, properties(document, answer.get("content", {}))))
    }
    assert answering == {route for route in AUDITED if route[0] == name}


def test_the_names_of_personal_data_are_known_when_they_are_met() -> None:
    assert all(map(is_personal, ("address", "phone_no", "e_mail", "holder_name", "Address")))
    assert not any(map(is_personal, ("account_no", "name", "customer_no", "org_unit")))
