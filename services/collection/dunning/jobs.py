"""The timed work of dunning."""

from collections.abc import Sequence
from datetime import date

from services.collection.dunning import use_cases
from services.collection.dunning.domain import Ladders
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def jobs(ladders: Ladders) -> list[Job]:
    """Return the jobs by business date."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        return await use_cases.chunks(view, ladders=ladders, business_date=business_date)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return await use_cases.remind(tx, ladders=ladders, business_date=business_date, chunk=chunk)

    async def why(_view: View, business_date: date) -> str:
        return use_cases.why_nothing(ladders, business_date)

    return [Job(name="remind", chunks=chunks, work=work, why=why)]
