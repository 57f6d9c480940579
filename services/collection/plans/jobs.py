"""The timed work of plans."""

from collections.abc import Sequence
from datetime import date

from services.collection.plans import use_cases
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def judge_plans() -> Job:
    """Return the job that judges whether instalment plans are kept."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        return await use_cases.chunks(view, business_date)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return await use_cases.judge_chunk(tx, business_date, chunk)

    async def why(view: View, business_date: date) -> str:
        return await use_cases.why_nothing(view, business_date)

    return Job(name=use_cases.JOB, chunks=chunks, work=work, why=why)
