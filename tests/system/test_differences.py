"""Corrections by difference over REST and events: four services, two months, a policy that changes its style on a day."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import orjson
import pytest

from shared.web import devices
from tests.kits import installation
from tests.kits.installation import CORRECTED, KEY, TOWN, Home, Installation

ADJUSTED, CANCELLED, REVERSED = TOWN[0], TOWN[4], TOWN[6]
KNOWN_FROM = "2026-04-05"  # corrections reverse from the first of April on
CYCLES = ("2026-01", "2026-02")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A town whose bills were corrected again and again, in both styles, and one customer of which has paid all."""
    with installation.running(tmp_path_factory.mktemp("differences")) as running:
        installation.settle(running)
        installation.correct(running, ADJUSTED, 1205)
        cancel(running, CANCELLED)
        bill_february(running)
        installation.correct(running, ADJUSTED, 1155)  # the same register closes January and begins February
        running.job("billing", "release-runs", KNOWN_FROM)
        installation.correct(running, REVERSED, 1130)
        installation.correct(running, ADJUSTED, 1165)
        yield running


def cancel(town: Installation, home: Home) -> None:
    (bill,) = town.items("billing", f"/v1/bills?account_no={home.account_no}&cycle=2026-01&status=issued")
    body = {"decision": "cancel", "explanation": "the house burned down", "business_date": "2026-02-10"}
    seen = {"If-Match": f'"{bill["row_version"]}"'}
    town.call("POST", "billing", f"/v1/bills/{bill['bill_id']}/decisions", body, who="reviewer-1", **seen)
    town.until_agreed("2026-01")


def bill_february(town: Installation) -> None:
    """Read the odd homes, one of them by its own device, and issue their bills."""
    town.job("reading", "plan-cycles", "2026-03-01")
    odd = [home for home in TOWN if home.number % 2]
    for home in odd:
        read = {"meter_no": home.meter_no, "read_at": "2026-03-01T00:00:00+08:00", "source": "remote", "unit": "kWh"}
        # as much again as in January: no sudden change that a reviewer must see
        kwh = 1000 + 2 * (100 + 5 * home.number) + (100 if home is ADJUSTED else 0)
        body = {"items": [read | {"registers": {"import": f"{kwh}.00"}}]}
        if home is ADJUSTED:
            push(town, home, orjson.dumps(body))
        else:
            town.call("POST", "reading", "/v1/reads", body, who="uploader-1")
    town.job("reading", "close-routes", "2026-03-02")
    town.until("bills of February", "collection", "/v1/receivables?cycle=2026-02", len(odd))
    town.until_agreed(*CYCLES)


def push(town: Installation, home: Home, body: bytes) -> None:
    own = f"own-{home.number}"
    headers = devices.sign(key=town.device_keys[own], device_id=own, method="POST", target="/v1/reads", body=body)
    url = town.urls["reading"] + "/v1/reads"
    answer = town.client.post(url, content=body, headers=headers | {"Content-Type": "application/json"})
    assert answer.json()["outcomes"][0]["status"] == "accepted", answer.text


def corrections(town: Installation, home: Home) -> list[dict[str, Any]]:
    found = town.items("billing", f"/v1/corrections?account_no={home.account_no}")
    return sorted(found, key=itemgetter("corrected_on"))


def balance_fen(town: Installation, home: Home) -> int:
    found = town.call("GET", "collection", f"/v1/accounts/{home.account_no}")["balance_fen"]
    assert isinstance(found, int)
    return found


def command(town: Installation, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATTLINE_")}
    environment |= {f"WATTLINE_{name.upper()}_URL": url for name, url in town.urls.items()}
    environment |= {
        "WATTLINE_TOKEN_KEY": KEY,
        "WATTLINE_DEVICE_MASTER_KEY": KEY,
        "WATTLINE_PERSONAL_KEY": KEY,
        "WATTLINE_DATA_DIR": str(town.data),
    }
    return subprocess.run(
        [sys.executable, "-m", "services", *words], env=environment, capture_output=True, text=True, check=False
    )


def test_a_bill_stays_by_difference_and_a_bill_that_was_not_is_reversed_once_the_policy_says_so(
    town: Installation,
) -> None:
    styles = {home: [one["style"] for one in corrections(town, home)] for home in (ADJUSTED, CORRECTED, REVERSED)}
    assert styles == {ADJUSTED: ["delta"] * 3, CORRECTED: ["delta"], REVERSED: ["reversal_and_new"]}
    assert corrections(town, ADJUSTED)[-1]["corrected_on"] >= KNOWN_FROM
    differing = [[(d["cycle"], d["total_fen"]) for d in one["differences"]] for one in corrections(town, ADJUSTED)]
    per_kwh = 53.8
    assert differing == [
        [("2026-01", 100 * per_kwh)],
        [("2026-01", -50 * per_kwh), ("2026-02", 50 * per_kwh)],
        [("2026-01", 10 * per_kwh), ("2026-02", -10 * per_kwh)],
    ]


def test_all_services_agree_about_both_months(town: Installation) -> None:
    for cycle in CYCLES:
        told = command(town, "reconcile", "--cycle", cycle)
        assert told.returncode == 0, told.stdout + told.stderr
        assert "DIFF" not in told.stdout
    assert town.call("GET", "collection", "/v1/invariants")["holds"]


def test_every_customer_owes_what_the_bills_in_force_say_less_what_was_paid(town: Installation) -> None:
    in_force, paid = Counter[str](), Counter[str]()
    for bill in town.items("billing", "/v1/bills?status=issued"):
        in_force[bill["account_no"]] += bill["total_fen"]
    for payment in town.items("collection", "/v1/payments?status=posted"):
        paid[payment["account_no"]] += payment["amount_fen"]
    for home in TOWN:
        assert balance_fen(town, home) == in_force[home.account_no] - paid[home.account_no], home


def test_a_payment_that_settles_differences_is_walked_back_to_the_device_message(town: Installation) -> None:
    listed = town.items("collection", f"/v1/receivables?account_no={ADJUSTED.account_no}")
    differences = {one["document_id"] for one in listed if one["document_kind"] == "difference"}
    assert len(differences) == 5
    body = {"account_no": ADJUSTED.account_no, "amount_fen": balance_fen(town, ADJUSTED), "received_on": "2026-04-06"}
    key = {"Idempotency-Key": "pays-all"}
    payment = town.call("POST", "collection", "/v1/payments", body, who="cashier-1", **key)
    assert balance_fen(town, ADJUSTED) == 0
    told = command(town, "trace", payment["payment_id"])
    assert told.returncode == 0, told.stdout + told.stderr
    found = [line.split()[0].split("/", 2) for line in told.stdout.splitlines()]
    reached = {(kind, name) for _, kind, name in found}
    kinds = Counter(kind for _, kind, _ in found)
    bills = town.items("billing", f"/v1/bills?account_no={ADJUSTED.account_no}")
    assert {("bill", bill["bill_id"]) for bill in bills} <= reached
    assert kinds["difference"] >= 1
    assert {("difference", name) for name in differences} >= {one for one in reached if one[0] == "difference"}
    for kind in (
        "receivable",
        "correction",
        "bill_line",
        "tariff_version",
        "usage",
        "read",
        "upload",
        "device_message",
    ):
        assert kinds[kind] >= 1, kind
    assert kinds["usage"] == len({bill["version"] for bill in bills if bill["cycle"] == "2026-01"}) + 3


def test_each_correction_is_told_to_the_customer_once(town: Installation) -> None:
    notices = town.items("notify", "/v1/notices")
    corrected = [one for one in notices if one["template"] == "bill_corrected"]
    told = Counter((one["cause_id"], one["party_no"]) for one in corrected)
    made = [one["correction_id"] for home in TOWN for one in corrections(town, home)]
    assert set(told.values()) == {1}, corrected
    assert {cause_id for cause_id, _ in told} == set(made)
    assert len(told) == 2 * len(made), "a home has two contacts"


def test_each_difference_document_is_what_its_bills_differ_by_and_what_is_posted(town: Installation) -> None:
    posted = {
        one["document_id"]: (one["amount_fen"], one["account_no"], one["due_on"], one["cycle"])
        for one in town.items("collection", "/v1/receivables")
        if one["document_kind"] == "difference"
    }
    made = [one for home in TOWN for correction in corrections(town, home) for one in correction["differences"]]
    assert {d["difference_id"]: (d["total_fen"], d["account_no"], d["due_on"], d["cycle"]) for d in made} == posted
    bills = {bill["bill_id"]: bill for bill in town.items("billing", "/v1/bills")}
    for one in made:
        old, new = bills[one["bill_id"]], bills.get(one["replacement_id"])
        assert (old["status"], new is None or new["by_difference"]) == ("adjusted", True)
        assert one["total_fen"] == (new["total_fen"] if new else 0) - old["total_fen"]
        lines = town.call("GET", "billing", f"/v1/differences/{one['difference_id']}")["lines"]
        assert sum(line["difference_fen"] for line in lines) == one["total_fen"] == sum(one["components"].values())
