"""Every body in the OpenAPI documents has an example, and it is one that its own schema allows."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.command import local
from shared.bus.embedded import EmbeddedEventLog
from shared.settings import SERVICES, settings_class
from tests.kits import webapp


@pytest.mark.parametrize("name", SERVICES)
def test_every_body_has_an_example_that_its_schema_allows(name: str, tmp_path: Path) -> None:
    settings = settings_class(name).load(
        {
            "WATTLINE_TOKEN_KEY": webapp.KEY,
            "WATTLINE_DEVICE_MASTER_KEY": webapp.KEY,
            "WATTLINE_PERSONAL_KEY": webapp.KEY,
            "WATTLINE_DATA_DIR": str(tmp_path),
        }
    )
    document = local.build(name, settings, EmbeddedEventLog(tmp_path / "events.db")).app.openapi()
    bodies: dict[str, dict[str, Any]] = {
        f"{method} {path} {media_type}": content
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
    }
    assert bodies
    for where, content in bodies.items():
        assert "example" in content, where
        schema = content["schema"] | {"components": document["components"]}
        jsonschema.validate(content["example"], schema, jsonschema.Draft202012Validator)
