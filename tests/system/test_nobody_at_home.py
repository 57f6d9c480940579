"""Nobody home for six months: estimated, told each time, warned once; then an appointment by link, kept, and all is settled."""

from pathlib import Path
from typing import Any

import httpx

from shared.testing.smtp import SmtpServer
from tests.kits import orders
from tests.kits.links import LINKED
from tests.kits.notify import contact, started
from tests.kits.reading import Kit, january
from tests.kits.told_facts import account
from tests.system.test_read_day_by_link import press, tell_notify, tell_reading

MONTHS = [f"2026-{month:02}" for month in range(3, 9)]  # read on the first of March to August


async def test_six_months_without_a_read_end_with_an_appointment_that_is_kept(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "notify").mkdir()
    await january(kit)
    with SmtpServer() as server:
        given = LINKED | {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        url = f"sqlite+aiosqlite:///{tmp_path}/notify.db"
        async with started(url, tmp_path / "notify", **given) as api:
            await api.notify.put(contact(1, org_unit="zj", language="zh"))
            await api.notify.handle(account(1, point="S0001"))
            reader = kit.client("reader-7", "reading:field", "reading:read")
            for month in MONTHS:
                await nobody_home(kit, reader, month)
            for kind in ("reading.estimate_made.v1", "reading.point_unreadable.v1"):
                await tell_notify(kit, api, kind)
            texts = [mail.text for mail in server.mails]
            assert sum("无人在家" in text for text in texts) == len(MONTHS), "each estimate says why"
            assert sum("可以中止供电" in text for text in texts) == 1, "six months: warned once"
            tasks = {t["cycle"]: t["status"] for t in await kit.items("tasks", service_point_no="S0001")}
            assert set(tasks.values()) == {"read", "estimated"}

            api.notify.clock.at = api.notify.clock.at.replace(month=8, day=3)
            times = {"visit_on": "2026-08-07", "from_time": "18:00", "to_time": "20:00", "asked_on": "2026-08-03"}
            item = {"appointment_no": "A1", "service_point_no": "S0001", "reader": "reader-7", "proposed_by": "reader"}
            assert (await reader.post("/v1/appointments", json={"items": [item | times]})).status_code == 200
            await tell_notify(kit, api, "reading.visit_proposed.v1")
            asked = server.mails[-1]
            assert "2026-08-07" in asked.text
            assert (await press(api, asked, "yes")).status_code == 200
            await tell_reading(api, kit, "notify.customer_answered.v1")
            await tell_notify(kit, api, "reading.appointment_changed.v1")
            assert "2026-08-07 18:00 至 20:00 上门抄表" in server.mails[-1].text

    (order,) = await kit.items("site-orders")
    at = "2026-08-07T18:20:00+08:00"
    seen = orders.report(order["order_no"], "read", visited_at=at, **orders.registers("860.00"))
    assert await orders.tell(reader, seen) == ["awaiting_approval"]
    assert await orders.decide(kit.clerk, {"order_no": order["order_no"], "version": 2}) == ["done"]
    (appointment,) = await kit.items("appointments")
    assert appointment["state"] == "kept"
    await kit.plan("2026-09-01")
    await kit.push_one("M0001", "2026-09-01", "900.00")
    standing = await kit.usages()
    assert standing[-1]["quality"] == "actual"
    assert sum(int(usage["energy_wh"]["import"]) for usage in standing) == 800_000, (
        "the estimates are settled by the reads"
    )


async def nobody_home(kit: Kit, reader: httpx.AsyncClient, month: str) -> None:
    """The reader enters on the spot that nobody was home; somebody else releases the batch; the window closes."""
    day = f"{month}-01"
    await kit.plan(day)
    entry: dict[str, Any] = {"entry_no": f"p{month}", "service_point_no": "S0001", "seen_at": f"{day}T10:00:00+08:00"}
    entry |= {"unread_reason": "nobody_home"}
    for _ in range(2):  # the phone was offline, and sends it twice
        answer = await reader.post("/v1/field-entries", json={"items": [entry]})
        assert answer.status_code == 200, answer.text
    (batch,) = [each for each in await kit.items("field-batches") if each["read_date"] == day]
    shown = (await kit.clerk.get(f"/v1/field-batches/{batch['batch_id']}")).json()
    body = {"content_hash": shown["content_hash"]}
    released = await kit.clerk.post(f"/v1/field-batches/{batch['batch_id']}/release", json=body)
    assert released.status_code == 200, released.text
    await kit.close(f"{month}-02")
