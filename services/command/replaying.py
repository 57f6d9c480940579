"""`wattline replay`: calculate a bill again from what is stored, with all that came of it, or another document; over REST."""

from typing import Any
from urllib.parse import quote

from services.command import remote

EQUAL = "equal"


async def bill(bill_id: str) -> int:
    """Print each figure of a bill and of what came of it; 1 where one differs or a document cannot be calculated again."""
    async with remote.client("billing") as opened:
        found = await remote.call(opened, "GET", f"/v1/replays/{quote(bill_id, safe='')}")
    for document in found["documents"]:
        _show(document)
    print(f"{bill_id}: {found['result']}")
    return 0 if found["result"] == EQUAL else 1


def _show(document: dict[str, Any]) -> None:
    why = f": {document['reason']}" if document["reason"] else ""
    other = " (made by another software version)" if document["by_other_software"] else ""
    print(f"{document['kind']} {document['document_id']}: {document['result']}{why}{other}")
    for item in document["items"]:
        if item["equal"]:
            print(f"  equal    {item['name']}: {item['stored']}")
        else:
            print(f"  DIFFERS  {item['name']}: stored {item['stored'] or '-'} | computed {item['computed'] or '-'}")
