"""The id of a read spells its natural key, so that none has to be stored, indexed or made up."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from services.reading.network.domain.refusal import Refused
from shared import civil


class ReadKey(NamedTuple):
    """The natural key of a read, all registers of the meter together."""

    meter_no: str
    read_at: datetime
    source: str


SEPARATOR = "~"
_FORM = "%Y%m%dT%H%M%SZ"


def read_id(meter_no: str, read_at: datetime, source: str) -> str:
    """Return the id of the read of a meter at an instant of whole seconds from one source."""
    return f"{meter_no}{SEPARATOR}{_text(read_at)}{SEPARATOR}{source}"


@lru_cache(maxsize=1024)  # the reads of a batch have few instants
def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime(_FORM)


def natural_key(read_id: str) -> ReadKey:
    """Return the natural key of a read's id; raises `Refused` (`reading.unknown_read`) where it is none."""
    try:
        meter_no, text, source = read_id.split(SEPARATOR)
        instant = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
        if _text(civil.check_instant(instant)) != text:
            raise ValueError  # another spelling of an id that is there
        return ReadKey(meter_no, instant, source)
    except ValueError:
        raise Refused("reading.unknown_read", "there is no such read") from None
