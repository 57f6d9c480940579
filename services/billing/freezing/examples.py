"""Examples of what the routes of freezes take."""

from typing import Any, Final

FREEZE: Final[dict[str, Any]] = {"contract_no": "C-10001", "reason": "Its meter is in doubt.", "until": "2026-12-31"}
LIFT: Final[dict[str, Any]] = {"reason": "The meter was tested, and is right."}
