"""Who cannot be reached by mail is called by an employee."""

from services.demo.stage import Stage

CALLER = "clerk-2"
SHOWN = ("landline", "bounced", "never_pays")


async def call(stage: Stage) -> None:
    """Work through the call tasks: each person answers, and is told."""
    tasks = await stage.all("notify", "/v1/call-tasks")
    for task in tasks:
        path = f"/v1/call-tasks/{task['notice_id']}"
        await stage.call(CALLER, "POST", "notify", f"{path}/taking")
        await stage.call(CALLER, "POST", "notify", f"{path}/outcomes", {"outcome": "told"})
    stage.say(f"{len(tasks)} people without a mailbox are called")


async def lines(stage: Stage, story: str) -> list[str]:
    """Return what the page says of who is told how: the ways that the notices took; nothing of others."""
    if story not in SHOWN:
        return []
    account_no = stage.district.customers[stage.district.stories[story]].account_no
    found = []
    for notice in await stage.all("notify", "/v1/notices", account_no=account_no):
        whole = await stage.get("notify", f"/v1/notices/{notice['notice_id']}")
        ways = [f"{way['channel']} {way['outcome']} {way['code']}".strip() for way in whole["ways"]]
        ways = ways or [f"{notice['channel']} {notice['state']}"]
        found.append(f"  {notice['cycle']} {notice['template']} to {notice['party_no']}: {', '.join(ways)}")
    return found
