"""Kinds of values that come in at every door: bodies, queries, paths and facts. Digits are the ASCII ones."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared import civil


class _Kind:
    """Takes a text of one form only; by itself pydantic also takes numbers of seconds, and a day for an instant."""

    def __init__(self, form: str, text: str, schema: CoreSchema, json_format: str) -> None:
        self._form = re.compile(form)
        self._text = text
        self._schema = schema
        self._json_format = json_format

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        of_json = core_schema.str_schema(pattern=self._form.pattern, strict=True)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema([of_json, self._schema]),
            python_schema=core_schema.no_info_before_validator_function(self._checked, self._schema),
        )

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": self._json_format}

    def _checked(self, value: Any) -> Any:
        given_by_code = type(value) is date or type(value) is datetime
        if given_by_code or (isinstance(value, str) and self._form.search(value)):
            return value
        raise PydanticCustomError("malformed", self._text)


_DAY = core_schema.date_schema(ge=civil.FIRST, lt=civil.END)
_INSTANT = core_schema.datetime_schema(ge=civil.FIRST_INSTANT, lt=civil.END_INSTANT, tz_constraint="aware")

Day = Annotated[date, _Kind(civil.DAY, "a day such as 2026-01-31 was expected", _DAY, "date")]
"""A civil day that a utility can mean."""
Instant = Annotated[
    datetime,
    _Kind(civil.INSTANT, "an instant such as 2026-01-31T00:00:00+08:00 was expected", _INSTANT, "date-time"),
]
"""An instant with its offset, of a day that a utility can mean."""
Month = Annotated[str, Field(pattern=civil.MONTH)]
"""A cycle or bill month, `YYYY-MM`."""
Time = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["09:00"])]
"""A local time of day."""
Words = Annotated[str, Field(min_length=1, pattern=r"\S")]
"""What a person says in words of their own, such as why: not blank."""
