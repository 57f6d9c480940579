"""The timed work of dunning."""

from collections.abc import Sequence
from datetime import date

from services.collection.dunning.use_cases import judging
from services.collection.dunning.use_cases.judging import Known
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def jobs(known: Known) -> list[Job]:
    """Return the jobs by business date."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        return await judging.chunks(view, known, business_date)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return await judging.judge_chunk(tx, known, business_date, chunk)

    async def why(view: View, business_date: date) -> str:
        return await judging.why_nothing(view, known, business_date)

    return [Job(name=judging.JOB, chunks=chunks, work=work, why=why)]
