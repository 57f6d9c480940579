"""From a usage back to the device's message."""

from tests.kits.reading import Kit, read


async def test_a_usage_names_its_reads_and_a_read_the_upload_that_brought_it(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    outcome = await kit.push_one("M0001", "2026-02-01", "350.50")
    (usage,) = await kit.usages()
    assert usage["derived_from"] == [{"service": "reading", "kind": "read", "id": outcome["id"]}]
    shown = (await kit.clerk.get(f"/v1/reads/{outcome['id']}")).json()
    assert shown["derived_from"] == [{"service": "reading", "kind": "upload", "id": shown["upload_id"]}]


async def test_a_usage_is_traced_to_its_reads_their_upload_and_the_device_message(kit: Kit) -> None:
    await kit.district()
    await kit.device("headend-1")
    await kit.plan("2026-02-01")
    await kit.push_as_device("headend-1", read("M0001", "2026-02-01", "150.00"), nonce="n" * 20)
    kind, id = "usage", (await kit.usages())[0]["usage_id"]
    kinds, document = [kind], {}
    while True:
        node = (await kit.admin.get(f"/v1/trace/{kind}/{id}")).json()
        document = node["document"]
        if not node["derived_from"]:
            break
        (origin,) = node["derived_from"]
        kind, id = origin["kind"], origin["id"]
        kinds.append(kind)
    assert kinds == ["usage", "read", "upload", "device_message"]
    assert (document["message_id"], document["sender"]) == ("n" * 20, "headend-1")


async def test_an_upload_counts_all_that_it_brought_what_was_malformed_too(kit: Kit) -> None:
    await kit.district()
    outcomes = await kit.push(
        read("M0001", "2026-02-01", "150.00"), read("M9", "2026-02-01", "1.00"), "no read", read("M0001", "x", "1.00")
    )
    upload_id = (await kit.clerk.get(f"/v1/reads/{outcomes[0]['id']}")).json()["upload_id"]
    totals = (await kit.admin.get(f"/v1/trace/upload/{upload_id}")).json()["document"]
    assert [totals[name] for name in ("received", "accepted", "waiting", "refused")] == [4, 1, 0, 3]


async def test_what_is_not_there_is_not_traced(kit: Kit) -> None:
    for kind, id in (
        ("upload", "none"),
        ("device_message", "none~x"),
        ("read", "M9~20260201T160000Z~remote"),
        ("read", "nonsense"),
        ("usage", "none"),
    ):
        assert (await kit.admin.get(f"/v1/trace/{kind}/{id}")).status_code == 404


async def test_what_customers_are_asked_and_told_is_traced_to_what_was_asked_for(kit: Kit) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "150.00")
    asked = {"route_no": "R1", "reason": "balance", "explanation": "Frau Li wants it.", "asked_on": "2026-02-02"}
    for body in (
        asked | {"request_no": "RD-1", "service_point_nos": ["S0001"], "read_day": 20, "from_cycle": "2026-03"},
        asked | {"request_no": "RD-2", "service_point_nos": ["S0002"], "visit_on": "2026-02-20"},
    ):
        assert (await kit.clerk.post("/v1/read-day-requests", json=body)).status_code == 200
    times = {"visit_on": "2026-02-05", "from_time": "09:00", "to_time": "10:00", "asked_on": "2026-02-02"}
    arranged = {"appointment_no": "A1", "service_point_no": "S0001", "proposed_by": "customer", "way": "call"}
    await kit.clerk.post("/v1/appointments", json={"items": [arranged | times]})
    (told,) = await kit.published("reading.appointment_changed.v1")
    doubt = {"dispute_no": "D1", "service_point_no": "S0001", "cycles": ["2026-01"], "channel": "counter"}
    doubt |= {"raised_by": "customer", "reason": "high_usage", "words": "Frau Li doubts it.", "opened_on": "2026-02-02"}
    opened = await kit.clerk.post("/v1/disputes", json={"items": [doubt]})
    assert opened.json()["outcomes"][0]["status"] == "done", opened.text
    for kind, id in (
        ("read_day_change", "RD-1"),
        ("read_day_visit", "RD-2"),
        ("appointment", "A1"),
        ("appointment", f"{told['appointment_id']}~agreed"),
        ("unreadable", "S0001~2026-02-01"),
        ("dispute", "D1"),
    ):
        answer = await kit.admin.get(f"/v1/trace/{kind}/{id}")
        assert answer.status_code == 200, (kind, answer.text)
        assert "Li" not in answer.text
    for kind, id in (("read_day_visit", "RD-1"), ("appointment", "A9"), ("unreadable", "S0001"), ("unreadable", "a~b")):
        assert (await kit.admin.get(f"/v1/trace/{kind}/{id}")).status_code == 404, (kind, id)
