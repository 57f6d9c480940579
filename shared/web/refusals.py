"""What was refused is a line in the log: who, at which route, with which code; never what was sent, nor the path.

Told are all refusals (4xx) of commands, items of batches included, and of reads those that concern the caller: no right, or too
often. What says nothing of a person is told once a minute and route: nobody can fill the log without a token, nor by coming too
often.
"""

import logging
from collections.abc import Mapping

from shared.web.auth import NOBODY, Caller

logger = logging.getLogger(__name__)

READS = ("GET", "HEAD")
TOO_OFTEN = 429
OF_CALLER = (401, 403, TOO_OFTEN)


def tell(method: str, route: str, caller: Caller, status: int, code: str) -> None:
    """Log the refusal of a request."""
    if method in READS and status not in OF_CALLER:
        return
    known = caller is not NOBODY
    logger.info(
        "request.refused" if known else f"request.refused {route}",
        extra=_who(method, route, caller)
        | {"status": status, "code": code, "repeats": not known or bool(caller.device) or status == TOO_OFTEN},
    )


def tell_items(method: str, route: str, caller: Caller, codes: Mapping[str, int]) -> None:
    """Log how many items of a batch were refused, by code."""
    logger.info(
        "request.items_refused",
        extra=_who(method, route, caller) | {"codes": dict(codes), "repeats": bool(caller.device)},
    )


def _who(method: str, route: str, caller: Caller) -> dict[str, object]:
    return {"method": method, "route": route, "subject": caller.subject}
