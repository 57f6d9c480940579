"""Who uploads, and how what came in is answered."""

from services.reading.intake.use_cases.intake import Uploader
from services.reading.usage.domain.ranking import ESTIMATED, READ_SOURCES, REMOTE
from shared.db.engine import Tx
from shared.web import auth, devices

FROM_DEVICES = frozenset({REMOTE})
FROM_PEOPLE = READ_SOURCES | {ESTIMATED}
WORDS = {"done": "accepted", "already_done": "already_accepted"}
"""What this service calls the outcomes of what is uploaded; the others keep their names."""


async def uploader(tx: Tx, caller: auth.Caller, kind: str, message_id: str, route_no: str | None = None) -> Uploader:
    """Return who brings reads. A device is bound to its meter or org unit, and its message counts once."""
    if caller.device is None:
        return Uploader(
            kind=kind,
            subject=caller.subject,
            message_id=message_id,
            may_see=caller.may_see,
            sources=FROM_PEOPLE,
            route_no=route_no,
        )
    await devices.remember_nonce(tx, caller.device)
    return Uploader(
        kind="device",
        subject=caller.subject,
        message_id=message_id or caller.device.nonce,
        may_see=caller.may_see,
        sources=FROM_DEVICES,
        meter_no=caller.meter_no,
    )
