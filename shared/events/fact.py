"""What a fact is: one thing that happened, said once, for ever, by the service that owns it.

A fact is a frozen pydantic model. What is stored and published is an event of up to 200 facts of one type and one partition
(`shared/events/envelope.py`); use cases never see that packing.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, ClassVar, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared import correlation, ids
from shared.fields import Day

MAX_NO = (
    64  # the utility's own numbers (户号, 资产号, …) are at most 20 long in practice; room for prefixes, none for abuse
)
MAX_CODE = 64

No = Annotated[str, Field(min_length=1, max_length=MAX_NO)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_NO)]
Fen = Annotated[int, Field(ge=-(2**53), le=2**53)]
Code = Annotated[str, Field(min_length=1, max_length=MAX_CODE)]


class Fact(BaseModel):
    """Base of every fact.

    `type` is `<service>.<fact>.v<n>`; `key_field` names the field whose value orders the facts (same key, same partition,
    same order); `asks` says that it is a `Question`. Unknown fields are refused when a fact is made here, and ignored when one is
    read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    key_field: ClassVar[str]
    summary: ClassVar[str]
    asks: ClassVar[bool] = False

    fact_id: Id = Field(default_factory=ids.new)
    correlation_id: str = Field(default_factory=correlation.current, max_length=MAX_NO)
    causation_id: str = Field(default="", max_length=MAX_NO)

    @property
    def key(self) -> str:
        return str(getattr(self, self.key_field))


class Reference(Fact):
    """A fact that carries the whole state of an entity and its version; who consumes it upserts if newer."""

    version: Annotated[int, Field(ge=1)]


class Versioned(Protocol):
    """What comes in versions, of which the highest counts."""

    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=Versioned)


def newest(facts: Iterable[V], number: Callable[[V], str]) -> list[V]:
    """Return of each entity the fact of its highest version, whatever the order, by the number that names the entity."""
    found: dict[str, V] = {}
    for fact in facts:
        known = found.get(number(fact))
        if known is None or fact.version > known.version:
            found[number(fact)] = fact
    return [found[no] for no in sorted(found)]


class Question(Fact):
    """A fact that asks whoever is supplied at a service point; its fields of its own are what the customer is told with it.

    Notify asks, and tells the answer (`notify.customer_answered.v1`) or that there was none (`notify.question_expired.v1`), once;
    the asker decides what silence means. `reading.question_withdrawn.v1` closes it: it needs no answer any more.
    """

    key_field: ClassVar[str] = "service_point_no"
    asks: ClassVar[bool] = True

    question_id: Id
    subject_kind: Code = Field(description="What is decided by the answer, such as `read_day_change`.")
    subject_id: Id
    service_point_no: No
    org_unit: str
    asked_on: Day = Field(description="Business date; who is supplied on it is asked.")
    answers: tuple[Code, ...] = Field(
        min_length=1, max_length=8, description="What may be answered, such as `yes`, `no`."
    )
    answer_by: Day = Field(description="The last day on which an answer is taken.")
