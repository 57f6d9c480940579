"""One customer pays before he uses (费控) from March on; and the arrears of a month on their way to zero."""

from datetime import date, timedelta

from services.demo import setup
from services.demo.play import NEW
from services.demo.stage import Stage
from services.demo.stories import MONTHS

STORY = "normal_payment"
SINCE = MONTHS[-1].read_on
DAYS = 5
TOP_UP_FEN = 20_000


async def begin(stage: Stage) -> None:
    """Change how a contract is paid, take a top-up, and push what its meter shows each day."""
    i = stage.district.stories[STORY]
    (account,) = setup.accounts(stage.district, [i])
    account["contracts"][0]["payment_modes"] = [{"from": str(SINCE), "mode": "prepaid"}]
    await stage.counter(account["account_no"], TOP_UP_FEN, SINCE)
    await stage.put("clerk-1", "billing", "/v1/accounts", [account])
    head_end = setup.head_end(stage.district.route_of(i))
    for number in range(1, DAYS + 1):
        await stage.push(head_end, "/v1/reads", stage.district.reads([i], _day(number)), NEW)

    async def known() -> bool:
        found = await stage.all("collection", "/v1/prepaid-accounts")
        return any(one["through"] == str(_day(DAYS)) and not _is_owed(one) for one in found)

    await stage.until("the registers of each day are set against the top-up", known)
    stage.say(f"a customer pays before he uses from {SINCE} on: {DAYS} days estimated, none of them posted")


def _is_owed(account: dict[str, int]) -> bool:
    return account["prepaid_fen"] - account["estimate_fen"] - account["owed_fen"] != account["available_fen"]


def _day(number: int) -> date:
    return SINCE + timedelta(days=number)


async def lines(stage: Stage, story: str) -> list[str]:
    """Return what the page says of who pays before he uses; nothing of others."""
    if story != STORY:
        return []
    account_no = stage.district.customers[stage.district.stories[story]].account_no
    found = await stage.get("collection", f"/v1/prepaid-accounts/{account_no}")
    left, used = (f"{found[name] / 100:,.2f}" for name in ("available_fen", "estimate_fen"))
    return [f"  prepaid since {SINCE}: {left} yuan left, {used} used since the last bill, up to {found['through']}"]


async def arrears(stage: Stage) -> list[str]:
    """Return January's arrears at the end of each day on which they changed."""
    month = MONTHS[0].cycle
    days = await stage.all("collection", "/v1/recovery/days", month=month)
    return [
        f"{one['as_of']}  due {one['due_fen'] / 100:>12,.2f}  collected {one['collected_fen'] / 100:>12,.2f}"
        f"  open {one['open_fen'] / 100:>12,.2f}"
        for one in days
    ]
