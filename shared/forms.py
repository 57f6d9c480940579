"""Forms of documents: JSON Schemas that are enforced. One reader for all of them, which names every fault at once. Pure.

A form is written in the part of JSON Schema (2020-12) that `Form` knows, so the form that is published is the one
that is checked, and what a document says beyond it is refused with the names that are known.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from shared.document import FAULTS, FAULTS_MAX, LIST_MAX, DocumentError, Fault, check_depth, escape, known

Schema = Mapping[str, Any]
Names = Mapping[str, Schema]

_APPLIED: Final = ("items", "if", "then", "else", "additionalProperties")
_SAID: Final = ("$schema", "$id", "$defs", "$ref", "title", "description", "type", "anyOf")
_CHECKED: Final = ("enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "properties", "required")
_SIZES: Final = ("minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems")
KEYWORDS: Final = frozenset((*_APPLIED, *_SAID, *_CHECKED, *_SIZES))
_TYPES: Final[Mapping[str, type]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


class Form:
    """What a document may hold. Raises ValueError for a schema with a keyword that is not enforced."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._defs: Names = schema.get("$defs", {})
        self._know(schema)

    def faults(self, document: Any, pointer: str = "") -> list[Fault]:
        """Return every fault of a document, in its order (at most `FAULTS_MAX`); [] = it has this form."""
        try:
            check_depth(document)
        except DocumentError as deep:
            return [fault._replace(pointer=pointer + fault.pointer) for fault in deep.faults]
        found: dict[str, Fault] = {}
        for fault in self._faults(self.schema, document, pointer):
            found.setdefault(fault.pointer, fault)
        return list(found.values())[:FAULTS_MAX]

    def _know(self, schema: Schema) -> None:
        if unknown := set(schema) - KEYWORDS:
            raise ValueError(f"not enforced: {sorted(unknown)}")
        several = [*schema.get("$defs", {}).values(), *schema.get("properties", {}).values(), *schema.get("anyOf", ())]
        single = [schema[key] for key in _APPLIED if key in schema]
        for inner in (*several, *single):
            if isinstance(inner, Mapping):
                self._know(inner)

    def _faults(self, schema: Schema, value: Any, pointer: str) -> list[Fault]:
        if "$ref" in schema:
            return self._faults(self._defs[schema["$ref"].removeprefix("#/$defs/")], value, pointer)
        names = schema.get("type")
        if names is not None and not _is(value, names):
            return [_of_type(names, pointer)]
        found = []
        if "if" in schema:
            then = "else" if self._faults(schema["if"], value, pointer) else "then"
            found += self._faults(schema.get(then, {}), value, pointer)
        found += _of_value(schema, value, pointer)
        if isinstance(value, dict):
            found += self._of_object(schema, value, pointer)
        elif isinstance(value, list):
            found += self._of_list(schema, value, pointer)
        if "anyOf" in schema:
            found += self._nearest(schema["anyOf"], value, pointer)
        return found

    def _of_object(self, schema: Schema, value: dict[str, Any], pointer: str) -> list[Fault]:
        properties: Names = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        if len(value) > schema.get("maxProperties", LIST_MAX):
            return [_fault("document_too_large", pointer)]
        unknown = [key for key in value if more is False and key not in properties]
        missing = [name for name in schema.get("required", ()) if name not in value]
        found = [_fault("field_unknown", f"{pointer}/{escape(key)}", known(properties)) for key in unknown]
        found += [_fault("field_missing", f"{pointer}/{escape(name)}") for name in missing]
        if len(value) < schema.get("minProperties", 0):
            found.append(_fault("value_wrong", pointer, "at least one field was expected"))
        for key, inner in value.items():
            at = f"{pointer}/{escape(key)}"
            if key in properties:
                found += self._faults(properties[key], inner, at)
            elif isinstance(more, Mapping):
                found += self._faults(more, inner, at)
        return found

    def _of_list(self, schema: Schema, value: list[Any], pointer: str) -> list[Fault]:
        if len(value) > schema.get("maxItems", LIST_MAX):
            return [_fault("document_too_large", pointer)]
        found = []
        if len(value) < schema.get("minItems", 0):
            found.append(_fault("value_wrong", pointer, f"at least {schema['minItems']} was expected"))
        if schema.get("uniqueItems"):
            found += [_fault("name_twice", f"{pointer}/{i}") for i, item in enumerate(value) if item in value[:i]]
        items = schema.get("items", {})
        for index, inner in enumerate(value):
            found += self._faults(items, inner, f"{pointer}/{index}")
        return found

    def _nearest(self, schemas: list[Schema], value: Any, pointer: str) -> list[Fault]:
        """Return [] where one of the schemas holds, else the faults by the one that the value is nearest to."""
        found = [self._faults(schema, value, pointer) for schema in schemas]
        return min(found, key=lambda faults: _distance(faults, pointer))


def _distance(faults: list[Fault], pointer: str) -> tuple[int, int, int]:
    """Return how far a value is from a form: of another type, lacks fields, has other faults."""
    here = sum(f.pointer == pointer for f in faults)
    return here, sum(f.code == "field_missing" for f in faults), len(faults)


def _is(value: Any, names: str | list[str]) -> bool:
    if isinstance(names, list):
        return any(_is(value, name) for name in names)
    return isinstance(value, _TYPES[names]) and (names == "boolean" or not isinstance(value, bool))


def _of_type(names: str | list[str], pointer: str) -> Fault:
    wanted = [name for name in names if name != "null"] if isinstance(names, list) else [names]
    if wanted == ["object"]:
        return _fault("not_an_object", pointer)
    expected = " or ".join(wanted)
    return _fault("value_wrong", pointer, f"{expected} was expected")


def _of_value(schema: Schema, value: Any, pointer: str) -> list[Fault]:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if choices is not None and not any(type(c) is type(value) and c == value for c in choices):
        return [_fault("choice_unknown", pointer, "one of " + ", ".join(str(c) for c in choices if c is not None))]
    if isinstance(value, str):
        low, high = schema.get("minLength", 0), schema.get("maxLength")
        if len(value) < low or (high is not None and len(value) > high):
            return [_fault("value_wrong", pointer, "a text of another length was expected")]
        if "pattern" in schema and not _compiled(schema["pattern"]).search(value):
            return [
                _fault(
                    "value_wrong", pointer, schema.get("description", f"a text like {schema['pattern']} was expected")
                )
            ]
    elif isinstance(value, int) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            return [_fault("value_wrong", pointer, f"a number from {low} to {high} was expected")]
    return []


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _fault(code: str, pointer: str, detail: str = "") -> Fault:
    return Fault(code, pointer, detail or FAULTS[code])


# --- the forms that many documents share

NUMBER: Final = "[0-9]{1,15}(\\.[0-9]{1,12})?"
DECIMAL: Final[Schema] = {
    "type": "string",
    "pattern": f"^-?{NUMBER}$",
    "description": "a decimal in quotes was expected",
}
AMOUNT: Final[Schema] = {
    "type": "string",
    "pattern": f"^{NUMBER}(/{NUMBER})?$",
    "description": "a decimal or a ratio in quotes was expected, not below 0",
}
RATIO: Final[Schema] = {
    "type": "string",
    "pattern": f"^-?{NUMBER}(/{NUMBER})?$",
    "description": "a decimal or a ratio in quotes was expected",
}
POSITIVE: Final[Schema] = {
    "type": "string",
    "pattern": f"^(?=[0-9.]*[1-9]){NUMBER}(/(?=[0-9.]*[1-9]){NUMBER})?$",
    "description": "a decimal or a ratio in quotes was expected, above 0",
}
DAY: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "description": "a date such as 2026-01-31 was expected",
}
TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 400}
FLAG: Final[Schema] = {"type": "boolean"}
ANYTHING: Final[Schema] = {}


def record(required: Names, optional: Names | None = None, description: str = "") -> Schema:
    """Make the form of an object: fields that must be there, fields that may be, and no others."""
    told = {"description": description} if description else {}
    return {
        "type": "object",
        **told,
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def table(item: Schema, description: str = "") -> Schema:
    """Make the form of an object whose fields have any names and all one form."""
    return {"type": "object", **({"description": description} if description else {}), "additionalProperties": item}


def rows(item: Schema, most: int = LIST_MAX) -> Schema:
    """Make the form of a list that is not empty."""
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


def choice(*names: str) -> Schema:
    """Make the form of a choice among names."""
    return {"enum": list(names)}
