"""Nobody home, and no estimate: asked by mail, answered on its page, billed by that, and checked by the next read on site."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from shared.events.reading import RouteClosed, UsageMeasured
from shared.testing.smtp import Mail, SmtpServer
from tests.kits import told_facts
from tests.kits.billing import Desk, account
from tests.kits.links import LINKED, opened, path_in
from tests.kits.notify import Api, contact, started
from tests.kits.reading import Kit, january, read
from tests.system.test_read_day_by_link import tell_notify, tell_reading, to

EVENING = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
"""19:30 of the read day in Shanghai."""
TRUE, TOO_MUCH = "S0001", "S0002"
SEEN = {TRUE: "380.00", TOO_MUCH: "325.00"}
"""What the reader sees on the first of April."""


class Told:
    """What billing has heard of reading so far."""

    def __init__(self, kit: Kit, desk: Desk) -> None:
        self.kit, self.desk = kit, desk
        self._heard: dict[type[Any], int] = {}

    async def on(self) -> None:
        await self.desk.measure(*await self._new(UsageMeasured))
        for fact in await self._new(RouteClosed):
            await self.desk.close(fact)
        await self.desk.work()

    async def _new(self, kind: type[Any]) -> list[Any]:
        facts = [kind.model_validate(fact) for fact in await self.kit.published(kind.type)]
        heard = self._heard.get(kind, 0)
        self._heard[kind] = len(facts)
        return facts[heard:]

    async def billed(self, cycle: str) -> dict[str, tuple[int, bool]]:
        """Energy of the bills of a cycle that are issued, and whether it is estimated."""
        found = await self.desk.bills("service_point_no", "energy_wh", "estimated", cycle=cycle, status="issued")
        return {point: (wh, estimated) for point, wh, estimated in found}


async def press(api: Api, mail: Mail, shows: str) -> httpx.Response:
    return await opened(api, "POST", path_in(mail), f"answer=reported&figure.import={shows}")


async def nobody_home(kit: Kit) -> None:
    """The reader enters that nobody was home, another person releases it, and both customers are asked."""
    reader = kit.client("reader-7", "reading:field", "reading:read")
    await kit.plan("2026-03-01")
    entries = [
        {"entry_no": f"p{point}", "service_point_no": point, "seen_at": "2026-03-01T10:00:00+08:00"}
        | {"unread_reason": "nobody_home"}
        for point in (TRUE, TOO_MUCH)
    ]
    assert (await reader.post("/v1/field-entries", json={"items": entries})).status_code == 200
    (batch,) = await kit.items("field-batches")
    path = f"/v1/field-batches/{batch['batch_id']}"
    seen = {"content_hash": (await kit.clerk.get(path)).json()["content_hash"]}
    assert (await kit.clerk.post(f"{path}/release", json=seen)).status_code == 200
    wanted = [
        {"request_no": f"own-{point}", "service_point_no": point, "read_date": "2026-03-01", "asked_on": "2026-03-01"}
        for point in (TRUE, TOO_MUCH)
    ]
    answer = (await reader.post("/v1/own-read-requests", json={"items": wanted})).json()
    assert [each["status"] for each in answer["outcomes"]] == ["done"] * 2


async def test_what_customers_say_by_link_is_billed_and_the_next_read_on_site_checks_it(
    kit: Kit, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "notify").mkdir()
    told = Told(kit, desk)
    for number, point in enumerate((TRUE, TOO_MUCH), 1):
        own = account(number)
        (contract,) = own.contracts
        await desk.open(replace(own, contracts=(replace(contract, service_point_no=point),)))
    await january(kit, 2)
    await told.on()
    with SmtpServer() as server:
        given = LINKED | {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        url = f"sqlite+aiosqlite:///{tmp_path}/notify.db"
        async with started(url, tmp_path / "notify", **given) as api:
            for number, point in enumerate((TRUE, TOO_MUCH), 1):
                await api.notify.put(contact(number, org_unit="zj", language=("zh", "en")[number - 1]))
                await api.notify.handle(told_facts.account(number, point=point))
            await nobody_home(kit)
            api.notify.clock.at = EVENING
            await tell_notify(kit, api, "reading.own_read_asked.v1")
            (mail,), (other,) = to(server.mails, 1), to(server.mails, 2)
            assert "2026-03-01 抄表日我们未能抄到您的电能表" in mail.text
            wrong = await press(api, mail, "二百八十五")
            assert (wrong.status_code, "这不是数字" in wrong.text) == (422, True)
            assert (await press(api, mail, "285.50")).status_code == 200
            assert (await press(api, other, "330")).status_code == 200
            await tell_reading(api, kit, "notify.customer_answered.v1")
            await tell_reading(api, kit, "notify.customer_answered.v1")
    await kit.close("2026-03-02")
    await told.on()
    assert await told.billed("2026-02") == {TRUE: (85_500, False), TOO_MUCH: (130_000, False)}
    assert await own_reads(kit) == {TRUE: "reported", TOO_MUCH: "reported"}

    await kit.plan("2026-04-01")
    await kit.push(*(read(f"M{point[1:]}", "2026-04-01", shows, "site") for point, shows in SEEN.items()))
    await kit.close("2026-04-02")
    await told.on()
    assert await own_reads(kit) == {TRUE: "confirmed", TOO_MUCH: "contradicted"}
    (found,) = await kit.items("findings", code="reading.own_read_contradicted")
    assert (found["service_point_no"], found["entity_id"]) == (TOO_MUCH, "M0002~20260301T113000Z~self")
    assert await told.billed("2026-02") == {TRUE: (85_500, False), TOO_MUCH: (90_320, True)}, "the bill is taken back"
    for point, shows in SEEN.items():
        used: dict[str, int] = {}
        for usage in await kit.usages(point):
            used[usage["period_to"]] = int(usage["energy_wh"]["import"])
        ran = int(float(shows) - 100) * 1000
        assert sum(used.values()) == ran, "the usage is that of the reads on site, whatever was said in between"


async def own_reads(kit: Kit) -> dict[str, str]:
    return {each["service_point_no"]: each["state"] for each in await kit.items("own-reads")}
