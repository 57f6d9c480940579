"""How findings are shown."""

from typing import Any, Literal

from pydantic import BaseModel


class FindingOut(BaseModel):
    code: str
    severity: Literal["info", "warn", "hold"]
    values: dict[str, Any] = {}
