"""Who has nothing but an address is told by letter: printed in batches, posted once, and proved by the register."""

import asyncio
import csv
import hashlib
import io
import re
import zipfile
from typing import Any

import pytest
from sqlalchemy import select

from services.notify.letters.tables import LETTER, LETTER_BATCH
from services.notify.sending.gateways.held import Held
from shared.testing.smtp import SmtpServer
from tests.integration.notify.sending.test_sending import running, until
from tests.kits.notify import Api, Contact, contact
from tests.kits.told_facts import issued

ROAD = "杭州市西湖区文三路 {} 号"
BATCHES = "/v1/letter-batches"
ORG = "zj/hangzhou/xihu"


def by_letter(number: int, **more: Any) -> Contact:
    return contact(number, channel="letter", address=ROAD.format(number), language="zh", **more)


async def in_the_tray(api: Api, count: int = 1, **more: Any) -> None:
    """Have the bills of so many people lie in the tray, who have nothing but a postal address."""
    await api.notify.put(*(by_letter(number, **more) for number in range(1, count + 1)))
    await api.notify.handle(*(issued(number) for number in range(1, count + 1)))
    await handed_over(api)


async def handed_over(api: Api) -> None:
    with SmtpServer() as server:
        async with running(api.notify.sender(server.port, gateways={"letters": Held})):
            await until(api.notify, lambda states: all(state not in ("queued", "sending") for state, _ in states))


async def made(api: Api, batch_no: str = "B1", **more: Any) -> dict[str, Any]:
    answer = await api.call("POST", BATCHES, {"batch_no": batch_no, "org_unit": ORG, **more})
    assert answer.status_code == 200, answer.text
    batch: dict[str, Any] = answer.json()
    return batch


async def posted(api: Api, batch_no: str = "B1", **more: Any) -> dict[str, Any]:
    batch = await made(api, batch_no, **more)
    body = {"posted_on": "2026-02-02", "register_hash": batch["register_hash"]}
    answer = await api.call("POST", f"{BATCHES}/{batch_no}/posting", body)
    assert answer.status_code == 200, answer.text
    batch = answer.json()
    assert batch["state"] == "posted"
    return batch


async def lines(api: Api, batch_no: str = "B1") -> list[dict[str, Any]]:
    answer = await api.call("GET", f"{BATCHES}/{batch_no}/register")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def tell(api: Api, *items: dict[str, Any], batch_no: str = "B1", query: str = "") -> list[tuple[str, str | None]]:
    answer = await api.call("POST", f"{BATCHES}/{batch_no}/outcomes{query}", {"items": list(items)})
    assert answer.status_code == 200, answer.text
    return [(outcome["status"], outcome.get("code")) for outcome in answer.json()["outcomes"]]


DELIVERED = {"letter": 1, "outcome": "delivered", "on": "2026-02-02", "register_no": "XA00000000133"}
RETURNED = {"letter": 1, "outcome": "returned", "on": "2026-02-02", "reason": "moved"}


async def test_letters_are_printed_posted_and_what_the_register_says_is_proof(api: Api) -> None:
    await in_the_tray(api, 3)
    waiting = await api.call("GET", "/v1/letters")
    assert [item["account_no"] for item in waiting.json()["items"]] == ["a0001", "a0002", "a0003"]
    assert "文三路" not in waiting.text
    batch = await made(api)
    assert (batch["state"], batch["letters"], batch["made_by"]) == ("made", 3, "clerk-1")
    assert (await api.call("GET", "/v1/letters")).json()["items"] == []
    register = await lines(api)
    assert [(line["letter"], line["name"], line["address"], line["as_printed"]) for line in register] == [
        (number, f"Person c000{number}", ROAD.format(number), True) for number in (1, 2, 3)
    ]
    texts = (await api.call("GET", f"{BATCHES}/B1/texts?format=text")).text.split("\f")
    assert "100.01 元" in texts[0]
    listed = (await api.call("GET", f"{BATCHES}/B1/texts")).json()["items"]
    assert [item["text"] for item in listed] == texts
    assert texts[1].startswith("Person c0002\n杭州市西湖区文三路 2 号\n")
    assert [hashlib.sha256(text.encode()).hexdigest() for text in texts] == [line["content_hash"] for line in register]
    said = "".join(f"{line['letter']},{line['content_hash']}\n" for line in register)
    assert hashlib.sha256(said.encode()).hexdigest() == batch["register_hash"]
    await posted(api)
    assert await tell(api, *(DELIVERED | {"letter": number} for number in (1, 3))) == [("done", None)] * 2
    assert [notice.state for notice in await api.notify.notices()] == ["delivered", "sent", "delivered"]
    facts = await api.notify.published()
    assert [(fact["type"], fact["channel"]) for fact in facts] == [("notify.notice_delivered.v1", "letter")] * 2
    again = await lines(api)
    assert [line["content_hash"] for line in again] == [line["content_hash"] for line in register]
    assert (again[0]["outcome"], again[0]["register_no"], again[1]["outcome"]) == ("delivered", "XA00000000133", "")
    entries = await api.call("GET", "/v1/audit-entries?entity_kind=letter_batch&entity_id=B1")
    assert [entry["action"] for entry in entries.json()["items"]] == ["letters.made", "letters.posted", "letters.told"]
    assert "文三路" not in entries.text
    copy = (await api.call("POST", "/v1/parties/c0001/exports", {"reason": "asked for"})).json()
    ((letter,),) = [notice["letters"] for notice in copy["notices"]["items"]]
    assert (letter["batch_no"], letter["outcome"], letter["register_no"]) == ("B1", "delivered", "XA00000000133")
    looks = await api.call("GET", "/v1/audit-entries?entity_kind=party_read&entity_id=c0002")
    assert {entry["reason"] for entry in looks.json()["items"]} == {"letters B1"}


async def test_the_register_is_a_file_for_a_spreadsheet_and_no_cell_is_a_formula(api: Api) -> None:
    await api.notify.put(by_letter(1))
    evil = '=HYPERLINK("http://x","click") & <here>'
    await api.notify.put(contact(2, channel="letter", address=evil))
    await api.notify.handle(issued(1), issued(2))
    await handed_over(api)
    await made(api)
    text = (await api.call("GET", f"{BATCHES}/B1/register?format=csv")).text
    _, second = csv.DictReader(io.StringIO(text))
    assert second["address"] == f"'{evil}"
    assert len(second["content_hash"]) == 64
    file = await api.call("GET", f"{BATCHES}/B1/register?format=xlsx")
    with zipfile.ZipFile(io.BytesIO(file.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert set(re.findall(r"<c ([^>]*)>", sheet)) == {'t="inlineStr"'}
    assert "&lt;here&gt;" in sheet
    assert ROAD.format(1) in sheet


async def test_what_came_back_goes_the_next_way_and_its_address_is_verified_for_nothing_any_more(api: Api) -> None:
    await in_the_tray(api, also=(("letter", "second address 2"),))
    await posted(api)
    assert await tell(api, RETURNED) == [("done", None)]
    assert await tell(api, RETURNED) == [("already_done", None)]
    await handed_over(api)
    (notice,) = await api.notify.notices()
    assert (notice.state, notice.point_no, notice.way) == ("sent", "2", 1)
    await api.notify.handle(issued(1, bill_id="bill-0009"))
    assert {each.point_no for each in await api.notify.notices()} == {"2"}
    batch = await posted(api, "B2")
    assert batch["letters"] == 1
    assert await tell(api, RETURNED, batch_no="B2") == [("done", None)]
    (first, *_) = [each for each in await api.notify.notices() if each.cause_id == "bill-0001"]
    assert (first.state, first.code) == ("failed", "letter.moved")
    assert [fact["reason"] for fact in await api.notify.published()] == ["letter.moved"]


async def test_an_address_that_was_put_since_is_not_what_came_back(api: Api) -> None:
    await in_the_tray(api)
    await posted(api)
    await api.notify.put(contact(1, channel="letter", address="where they live now"))
    assert await tell(api, RETURNED) == [("done", None)]
    await api.notify.handle(issued(1, bill_id="bill-0002"))
    assert await api.notify.unaddressed() == []


async def test_many_offices_at_once_never_have_a_letter_twice(api: Api) -> None:
    await in_the_tray(api, 12)
    offices = (api.call("POST", BATCHES, {"batch_no": f"B{n}", "org_unit": ORG, "letters_max": 5}) for n in range(4))
    answers = await asyncio.gather(*offices)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 409]
    found = [
        line["notice_id"] for n, answer in enumerate(answers) if answer.is_success for line in await lines(api, f"B{n}")
    ]
    assert len(found) == len(set(found)) == 12


async def test_a_crash_before_the_end_leaves_the_letters_in_the_tray(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await in_the_tray(api, 2)

    def crash(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("services.notify.letters.use_cases._entry", crash)
        answer = await api.call("POST", BATCHES, {"batch_no": "B1", "org_unit": ORG})
    assert answer.status_code == 500
    assert len((await api.call("GET", "/v1/letters")).json()["items"]) == 2
    assert (await made(api))["letters"] == 2


async def test_a_batch_made_again_is_the_same_and_cancelled_gives_its_letters_back(api: Api) -> None:
    await in_the_tray(api, 2)
    batch = await made(api)
    assert await made(api) == batch
    other = {"batch_no": "B1", "org_unit": "zj"}
    assert await api.refused("POST", BATCHES, other) == (409, "letters.batch_no_taken")
    assert await api.refused("POST", BATCHES, other | {"batch_no": "B2"}) == (409, "letters.none_waiting")
    path = f"{BATCHES}/B1/cancellation"
    for _ in range(2):
        assert (await api.call("POST", path, {"reason": "out of paper"})).json()["state"] == "cancelled"
    assert await lines(api) == []
    posting = {"posted_on": "2026-02-02", "register_hash": batch["register_hash"]}
    assert await api.refused("POST", f"{BATCHES}/B1/posting", posting) == (409, "letters.batch_not_open")
    await posted(api, "B2")
    assert len(await lines(api, "B2")) == 2
    cancel = {"reason": "too late"}
    assert await api.refused("POST", f"{BATCHES}/B2/cancellation", cancel) == (409, "letters.batch_not_open")


async def test_nothing_is_posted_to_a_door_that_was_corrected_since_it_was_printed(api: Api) -> None:
    await in_the_tray(api, 2)
    batch = await made(api)
    await api.notify.put(contact(1, channel="letter", address="another door"))
    changed, same = await lines(api)
    assert (changed["as_printed"], changed["address"], same["as_printed"]) == (False, "", True)
    assert len((await api.call("GET", f"{BATCHES}/B1/texts?format=text")).text.split("\f")) == 1
    body = {"posted_on": "2026-02-02", "register_hash": batch["register_hash"]}
    assert await api.refused("POST", f"{BATCHES}/B1/posting", body) == (409, "letters.changed")
    await api.call("POST", f"{BATCHES}/B1/cancellation", {"reason": "printed anew"})
    await posted(api, "B2")
    assert [line["address"] for line in await lines(api, "B2")] == ["another door", ROAD.format(2)]


async def test_a_batch_is_posted_with_the_hash_of_its_register_on_a_day_that_can_be(api: Api) -> None:
    await in_the_tray(api)
    batch = await made(api)
    body = {"posted_on": "2026-02-02", "register_hash": batch["register_hash"]}
    path = f"{BATCHES}/B1/posting"
    assert await api.refused("POST", path, body | {"register_hash": "0" * 64}) == (409, "letters.register_hash_differs")
    for day in ("2026-02-01", "2026-02-03"):
        assert await api.refused("POST", path, body | {"posted_on": day}) == (422, "letters.bad_day")
    assert await api.refused("POST", f"{BATCHES}/B1/outcomes", {"items": [DELIVERED]}) == (409, "letters.not_posted")
    first = await posted(api)
    assert (first["posted_on"], first["posted_by"]) == ("2026-02-02", "clerk-1")
    assert (await api.call("POST", path, body)).json() == first


async def test_each_letter_is_answered_by_itself_and_a_dry_run_stores_nothing(api: Api) -> None:
    await in_the_tray(api, 4)
    await posted(api)
    items = [
        DELIVERED,
        RETURNED | {"letter": 2},
        DELIVERED | {"letter": 3, "register_no": ""},
        RETURNED | {"letter": 9},
        RETURNED | {"letter": 4, "on": "2026-02-03"},
    ]
    expected = [
        ("done", None),
        ("done", None),
        ("refused", "letter.register_no_missing"),
        ("refused", "letter.unknown"),
        ("refused", "letter.bad_day"),
    ]
    assert await tell(api, *items, query="?dry_run=true") == expected
    assert {line["outcome"] for line in await lines(api)} == {""}
    assert await api.notify.published() == []
    assert await tell(api, *items) == expected
    assert await tell(api, RETURNED, DELIVERED | {"register_no": "other"}) == [
        ("refused", "request.repeated_in_batch"),
        ("refused", "request.repeated_in_batch"),
    ]
    assert await tell(api, RETURNED) == [("refused", "letter.delivered_already")]
    assert await tell(api, DELIVERED | {"register_no": "other"}) == [("conflicting_duplicate", None)]


async def test_the_register_with_the_outcomes_filled_in_is_taken_as_a_file(api: Api) -> None:
    await in_the_tray(api, 3)
    await posted(api)
    text = (await api.call("GET", f"{BATCHES}/B1/register?format=csv")).text
    rows = list(csv.DictReader(io.StringIO(text)))
    rows[0] |= {"outcome": "delivered", "on": "2026/2/2", "register_no": "XA00000000133"}
    rows[2] |= {"outcome": "returned", "on": "2026-02-02", "reason": "refused"}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)

    async def upload(content: bytes, query: str = "") -> Any:
        return await api.call_with(f"{BATCHES}/B1/outcomes/csv{query}", content, "text/csv")

    for query in ("?dry_run=true", ""):
        answer = await upload(out.getvalue().encode("gb18030"), query)
        assert [(each["id"], each["status"]) for each in answer.json()["outcomes"]] == [("1", "done"), ("3", "done")]
    assert [line["outcome"] for line in await lines(api)] == ["delivered", "", "returned"]
    for broken in (
        b"letter\n1\n",
        b"letter,outcome,on\nx,delivered,2026-02-02\n",
        b"letter,outcome,on\n1,lost,2026-02-02\n",
    ):
        assert (await upload(broken)).status_code == 422


async def test_a_letter_that_never_came_back_counts_as_delivered_by_policy_and_goes_on_if_it_does(api: Api) -> None:
    await in_the_tray(api, 1, also=(("letter", "second address 2"),))
    await posted(api)

    async def presume(day: str) -> dict[str, int]:
        answer = await api.call("POST", "/v1/jobs/presume-letters/runs", {"business_date": day})
        assert answer.status_code == 200, answer.text
        counts: dict[str, int] = answer.json()["counts"]
        return counts

    api.notify.clock.move(days=15)
    assert await presume("2026-02-16") == {}
    assert await presume("2026-02-17") == {"presumed": 1}
    assert [line["outcome"] for line in await lines(api)] == ["presumed"]
    assert await api.notify.states() == [("delivered", "")]
    assert [fact["type"] for fact in await api.notify.published()] == ["notify.notice_delivered.v1"]
    assert await tell(api, RETURNED | {"on": "2026-02-17"}) == [("done", None)]
    assert await api.notify.states() == [("queued", "letter.moved")]


async def test_the_wait_for_what_becomes_of_a_letter_begins_when_it_is_posted(api: Api) -> None:
    await in_the_tray(api)
    api.notify.clock.move(days=50)
    batch = await made(api)
    body = {"posted_on": "2026-03-24", "register_hash": batch["register_hash"]}
    assert (await api.call("POST", f"{BATCHES}/B1/posting", body)).status_code == 200
    (notice,) = await api.notify.notices()
    assert (notice.due_at - api.notify.clock.now()).days == 60


async def test_addresses_are_kept_as_hashes_that_nobody_can_guess(api: Api) -> None:
    await in_the_tray(api, 2)
    await made(api)
    async with api.notify.database.view() as view:
        rows = [*await view.all(select(LETTER)), *await view.all(select(LETTER_BATCH))]
    stored = repr([tuple(row) for row in rows])
    assert "文三路" not in stored
    text, _ = (await api.call("GET", f"{BATCHES}/B1/texts?format=text")).text.split("\f")
    mark = text.split()[-1]
    assert len(mark) == 32
    assert mark not in stored


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/register"), ("GET", "/texts?format=text"), ("POST", "/cancellation"), ("POST", "/posting")],
)
async def test_a_batch_of_another_bureau_is_not_there(api: Api, method: str, path: str) -> None:
    await in_the_tray(api)
    await made(api)
    body = {"/cancellation": {"reason": "x"}, "/posting": {"posted_on": "2026-02-02", "register_hash": "0" * 64}}.get(
        path
    )
    assert await api.refused(method, f"{BATCHES}/B1{path}", body, org_units=("js",)) == (404, "letter_batch.unknown")
    assert await api.refused(method, f"{BATCHES}/B1{path}", body, scopes=("notify:read",)) == (
        403,
        "auth.missing_scope",
    )


async def test_a_batch_is_made_in_as_many_statements_whatever_its_size(api: Api) -> None:
    await in_the_tray(api, 30)
    await made(api, "B0", letters_max=1)
    counts = []
    for number, size in (("B1", 2), ("B2", 20)):
        with api.notify.statements() as seen:
            await made(api, number, letters_max=size)
        counts.append(len(seen))
    assert counts[0] == counts[1]
