"""From the first reminder to zero on four services over REST: patience, a cut and its end, a payment by a second, no proof."""

from pathlib import Path
from typing import Any

from shared.testing.smtp import SmtpServer
from tests.kits import arrears_line as kit
from tests.kits import street
from tests.kits.arrears_line import FAMILY, SHOP, case_of, orders, owing, pay, plan_today, switched, the_cut, until
from tests.kits.calls import Line


def texts(server: SmtpServer, address: str) -> list[str]:
    """Return what was said to somebody, each message once."""
    said = {mail.message_id: " ".join(mail.text.split()) for mail in server.mails if mail.recipient == address}
    return list(said.values())


async def agree(line: Line) -> None:
    await line.quiet()
    await line.agrees(["2026-01"])


async def test_a_family_that_pays_late_is_met_with_patience_and_owes_what_being_late_costs(tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with owing(tmp_path / "town", server) as line:
            await kit.remind(line, "2026-02-26")
            case = await case_of(line, FAMILY)
            assert (case["track"], case["stage"], case["state"]) == ("resident", 1, "open")
            await pay(line, FAMILY, 5_000, "2026-03-04")
            await street.job(line, "collection", "charge-late-fees", "2026-03-05")
            found = await line.items("collection", f"/v1/receivables?account_no={FAMILY.account_no}&status=open")
            # ten days at 1 per mille of 50 yuan are 50 fen: the least is a yuan
            assert [(one["document_kind"], one["outstanding_fen"]) for one in found] == [("late_fee", 100)]
            await pay(line, FAMILY, 100, "2026-03-06")
            await kit.remind(line, "2026-03-10")
            assert (await case_of(line, FAMILY))["state"] == "closed"
            await street.job(line, "collection", "judge-standings", "2026-03-31")
            said: dict[str, Any] = await line.call("GET", "collection", f"/v1/accounts/{FAMILY.account_no}")
            assert said["outstanding_fen"] == 0
            await agree(line)
        assert sum("逾期" in text or "overdue" in text for text in texts(server, FAMILY.address)) == 1, "reminded once"


async def test_a_shop_is_cut_after_two_people_and_proof_and_restored_once_it_has_paid(tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with owing(tmp_path / "town", server) as line:
            asked = await kit.propose(line)
            assert await kit.refused(line, asked, "clerk") == "approval.own_request"
            await line.approve(asked, "collection")
            path = f"/v1/cuts?account_no={SHOP.account_no}"
            await until(
                line, "told", lambda: line.items("collection", path), lambda rows: rows[-1]["told_on"] is not None
            )
            assert await plan_today(line) == {"planned": 1}
            (order,) = await orders(line, "cut")
            await switched(line, order["order_no"])
            await the_cut(line, "cut")
            await pay(line, SHOP, 50_000, "2026-04-01")
            await the_cut(line, "restoring")
            (order,) = await orders(line, "restore")
            await switched(line, order["order_no"])
            assert (await the_cut(line, "ended"))["code"] == "restored"
            await agree(line)
        said = " ".join(texts(server, SHOP.address))
    for words in ("will cut this supply", "was cut on", "restored"):
        assert words in said or any("\u4e00" <= sign <= "\u9fff" for sign in said), words


async def test_a_payment_that_overtakes_the_cut_by_a_second_leaves_nobody_cut(tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with owing(tmp_path / "town", server) as line:
            await line.approve(await kit.propose(line), "collection")
            path = f"/v1/cuts?account_no={SHOP.account_no}"
            await until(
                line, "told", lambda: line.items("collection", path), lambda rows: rows[-1]["told_on"] is not None
            )
            await plan_today(line)
            (order,) = await orders(line, "cut")
            await the_cut(line, "ordered")
            await pay(line, SHOP, 50_000, "2026-04-01")
            assert (await the_cut(line, "ended"))["code"] == "settled"
            await switched(line, order["order_no"])  # the fitter had no phone with him
            await the_cut(line, "restoring")
            (back,) = await orders(line, "restore")
            await switched(line, back["order_no"])
            assert (await the_cut(line, "ended"))["code"] == "restored"
            await agree(line)


async def test_who_could_not_be_told_is_not_cut(tmp_path: Path) -> None:
    with SmtpServer(faults=lambda recipient, _tried: "permanent" if "shop" in recipient else "accept") as server:
        async with owing(tmp_path / "town", server) as line:
            await line.approve(await kit.propose(line), "collection")
            await line.quiet()
            assert await plan_today(line) == {"waiting": 1}
            assert (await the_cut(line, "announced"))["code"] == "not_told"
            assert await line.items("reading", "/v1/supply-orders") == []
            await agree(line)
        assert texts(server, SHOP.address) == []
