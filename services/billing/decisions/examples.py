"""Examples of what the routes of the review queue take."""

from typing import Any, Final

_BILL: Final = "019c1a2b-0000-7000-8000-000000000001"
ASSIGNMENTS: Final[dict[str, Any]] = {"items": [{"bill_id": _BILL, "assignee": "reviewer-1"}]}
CLAIMS: Final[dict[str, Any]] = {"items": [{"bill_id": _BILL}]}
