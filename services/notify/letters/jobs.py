"""Timed work of letters, by business date."""

from collections.abc import Sequence
from datetime import date

from services.notify.letters import store, use_cases
from services.notify.policies.domain import Policies
from services.notify.templates.domain import Catalogue
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def presume_letters(policies: Policies, catalogue: Catalogue) -> Job:
    """Return the job that counts letters as delivered where nothing was heard for as long as the policy says; a batch a chunk."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        return [row.batch_no for row in await store.open_batches(view) if _is_due(row.posted_on, business_date)]

    def _is_due(posted_on: date, business_date: date) -> bool:
        letters = policies.on(posted_on).letters
        days = [each for each in (letters.delivered_after_days, letters.delivered_after_days_legal) if each is not None]
        return bool(days) and (business_date - posted_on).days >= min(days)

    async def work(tx: Tx, business_date: date, batch_no: str) -> dict[str, int]:
        count = await use_cases.presume(tx, batch_no, on=business_date, policies=policies, catalogue=catalogue)
        return {"presumed": count}

    async def why(_view: View, _business_date: date) -> str:
        return "no letter of which nothing was heard is due"

    return Job(name="presume-letters", chunks=chunks, work=work, why=why)
