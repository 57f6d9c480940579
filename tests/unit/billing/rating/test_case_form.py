"""The published schema of cases is the form that is enforced. `python -m tests.unit.billing.rating.test_case_form` writes it."""

import json
from importlib import resources
from typing import Any

import jsonschema

from services.billing.rating.cases.form import CASE

FILE = resources.files("services.billing.tariffs.documents") / "schemas" / "case.schema.json"


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


def test_the_published_schema_is_the_form_that_is_enforced() -> None:
    jsonschema.Draft202012Validator.check_schema(CASE.schema)
    assert FILE.read_text(encoding="utf-8") == text(CASE.schema) + "\n"


if __name__ == "__main__":
    with resources.as_file(FILE) as path:
        path.write_text(text(CASE.schema) + "\n", encoding="utf-8")
