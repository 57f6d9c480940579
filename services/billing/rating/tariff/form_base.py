"""What the forms of the parts of a tariff document are made of."""

from collections.abc import Mapping
from typing import Final

from shared import forms
from shared.document import TEXT_MAX
from shared.forms import Schema, choice, rows

KWH: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{1,15}(\\.[0-9]{1,3}0{0,9})?$",
    "description": "at most three decimals and not below 0 were expected",
}
ABOVE_0: Final[Schema] = {
    "type": "string",
    "pattern": f"^(?=[0-9.]*[1-9]){forms.NUMBER}$",
    "description": "a decimal above 0 was expected",
}
TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}
PART_MONTH: Final = choice("counts_as_one", "thirtieths", "calendar_days")
MONTHS: Final = rows({"type": "integer", "minimum": 1, "maximum": 12}, 12)
REST: Final[Schema] = {"const": "rest"}


def ref(name: str, text: str = "") -> Schema:
    """Make the form that has a name, and say what it means here."""
    return {"$ref": f"#/$defs/{name}", **({"description": text} if text else {})}


def says(schema: Schema, text: str) -> Schema:
    """Make a form that says what its values mean."""
    return {**schema, "description": text}


def named(text: str) -> Schema:
    """Make the form of a name, and say what it names."""
    return ref("name", text)


def listed(item: Schema, text: str) -> Schema:
    """Make the form of a list, and say what it lists."""
    return {"type": "array", "items": item, "description": text}


def either(cases: Mapping[str, Schema], otherwise: Schema, tests: Mapping[str, Schema]) -> Schema:
    """Make the form that is chosen by the first test that holds."""
    out = otherwise
    for name in reversed(list(cases)):
        out = {"if": tests[name], "then": cases[name], "else": out}
    return out


def by_field(cases: Mapping[str, Schema], otherwise: Schema) -> Schema:
    """Make the form of an object that is chosen by the first of the fields that it has."""
    return either(cases, otherwise, {name: {"type": "object", "required": [name]} for name in cases})
