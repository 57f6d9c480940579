"""Decisions of a second person."""

from collections.abc import Sequence
from typing import Any

import httpx


async def decided(
    client: httpx.AsyncClient, asked: Sequence[dict[str, Any]], *, decision: str = "approve"
) -> list[str]:
    """Decide on what was asked for, in one batch; return `done` or the code of each refusal."""
    items = [{name: each[name] for name in ("approval_id", "content_hash")} for each in asked]
    body = {"decision": decision, "explanation": "compared with the documents", "items": items}
    answer = await client.post("/v1/approvals/decisions", json=body)
    assert answer.status_code == 200, answer.text
    return [outcome.get("code") or outcome["status"] for outcome in answer.json()["outcomes"]]
