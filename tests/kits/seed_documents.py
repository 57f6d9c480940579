"""What of the small town only comes of a longer story: an adjustment, a usage, a freeze, money of a closed account, a visit."""

import time
from typing import Any

from services.reading.appointments import examples as appointments
from services.reading.disputes import examples as disputes
from tests.kits.installation import BY_ITSELF, TOWN, Home, Installation
from tests.kits.parties import person


def adjusted(installation: Installation) -> list[Any]:
    """Return the adjustment for a meter that was tested, and ran fast in January."""
    home = next(home for home in reversed(TOWN) if home.org_unit == BY_ITSELF)
    found = installation.items("billing", f"/v1/adjustments?account_no={home.account_no}")
    if not found:
        path = "/v1/disputes/tested"

        def report(order_no: str, **what: str) -> None:
            said = {"order_no": order_no, "visited_at": "2026-02-03T10:20:00+08:00"} | what
            installation.call("POST", "reading", "/v1/site-orders/reports", {"items": [said]}, who="reader-1")

        doubt = {"dispute_no": "tested", "service_point_no": home.service_point_no, "opened_on": "2026-02-02"}
        opened = disputes.DISPUTES["items"][0] | doubt
        installation.call("POST", "reading", "/v1/disputes", {"items": [opened]})
        asked = {"on": "2026-02-02", "order_no": "tested-together", "visit_on": "2026-02-05"}
        installation.call("POST", "reading", f"{path}/joint-reread", asked)
        report("tested-together", not_done="nobody_home")
        installation.call("POST", "reading", f"{path}/verification", {"on": "2026-02-02", "order_no": "tested-alone"})
        report("tested-alone", result="beyond_limits")
        result = disputes.TEST | {"on": "2026-02-03", "tested_on": "2026-02-01", "meter_no": home.meter_no}
        installation.approve("reading", installation.call("POST", "reading", f"{path}/test-result", result))
        installation.until("the tested meter", "billing", "/v1/meter-tests", 1)
        installation.job("billing", "adjust-meters", "2026-02-04")
        found = installation.items("billing", f"/v1/adjustments?account_no={home.account_no}")
        installation.until_agreed("2026-02")
    return [each["adjustment_id"] for each in found]


def waiting_usage(installation: Installation) -> list[Any]:
    """Return the usage of a point that nobody is supplied at: an end was asked for, and read."""
    point, meter = {"service_point_no": "SP-EMPTY"}, {"meter_no": "M-EMPTY"}
    face = {"registers": [{"quantity": "import", "digits": 8, "scale": 2}]}
    stands = point | meter | {"installed_on": "2026-01-01", "unit": "kWh", "opening": {"import": "1.00"}}
    for path, item in (
        ("service-points", point | {"route_no": TOWN[0].route_no}),
        ("meters", meter | {"org_unit": TOWN[0].org_unit} | face),
        ("installations", stands),
        ("asked-ends", point | {"day": "2026-01-20", "kind": "control"}),
    ):
        installation.call("PUT", "reading", f"/v1/{path}", {"items": [item]})
    read = meter | {"read_at": "2026-01-20T00:00:00+08:00", "source": "remote", "unit": "kWh"}
    body = {"items": [read | {"registers": {"import": "3.00"}}]}
    installation.call("POST", "reading", "/v1/reads", body, who="uploader-1")
    found = installation.until("a waiting usage", "billing", "/v1/usages?service_point_no=SP-EMPTY", 1)
    return [usage["usage_id"] for usage in found]


def frozen(installation: Installation, contract_no: str, *, is_set: bool) -> dict[str, Any]:
    """Lift all that is frozen, and freeze a contract where that is to be lifted."""
    for freeze in installation.items("billing", "/v1/freezes?stands=true"):
        installation.call("POST", "billing", f"/v1/freezes/{freeze['freeze_id']}/lift", {"reason": "looked at"})
    if not is_set:
        return {}
    body = {"contract_no": contract_no, "reason": "in doubt"}
    return {"freeze_id": installation.call("POST", "billing", "/v1/freezes", body)["freeze_id"]}


def arranged(installation: Installation, service_point_no: str, number: int) -> str:
    """Return an appointment at a point that has not ended: the one there is, or one that is made."""
    for there in installation.items("reading", f"/v1/appointments?service_point_no={service_point_no}"):
        if there["state"] in ("asked", "agreed"):
            return str(there["appointment_no"])
    made = {"appointment_no": f"seed-{number}", "service_point_no": service_point_no}
    body = {"items": [appointments.APPOINTMENTS["items"][0] | made]}
    installation.call("POST", "reading", "/v1/appointments", body)
    return made["appointment_no"]


def asking(installation: Installation, home: Home) -> str:
    """Return the notice that asks the question of a home, to the party whose address no test changes."""
    found = installation.items("notify", f"/v1/notices?question_id={home.question_id}")
    (notice_id,) = [each["notice_id"] for each in found if each["party_no"].startswith("L-")]
    return str(notice_id)


def moved_away(installation: Installation, home: Home, number: int) -> str:
    """Put a party that has no role any more, and return its number."""
    party_no = f"moved-{number}"
    item = person(party_no, home.account_no, home.org_unit, f"moved{number}@example.org", since="2025-01-01")
    (role,) = item["roles"]
    item["roles"] = [role | {"valid_to": "2025-06-01"}]
    installation.call("PUT", "notify", "/v1/parties", {"items": [item]})
    return party_no


def to_call(installation: Installation, home: Home, number: int, *, caller: str | None) -> str:
    """Return a notice to somebody with nothing but a fixed line, which is taken by a caller where one is given."""
    party_no = f"called-{number}"
    line = {"kind": "landline", "since": "2026-01-01"}
    item = person(party_no, home.account_no, home.org_unit, f"0571 8000 {number:04}", **line)
    installation.call("PUT", "notify", "/v1/parties", {"items": [item]})
    told_of_an_appointment(installation, home, party_no)
    tasks = f"/v1/call-tasks?party_no={party_no}"
    (task, *_) = installation.until("a call task", "notify", tasks, 1)
    if caller is not None:
        installation.call("POST", "notify", f"/v1/call-tasks/{task['notice_id']}/taking", who=caller)
    return str(task["notice_id"])


def to_visit(installation: Installation, home: Home, number: int) -> str:
    """Return a notice to an elderly tenant whom no contact point reaches: somebody goes there."""
    party_no = f"visited-{number}"
    tenant = person(party_no, home.account_no, home.org_unit, "0571 8000", since="2026-01-01", role="tenant")
    elderly = {"reason": "elderly", "source": "the reader", "since": "2026-01-01"}
    item = tenant | {"points": [], "vulnerability": elderly}
    installation.call("PUT", "notify", "/v1/parties", {"items": [item]})
    told_of_an_appointment(installation, home, party_no)
    path = f"/v1/notices?account_no={home.account_no}&state=sent"
    for _ in range(200):
        for each in installation.items("notify", path):
            if (each["party_no"], each["channel"]) == (party_no, "visit"):
                return str(each["notice_id"])
        time.sleep(0.2)
    raise AssertionError(f"nobody is asked to visit {party_no}")


def told_of_an_appointment(installation: Installation, home: Home, appointment_no: str) -> None:
    """Have the holder and the tenants of a home told of an appointment, in place of those that there are."""
    for there in installation.items("reading", f"/v1/appointments?service_point_no={home.service_point_no}"):
        if there["state"] in ("asked", "agreed"):
            off = {"items": [{"appointment_no": there["appointment_no"], "reason": "reader_ill"}]}
            installation.call("POST", "reading", "/v1/appointments/cancellations", off)
    about = {"service_point_no": home.service_point_no, "appointment_no": appointment_no}
    made = appointments.APPOINTMENTS["items"][0] | about
    installation.call("POST", "reading", "/v1/appointments", {"items": [made]})
