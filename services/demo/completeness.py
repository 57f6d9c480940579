"""Every point has a read or a reason (有无遗漏): before the window ends, or afterwards, and until then the run waits."""

from datetime import timedelta

from services.demo.stage import Stage
from services.demo.stories import MONTHS, Month


async def close_windows(stage: Stage, month: Month) -> None:
    """End the read windows and estimate what is missing; the reader said why before, the head-end's keeper says it afterwards."""
    if month == MONTHS[0]:
        await _explain(stage, month, "nobody_home")
    counts = (await stage.job("reading", "close-routes", month.read_on + timedelta(days=1)))["counts"]
    stage.say(f"{month.cycle}: windows closed, {counts}")
    if month != MONTHS[0]:
        await _explain(stage, month, "remote_failure")


async def _explain(stage: Stage, month: Month, reason: str) -> None:
    tasks = await stage.all("reading", "/v1/tasks", cycle=month.cycle, unexplained="true")
    said = [{"service_point_no": task["service_point_no"], "read_date": task["read_date"]} for task in tasks]
    if said:
        await stage.put("uploader-1", "reading", "/v1/unread-reasons", [each | {"reason": reason} for each in said])
        stage.say(f"{month.cycle}: {len(said)} points without a read are explained, {reason}")
