"""The id of a read spells its natural key, so that none has to be stored, indexed or made up."""

from datetime import UTC, datetime

from services.reading.domain.refusal import Refused

SEPARATOR = "~"
_FORM = "%Y%m%dT%H%M%SZ"


def read_id(meter_no: str, read_at: datetime, source: str) -> str:
    """Return the id of the read of a meter at an instant of whole seconds from one source."""
    return f"{meter_no}{SEPARATOR}{read_at.astimezone(UTC).strftime(_FORM)}{SEPARATOR}{source}"


def natural_key(read_id: str) -> tuple[str, datetime, str]:
    """Return (meter, instant, source) of a read's id; raises `Refused` (`reading.unknown_read`) where it is none."""
    try:
        meter_no, instant, source = read_id.split(SEPARATOR)
        return meter_no, datetime.strptime(instant, _FORM).replace(tzinfo=UTC), source
    except ValueError:
        raise Refused("reading.unknown_read", "there is no such read") from None
