"""A shop that pays before it uses, on four services over REST: warned, told, cut by two, and let go by a top-up in time."""

from pathlib import Path
from typing import Any

from shared.testing.smtp import SmtpServer
from tests.kits import street
from tests.kits.calls import Line
from tests.kits.prepaid_line import SHOP, approve_cut, shop, switched, the_cut, top_up, until, used


def about(server: SmtpServer, words: str) -> int:
    """Count the messages that say something; one that was in doubt may have been sent again."""
    return len({mail.message_id for mail in server.mails if words in " ".join(mail.text.split())})


async def switch(line: Line, *, stopped: bool) -> None:
    """Let no bill go out, or let them go again."""
    headers = {"Authorization": f"Bearer {line.tokens['clerk']}"}
    seen = (await line.clients["billing"].get("/v1/release-switch", headers=headers)).headers["ETag"]
    body = {"stopped": stopped, "reason": "prices are looked at"}
    answer = await line.clients["billing"].put("/v1/release-switch", json=body, headers=headers | {"If-Match": seen})
    assert answer.is_success, answer.text


async def agree(line: Line) -> None:
    await line.quiet()
    await line.agrees(["2026-01", "2026-02"])


async def test_a_week_ends_with_a_top_up_two_minutes_before_the_cut(tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with shop(tmp_path / "town", server, imminent_minutes=2) as line:
            await used(line, "2026-02-01", 720, 4)
            found = await until(line, lambda now: now["through"] == "2026-02-05")
            assert (found["available_fen"], found["estimate_fen"], found["state"]) == (6_000, 4_000, "enough")
            await used(line, "2026-02-05", 800, 2)
            await until(line, lambda now: now["state"] == "low")
            await used(line, "2026-02-07", 840, 5)
            found = await until(line, lambda now: now["told_at"] is not None)
            assert (found["available_fen"], found["state"]) == (-1_000, "overdrawn")
            await approve_cut(line)
            cut = await the_cut(line, "imminent")
            assert (cut["cause"], cut["order_no"]) == ("prepaid", "")
            await top_up(line, 5_000, "2026-02-12")
            assert (await the_cut(line, "ended"))["code"] == "settled"
            left = await until(line, lambda now: now["state"] == "low")
            assert left["available_fen"] == 4_000, "less than 50 yuan, of which he was warned already"
            await line.quiet()
            assert await line.items("reading", "/v1/supply-orders") == []
            await agree(line)
    assert about(server, "CNY 40.00 is left") + about(server, "可用余额 40.00 元") == 1, "once a level"
    assert about(server, "CNY 10.00 is owed") + about(server, "欠 10.00 元") == 1


async def test_what_was_cut_is_restored_by_a_top_up(tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with shop(tmp_path / "town", server) as line:
            await used(line, "2026-02-01", 720, 11)
            await approve_cut(line)
            await the_cut(line, "ordered")
            await switched(line, "cut")
            await the_cut(line, "cut")
            await top_up(line, 5_000, "2026-02-12")
            await the_cut(line, "restoring")
            await switched(line, "restore")
            assert (await the_cut(line, "ended"))["code"] == "restored"
            await agree(line)


async def test_a_held_bill_counts_once_and_what_it_and_its_estimate_differ_by_is_said_line_by_line(
    tmp_path: Path,
) -> None:
    with SmtpServer() as server:
        async with shop(tmp_path / "town", server) as line:
            await top_up(line, 50_000, "2026-02-02")
            await used(line, "2026-02-01", 720, 26)
            await until(line, lambda now: now["through"] == "2026-02-27")
            await switch(line, stopped=True)
            shown: dict[str, Any] = {SHOP.meter_no: {"import": "1270.00"}}
            await street.read(line, "2026-03-01", shown)
            await street.push(line, "2026-03-03", {SHOP.meter_no: {"import": "1310.00"}})
            before = await until(line, lambda now: now["through"] == "2026-03-03")
            assert (before["estimate_fen"], before["owed_fen"]) == (29_500, 0), (
                "the bill is not out, and in the estimate"
            )
            await switch(line, stopped=False)
            await street.job(line, "billing", "release-runs", "2026-03-02")
            after = await until(line, lambda now: now["estimate_fen"] == 2_000)
            assert after["available_fen"] == before["available_fen"] == 30_500
            (bill,) = await line.items("billing", "/v1/bills?cycle=2026-02&status=issued")
            said = await line.call("GET", "billing", f"/v1/bills/{bill['bill_id']}/estimate")
            assert (said["estimate_fen"], said["bill_fen"], said["difference_fen"]) == (26_000, 27_500, 1_500)
            assert sum(one["difference_fen"] for one in said["lines"]) == 1_500
            assert said["reasons"] == ["days_not_estimated", "other_energy"]
            await agree(line)
