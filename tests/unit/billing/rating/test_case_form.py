"""The published schemas are the forms that are enforced. `python -m tests.unit.billing.rating.test_case_form` writes it."""

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from services.billing.rating.published import FORMS

FOLDER = resources.files("services.billing.tariffs.documents") / "schemas"


def text(value: Any, indent: int = 0, key: str = "") -> str:
    """JSON as it is checked in: on one line what fits there."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + len(key) + indent < 116 or not isinstance(value, dict | list):
        return flat
    pad = " " * (indent + 2)
    names = [f"{json.dumps(k)}: " for k in value] if isinstance(value, dict) else [""] * len(value)
    inner = list(value.values() if isinstance(value, dict) else value)
    body = ",\n".join(f"{pad}{k}{text(v, indent + 2, k)}" for k, v in zip(names, inner, strict=True))
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}\n{body}\n{' ' * indent}{last}"


@pytest.mark.parametrize("name", FORMS)
def test_the_published_schema_is_the_form_that_is_enforced(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(FORMS[name])
    assert (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8") == text(FORMS[name]) + "\n"


def test_no_other_schema_is_published() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.schema.json" for name in FORMS}


if __name__ == "__main__":
    with resources.as_file(FOLDER) as folder:
        for each, schema in FORMS.items():
            (folder / f"{each}.schema.json").write_text(text(schema) + "\n", encoding="utf-8")
