"""A reader who guesses, on four services: found by three rules, decided on, read again, corrected by two people, in the money.

His phone is offline on every read day: it posts what it has twice, overlapping and in another order.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.command import local
from services.command.local import SCOPES
from tests.kits import calls
from tests.kits.calls import Line
from tests.kits.parties import person
from tests.unit.billing.rating.documents import PLAIN

UNIT = "zj/hangzhou"
READ_DATES = ("2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01")
CYCLES = ("2026-01", "2026-02", "2026-03", "2026-04")
FEN_PER_KWH = 50
SHOWN: Mapping[str, Sequence[str]] = {
    "estimate": ("200.00", "286.80", "382.90", "476.40"),  # 3.1 kWh a day in February, and so on, to half a kWh
    "round": ("210.00", "290.00", "380.00", "490.00"),
    "step": ("203.20", "287.40", "371.60", "455.80"),
    "honest": ("197.30", "270.10", "366.90", "440.00"),
}
"""What the reader says that the meters of four homes show; all began the year with 100 kWh."""
GUESSES = {
    "estimate": ("conduct.guess_estimate", {"cycles": 2, "tolerance_wh": 500}),
    "round": ("conduct.guess_round", {"cycles": 4, "kwh": 10}),
    "step": ("conduct.guess_step", {"cycles": 3, "step_wh": 84_200}),
}
READER, INSPECTOR = "reader-7", "inspector-1"
SEEN_AGAIN = {"estimate": "430.00", "round": "563.50"}
"""What the inspector sees on 13 May: at one home less than the reader has said twelve days before."""
TRUE = {"estimate": "426.40", "round": "529.50"}
OWED_FEN = {  # by hand: the steps of `SHOWN` at half a yuan
    "estimate": (5000, 4340, 4805, 4675),
    "round": (5500, 4000, 4500, 5500),
    "step": (5160, 4210, 4210, 4210),
    "honest": (4865, 3640, 4840, 3655),
}
CORRECTED_FEN = {"estimate": 2175, "round": 7475}  # 43.5 and 149.5 kWh of April


async def set_up(line: Line) -> None:
    for who in (READER, INSPECTOR):
        line.tokens[who] = local.mint(line.town.settings["reading"], subject=who, scopes=SCOPES, seconds=3600)
    await line.approve(await line.call("PUT", "billing", "/v1/tariffs/t/plain/versions/1", PLAIN))
    register = {"quantity": "import", "digits": 6, "scale": 2}
    installed = {"installed_on": "2026-01-01", "unit": "kWh", "opening": {"import": "100.00"}}
    for path, items in (
        ("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}]),
        ("service-points", [{"service_point_no": home, "route_no": "R1"} for home in SHOWN]),
        ("meters", [{"meter_no": f"M-{home}", "org_unit": UNIT, "registers": [register]} for home in SHOWN]),
        ("installations", [{"service_point_no": home, "meter_no": f"M-{home}"} | installed for home in SHOWN]),
    ):
        await line.call("PUT", "reading", f"/v1/{path}", {"items": items})
    for home in SHOWN:
        contract = {"contract_no": f"C-{home}", "service_point_no": home, "from": "2026-01-01"}
        account = {
            "org_unit": UNIT,
            "opened_on": "2026-01-01",
            "facts": [{"from": "2026-01-01", "customer_class": "residential"}],
            "contracts": [contract | {"tariffs": [{"from": "2026-01-01", "tariff": "t/plain"}]}],
        }
        await line.call("PUT", "billing", f"/v1/accounts/{home}", account)
        told = person(f"P-{home}", home, UNIT, f"{home}@example.org", since="2026-01-01")
        await line.call("PUT", "notify", "/v1/parties", {"items": [told]})
    await line.quiet()


async def post(line: Line, path: str, *items: Any, who: str) -> list[str]:
    """Return what became of each item, by its code where it was refused."""
    headers = {"Authorization": f"Bearer {line.tokens[who]}"}
    answer = await line.clients["reading"].post(f"/v1/{path}", json={"items": items}, headers=headers)
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def month(line: Line, n: int) -> None:
    """A cycle: the phone comes back into the net in the evening, and another person releases what it brings."""
    day = READ_DATES[n]
    await line.call("POST", "reading", "/v1/jobs/plan-cycles/runs", {"business_date": day})
    phone = [
        {"entry_no": f"{day}-{home}", "meter_no": f"M-{home}", "seen_at": f"{day}T09:0{at}:00+08:00"}
        | {"unit": "kWh", "registers": {"import": SHOWN[home][n]}}
        for at, home in enumerate(SHOWN)
    ]
    danger = {"observation_no": f"{day}-danger", "kind": "danger", "severity": "high"}
    phone[0] |= {"observations": [danger]}
    assert await post(line, "field-entries", *phone[1:], who=READER) == ["accepted"] * 3
    assert await post(line, "field-entries", *reversed(phone), who=READER) == ["already_accepted"] * 3 + ["accepted"]
    told = [each["observation_no"] for each in await line.items("reading", "/v1/observations")]
    assert told == [f"{each}-danger" for each in READ_DATES[: n + 1]], "it waits for no release"

    (batch,) = await line.items("reading", "/v1/field-batches?open=true")
    path = f"/v1/field-batches/{batch['batch_id']}"
    seen = {"content_hash": (await line.call("GET", "reading", path))["content_hash"]}
    refused = await line.clients["reading"].post(
        f"{path}/release", json=seen, headers={"Authorization": f"Bearer {line.tokens[READER]}"}
    )
    assert refused.json()["code"] == "reading.reader_is_uploader"
    released = await line.call("POST", "reading", f"{path}/release", seen)
    assert [each["status"] for each in released["outcomes"]] == ["accepted"] * 4
    assert await post(line, "field-entries", *phone, who=READER) == ["already_accepted"] * 4
    after = f"{day[:-2]}02"
    await line.call("POST", "reading", "/v1/jobs/close-routes/runs", {"business_date": after})
    await line.quiet()


async def found_and_decided(line: Line) -> None:
    await line.call("POST", "reading", "/v1/jobs/find-conduct/runs", {"business_date": "2026-05-12"})
    found = {each["subject"]: each for each in await line.items("reading", "/v1/conduct-findings?cycle=2026-04")}
    assert {home: (each["rule"], each["numbers"]) for home, each in found.items()} == GUESSES
    assert {each["reader"] for each in found.values()} == {READER}
    verdicts = {"estimate": "confirmed", "round": "confirmed", "step": "explained"}  # a pump that runs by a clock
    said = [
        {"finding_id": found[home]["finding_id"], "version": 1, "verdict": verdict, "explanation": "seen_on_site"}
        for home, verdict in verdicts.items()
    ]
    decisions = "conduct-findings/decisions"
    assert await post(line, decisions, *said, who=READER) == ["reading.own_conduct"] * 3
    assert await post(line, decisions, *said, who="reviewer") == ["done"] * 3
    again = await line.call("POST", "reading", "/v1/jobs/find-conduct/runs", {"business_date": "2026-05-13"})
    assert again["counts"]["found"] == 0
    decided = await line.items("reading", "/v1/conduct-findings?cycle=2026-04")
    assert {each["subject"]: (each["state"], each["decided_by"]) for each in decided} == {
        home: (verdict, "reviewer") for home, verdict in verdicts.items()
    }


async def read_again(line: Line) -> None:
    """Site orders of a second look, done by somebody else than the reader, and released by a third one."""
    asked = {"kind": "reread", "asked_on": "2026-05-12", "reason": "suspected_guess", "cycle": "2026-04"}
    orders = [asked | {"order_no": f"look-{home}", "service_point_no": home} for home in SEEN_AGAIN]
    assert await post(line, "site-orders", *orders, who="clerk") == ["done"] * 2
    reports = [
        {"order_no": f"look-{home}", "visited_at": "2026-05-13T10:00:00+08:00", "result": "read_otherwise"}
        | {"meter_no": f"M-{home}", "unit": "kWh", "registers": {"import": value}}
        for home, value in SEEN_AGAIN.items()
    ]
    assert await post(line, "site-orders/reports", *reports, who=INSPECTOR) == ["awaiting_approval"] * 2
    seen = [{"order_no": f"look-{home}", "version": 2} for home in SEEN_AGAIN]
    assert await post(line, "site-orders/decisions", *seen, who=INSPECTOR) == ["reading.reader_is_uploader"] * 2
    assert await post(line, "site-orders/decisions", *seen, who="clerk") == ["done"] * 2
    done = await line.items("reading", "/v1/site-orders?state=done")
    assert {each["service_point_no"]: each["registers"]["import"] for each in done} == SEEN_AGAIN
    await line.quiet()
    assert await line.items("billing", "/v1/corrections") == [], "a read of another day leaves the doubted one"


async def corrected(line: Line) -> None:
    """The guess is corrected by who did not see the registers; what that changes of a bill two people decide on."""
    for home, value in TRUE.items():
        (usage,) = await line.items("reading", f"/v1/usages?service_point_no={home}&cycle=2026-04")
        (read_id,) = [each for each in usage["read_ids"] if each.startswith(f"M-{home}~20260501")]
        body = {"unit": "kWh", "registers": {"import": value}, "reason": "guessed", "reader": INSPECTOR}
        path = f"/v1/reads/{read_id}/correction"
        for who in (READER, INSPECTOR):
            headers = {"Authorization": f"Bearer {line.tokens[who]}"}
            answer = await line.clients["reading"].post(path, json=body, headers=headers)
            assert answer.json()["code"] == "reading.reader_is_uploader"
        await line.call("POST", "reading", path, body)
    await line.quiet()
    proposed = await line.items("billing", "/v1/bills?status=proposed")
    assert {bill["account_no"]: bill["total_fen"] for bill in proposed} == CORRECTED_FEN
    for bill in proposed:
        said = {"decision": "approve", "explanation": "read again", "business_date": "2026-05-14"}
        await line.decide(bill, said)
    await line.quiet()


async def balances(line: Line) -> dict[str, int]:
    return {home: (await line.call("GET", "collection", f"/v1/accounts/{home}"))["balance_fen"] for home in SHOWN}


async def told(line: Line) -> dict[str, list[str]]:
    """What customers were told of April, by home."""
    path = "/v1/notices?cycle=2026-04&state=delivered"
    found = await line.items("notify", path)
    return {home: sorted(each["template"] for each in found if each["account_no"] == home) for home in SHOWN}


async def test_a_reader_who_guesses_is_found_by_three_rules_and_what_he_guessed_is_put_right(tmp_path: Path) -> None:
    async with calls.line(tmp_path / "line", by_two=["bill.decision"]) as line:
        await set_up(line)
        for n in range(len(READ_DATES)):
            await month(line, n)
        await line.call(
            "POST", "billing", "/v1/jobs/release-runs/runs", {"business_date": "2026-05-08"}
        )  # after the holidays
        await line.quiet()
        bills = await line.items("billing", "/v1/bills?status=issued")
        issued = {
            home: sorted((b["cycle"], b["total_fen"]) for b in bills if b["account_no"] == home) for home in SHOWN
        }
        assert issued == {home: list(zip(CYCLES, fen, strict=True)) for home, fen in OWED_FEN.items()}
        for home, fen in OWED_FEN.items():
            steps = [float(b) - float(a) for a, b in zip(("100.00", *SHOWN[home]), SHOWN[home], strict=False)]
            assert [round(step * FEN_PER_KWH) for step in steps] == list(fen)
        payment = {"account_no": "estimate", "amount_fen": sum(OWED_FEN["estimate"]), "received_on": "2026-05-05"}
        await line.call("POST", "collection", "/v1/payments", payment, key="all-of-it")

        await found_and_decided(line)
        await read_again(line)
        before = await balances(line)
        assert before == {home: sum(fen) for home, fen in OWED_FEN.items()} | {"estimate": 0}
        await corrected(line)

        assert await balances(line) == before | {"estimate": 2175 - 4675, "round": before["round"] + 7475 - 5500}
        of_bill = ["bill_corrected", "bill_issued"]
        assert await told(line) == {home: of_bill if home in TRUE else ["bill_issued"] for home in SHOWN}
        assert await line.items("billing", "/v1/waiting-usages") == []
        await line.agrees(CYCLES)
