"""Letters of the small town: enough that wait in the tray, and batches of them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.kits.installation import BY_ITSELF, TOWN, Installation
from tests.kits.parties import person
from tests.kits.seed_documents import told_of_an_appointment

IN_THE_TRAY = 30  # a generated call may take all of them
SINCE = "2026-01-01"
_BATCHES = "/v1/letter-batches"


def values(installation: Installation, path: str, number: int) -> dict[str, Any]:
    """Return what the n-th call of a path about letters is about: a batch of one letter, posted where its letters are told of."""
    home = next(home for home in TOWN if home.org_unit == BY_ITSELF)
    if not installation.items("notify", "/v1/letters"):
        _fill(installation, f"by-letter-{number}")
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    found = {
        "batch_no": f"batch-{number}",
        "org_unit": home.org_unit,
        "letters_max": 1,
        "posted_on": today,
        "on": today,
    }
    if "{batch_no}" in path:
        batch = {name: found[name] for name in ("batch_no", "org_unit", "letters_max")}
        made = installation.call("POST", "notify", _BATCHES, batch)
        found["register_hash"] = made["register_hash"]
    if "/outcomes" in path:
        said = {name: found[name] for name in ("posted_on", "register_hash")}
        installation.call("POST", "notify", f"{_BATCHES}/{found['batch_no']}/posting", said)
    return found


def _fill(installation: Installation, appointment_no: str) -> None:
    """Have the tenants of a home, with nothing but postal addresses, told of an appointment."""
    home = next(home for home in TOWN if home.org_unit == BY_ITSELF)
    place = {"since": SINCE, "role": "tenant", "kind": "postal"}
    items = [
        person(f"lettered-{n}", home.account_no, home.org_unit, f"杭州市西湖区文三路 {n} 号", **place)
        | {"kind": "firm"}  # whose weeks have no budget
        for n in range(IN_THE_TRAY)
    ]
    installation.call("PUT", "notify", "/v1/parties", {"items": items})
    told_of_an_appointment(installation, home, appointment_no)
    installation.until("letters in the tray", "notify", "/v1/letters", IN_THE_TRAY)
