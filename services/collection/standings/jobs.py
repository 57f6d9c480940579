"""The timed work of standings."""

from collections.abc import Sequence
from datetime import date

from services.collection.standings import use_cases
from services.collection.standings.domain import Rulebook
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def judge_standings(rulebook: Rulebook) -> Job:
    """Return the job that judges how accounts pay, and tells whose standing has changed."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        return await use_cases.chunks(view, business_date)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return await use_cases.judge_chunk(tx, rulebook=rulebook, business_date=business_date, chunk=chunk)

    async def why(view: View, business_date: date) -> str:
        return await use_cases.why_nothing(view, business_date)

    return Job(name=use_cases.JOB, chunks=chunks, work=work, why=why)
