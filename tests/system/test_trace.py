"""The whole chain on four services, forward and back, from a read to its notice and ledger entries.

With an estimate, a finding with its decision, approvals, and an alarm that opened a case with a site order and a charge.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from services.command import tracing
from tests.kits import installation, verdicts
from tests.kits.installation import BY_ITSELF, KEY, TOWN, Home, Installation
from tests.kits.walks import Key, Walks, reached
from tests.system.test_dispute_ladder import doubt, eventually, report
from tests.system.test_theft import act, decided, owed

pytestmark = pytest.mark.timeout(1500)

HOME, STOLEN, PAID, DOUBTED = TOWN[12], TOWN[14], TOWN[16], TOWN[18]
"""One that is estimated and then uses more than a person believes, one with a theft, one that pays, one that doubts."""


def read_april(town: Installation) -> None:
    """Estimate all of February, and read March: the home of the large bill, and all others of the same bureau, as before."""
    town.job("reading", "plan-cycles", "2026-03-01")
    town.job("reading", "close-routes", "2026-03-02")
    town.job("billing", "release-runs", "2026-03-02")
    town.job("reading", "plan-cycles", "2026-04-01")
    reads = [
        {"meter_no": home.meter_no, "read_at": "2026-04-01T00:00:00+08:00", "source": "remote", "unit": "kWh"}
        | {"registers": {"import": f"{1000 + 3 * (100 + 5 * home.number) + (20_000 if home is HOME else 0)}.00"}}
        for home in TOWN
        if home.org_unit == BY_ITSELF
    ]
    town.call("POST", "reading", "/v1/reads", {"items": reads}, who="uploader-1")
    town.job("reading", "close-routes", "2026-04-02")
    town.job("billing", "release-runs", "2026-04-02")


def decide_on_the_large_bill(town: Installation) -> str:
    """Approve what is held, which a second person has to approve too."""
    path = f"/v1/bills?account_no={HOME.account_no}&cycle=2026-03"
    (bill,) = town.until("the held bill", "billing", f"{path}&status=held", 1)
    said = {"decision": "approve", "explanation": "Frau Li bakes.", "business_date": "2026-04-03"}
    said |= {"verdicts": verdicts.on(bill)}
    seen = {"If-Match": f'"{bill["row_version"]}"'}
    asked = town.call("POST", "billing", f"/v1/bills/{bill['bill_id']}/decisions", said, who="reviewer-1", **seen)
    decided(town, asked, "second-1")
    release(town, "2026-02", HOME, DOUBTED)
    release(town, "2026-03", HOME)
    town.until("the issued bill", "billing", f"{path}&status=issued", 1)
    town.until("the receivable", "collection", f"/v1/receivables?document_id={bill['bill_id']}", 1)
    number: str = bill["bill_id"]
    return number


def release(town: Installation, cycle: str, *homes: Home) -> None:
    """Release runs of one home each: their points were not read, or they come to much more than before."""
    for run in town.items("billing", f"/v1/runs?status=in_review&cycle={cycle}"):
        if run["route_no"] in {home.route_no for home in homes}:
            body = {"explanation": "Nobody was there.", "business_date": "2026-04-03"}
            path = f"/v1/runs/{run['route_no']}/{cycle}/release"
            town.call("POST", "billing", path, body, who="reviewer-1", **{"If-Match": f'"{run["version"]}"'})
    for home in homes:
        town.until("the bill", "billing", f"/v1/bills?account_no={home.account_no}&cycle={cycle}&status=issued", 1)


def charge_a_theft(town: Installation) -> tuple[str, dict[str, Any]]:
    """Return the case that an alarm opened, of a point where somebody looked, and the charge of its penalty."""
    alarm = {"meter_no": STOLEN.meter_no, "happened_at": "2026-04-02T03:12:00+08:00", "kind": "cover_opened"}
    alarm |= {"source": "meter", "state": "occurred"}
    town.call("POST", "reading", "/v1/meter-events", {"message_id": "m-1", "items": [alarm]}, who="uploader-1")
    path = f"/v1/cases?service_point_no={STOLEN.service_point_no}&kind=theft"
    (case,) = town.until("the case", "billing", path, 1)
    number: str = case["case_no"]
    act(town, number, "assignment", assignee="inspector-1")
    body = {"kind": "inspection", "business_date": "2026-04-02"}
    order_no = town.call("POST", "billing", f"/v1/cases/{number}/site-orders", body, who="inspector-1")["order_no"]
    town.until(
        "the site order", "reading", f"/v1/site-orders?service_point_no={STOLEN.service_point_no}&kind=inspection", 1
    )
    eventually(lambda: bool(report(town, order_no, "2026-04-02", result="tampered") == "done"))
    path = f"/v1/site-orders?service_point_no={STOLEN.service_point_no}&state=done"
    town.until("the visit", "billing", path, 1)
    given = {"price": "0.538", "loads": [{"kw": "2", "use": "lighting"}]}
    act(town, number, "calculations", calculation="theft", breach_on="2024-05-01", input=given)
    decided(town, act(town, number, "proposal", calculation=1, explanation="Open."), "second-1")
    pending = town.items("billing", "/v1/approvals?state=pending&kind=case.charge.second")
    decided(town, next(asked for asked in pending if asked["subject_id"] == number), "third-1")
    charges = {one["component"]: one for one in town.items("billing", f"/v1/charges?case_no={number}")}
    owed(town, charges["penalty"])
    return number, charges["penalty"]


class Town:
    """The town with all of this in it, and walks over it."""

    def __init__(self, town: Installation) -> None:
        self.town = town
        read_april(town)
        self.bill_id = decide_on_the_large_bill(town)
        self.case_no, self.charge = charge_a_theft(town)
        town.until("the doubt's cycle", "billing", f"/v1/bills?account_no={DOUBTED.account_no}&cycle=2026-02", 1)
        self.dispute_no = doubt(town, DOUBTED)
        for home in (HOME, PAID, STOLEN):
            body = {"account_no": home.account_no, "amount_fen": 3000, "received_on": "2026-04-05"}
            town.call("POST", "collection", "/v1/payments", body, who="cashier-1", **{"Idempotency-Key": home.meter_no})
        town.until_agreed("2026-02", "2026-03")
        told = f"/v1/notices?account_no={HOME.account_no}&cycle=2026-03"
        town.until("the notice of the large bill", "notify", told, 1)
        town.until("the notice of the charge", "notify", f"/v1/notices?account_no={STOLEN.account_no}&cycle=2026-04", 1)
        self.walks = Walks(self.get)

    def get(self, service: str, path: str, **claims: Any) -> Any:
        headers = self.town.token("auditor-1", **claims)
        answer = self.town.client.get(self.town.urls[service] + path, headers=headers)
        assert answer.status_code in (200, 404), answer.text
        return answer.json() if answer.status_code == 200 else None

    def ends(self, account_no: str) -> list[Key]:
        """Return what came of an account at last: its notices, reminders, payments and ledger transactions."""
        path = f"/v1/accounts/{account_no}/statement?from=2026-01-01&to=2027-01-01&limit=500"
        lines = self.town.call("GET", "collection", path)["items"]
        found = [("collection", "ledger_transaction", line["transaction_id"]) for line in lines]
        for service, kind, listed_at, id in (
            ("notify", "notice", "notices", "notice_id"),
            ("collection", "payment", "payments", "payment_id"),
            ("collection", "reminder", "dunning-steps", "step_id"),
        ):
            listed = self.town.items(service, f"/v1/{listed_at}?account_no={account_no}")
            found += [(service, kind, one[id]) for one in listed]
        return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with installation.running(tmp_path_factory.mktemp("trace")) as running:
        installation.settle(running)
        running.client.timeout = 300  # a walk is many calls; none of them is timed here
        yield Town(running)


def test_what_the_ledger_and_notices_come_from_leads_on_to_them_by_the_same_edges(whole: Town) -> None:
    walks = whole.walks
    ends = [end for home in (HOME, STOLEN, PAID, DOUBTED) for end in whole.ends(home.account_no)]
    back = walks.behind(*ends, ("reading", "dispute", whole.dispute_no))
    # a tariff version has priced the bills of all: of it only those edges are asked for that lead to these
    of_all = {
        ("billing", "tariff_version"),
        ("reading", "upload"),
        ("reading", "device_message"),
        ("billing", "approval"),
    }
    origins = reached(back, 1)
    on = {(found, origin) for origin in origins for found in walks.derived(origin)}
    assert back <= on, sorted(back - on)[:10]
    more = {(found, origin) for found, origin in on if origin[:2] not in of_all}
    named = {(found, origin) for found, _ in more for origin in walks.origins(found)}
    assert more <= named, sorted(more - named)[:10]
    assert not walks.missing - {one for one in walks.missing if one[1] == "visit"}
    kinds = Counter(f"{service}/{kind}" for service, kind, _ in reached(back, 0) | origins)
    assert {
        *("reading/upload", "reading/read", "reading/estimate", "reading/usage", "reading/alarm", "reading/site_order"),
        *("billing/bill", "billing/bill_line", "billing/finding", "billing/decision", "billing/approval"),
        *("billing/case", "billing/site_order", "billing/charge", "billing/tariff_version"),
        *("collection/receivable", "collection/payment", "collection/ledger_transaction", "notify/notice"),
    } <= set(kinds)
    assert "Li" not in str([document for of, document in walks.documents.items() if of[1] != "tariff_version"])


def test_from_one_read_forward_to_the_ledger_and_the_notice_and_from_there_back_to_it(whole: Town) -> None:
    walks = whole.walks
    read = ("reading", "read", f"{HOME.meter_no}~20260131T160000Z~remote")  # of January: February is estimated from it
    on = reached(walks.before(read), 0)
    assert {("billing", "bill", whole.bill_id)} <= on
    of_bill = {one[1] for one in on if walks.documents.get(one, {}).get("document_id") == whole.bill_id}
    assert of_bill <= {"receivable", "ledger_transaction"}
    kinds = {(service, kind) for service, kind, _ in on}
    assert {
        *(("reading", "estimate"), ("reading", "usage"), ("billing", "bill_line"), ("billing", "finding")),
        *(("billing", "decision"), ("billing", "bill"), ("billing", "case")),
        *(("collection", "receivable"), ("collection", "payment"), ("collection", "ledger_transaction")),
        ("notify", "notice"),
    } <= kinds
    posted = [
        one
        for one in walks.derived(("billing", "bill", whole.bill_id))
        if one[1] in ("ledger_transaction", "notice", "receivable")
    ]
    assert {one[1] for one in posted} == {"ledger_transaction", "notice", "receivable"}
    for end in posted:
        behind = reached(walks.behind(end), 1)
        assert read in behind, end
        assert {"finding", "decision", "approval", "bill_line", "tariff_version"} <= {kind for _, kind, _ in behind}


def test_an_alarm_leads_to_the_charge_of_its_case_by_the_visit_and_the_approvals(whole: Town) -> None:
    walks = whole.walks
    (posted,) = [
        one
        for one in walks.derived(("billing", "charge", whole.charge["charge_no"]))
        if one[:2] == ("collection", "ledger_transaction")
    ]
    behind = reached(walks.behind(posted), 1)
    (alarm,) = [one for one in behind if one[1] == "alarm"]
    assert ("billing", "case", whole.case_no) in behind
    assert Counter(one[:2] for one in behind if one[1] in ("site_order", "approval")) == {
        ("reading", "site_order"): 1,
        ("billing", "site_order"): 1,
        ("billing", "approval"): 2,
    }
    assert posted in reached(walks.before(alarm), 0)


def test_the_command_walks_both_ways(whole: Town) -> None:
    read_id = f"{HOME.meter_no}~20260131T160000Z~remote"
    told = command(whole.town, "trace", "read", read_id, "--forward")
    assert told.returncode == 0, told.stdout + told.stderr
    lines = told.stdout.splitlines()
    assert lines[0].startswith(f"reading/read/{read_id}  ")
    assert any(line.strip().startswith(f"billing/bill/{whole.bill_id}  ") for line in lines)
    told = command(whole.town, "trace", "bill", whole.bill_id)
    assert f"reading/read/{read_id}" in told.stdout


async def test_what_fans_out_further_than_the_walk_goes_is_cut_and_says_so(
    whole: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings(whole.town).items():
        monkeypatch.setenv(name, value)
    walk = tracing.Walk(forward=True, derived_max=5, documents_max=10)
    found = [one async for one in walk.of("billing", "tariff_version", "CN-ZJ/residential@1")]
    assert (found[0].cut, len(found[0].leads_to)) == (("billing",), 5)
    assert len(found) == 10
    assert walk.is_cut


def test_nobody_of_another_bureau_sees_what_was_derived(whole: Town) -> None:
    path = f"/v1/derived/billing/bill/{whole.bill_id}"
    for service in ("collection", "notify"):
        assert whole.get(service, path)["items"] != []
        assert whole.get(service, path, org_units=[BY_ITSELF])["items"] != []
        assert whole.get(service, path, org_units=["zj/ningbo"])["items"] == []


def command(town: Installation, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATTLINE_")}
    environment |= settings(town)
    return subprocess.run(
        [sys.executable, "-m", "services", *words], env=environment, capture_output=True, text=True, check=False
    )


def settings(town: Installation) -> dict[str, str]:
    urls = {f"WATTLINE_{name.upper()}_URL": url for name, url in town.urls.items()}
    return urls | {"WATTLINE_TOKEN_KEY": KEY, "WATTLINE_DEVICE_MASTER_KEY": KEY, "WATTLINE_DATA_DIR": str(town.data)}
