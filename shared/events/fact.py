"""What a fact is: one thing that happened, said once, for ever, by the service that owns it.

A fact is a frozen pydantic model. What is stored and published is an event of up to 200 facts of one type and one partition
(`shared/events/envelope.py`); use cases never see that packing.
"""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared import correlation, ids

MAX_NO = (
    64  # the utility's own numbers (户号, 资产号, …) are at most 20 long in practice; room for prefixes, none for abuse
)
MAX_CODE = 64

No = Annotated[str, Field(min_length=1, max_length=MAX_NO)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_NO)]
Code = Annotated[str, Field(min_length=1, max_length=MAX_CODE)]


class Fact(BaseModel):
    """Base of every fact.

    `type` is `<service>.<fact>.v<n>`; `key_field` names the field whose value orders the facts (same key, same partition,
    same order). Unknown fields are refused when a fact is made here, and ignored when one is read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    key_field: ClassVar[str]
    summary: ClassVar[str]

    fact_id: Id = Field(default_factory=ids.new)
    correlation_id: str = Field(default_factory=correlation.current, max_length=MAX_NO)
    causation_id: str = Field(default="", max_length=MAX_NO)

    @property
    def key(self) -> str:
        return str(getattr(self, self.key_field))


class Reference(Fact):
    """A fact that carries the whole state of an entity and its version; who consumes it upserts if newer."""

    version: Annotated[int, Field(ge=1)]
