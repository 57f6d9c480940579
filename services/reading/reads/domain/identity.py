"""The id of a read spells its natural key, so that none has to be stored, indexed or made up."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from services.reading.network.domain.refusal import Refused


class ReadKey(NamedTuple):
    """The natural key of a read, all registers of the meter together."""

    meter_no: str
    read_at: datetime
    source: str


SEPARATOR = "~"
YEAR_MIN, YEAR_MAX = 1900, 2200  # beyond, another time zone may have no date
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
        if not YEAR_MIN <= instant.year <= YEAR_MAX:
            raise ValueError
        return ReadKey(meter_no, instant, source)
    except ValueError:
        raise Refused("reading.unknown_read", "there is no such read") from None
