"""The timed work of questions."""

from collections.abc import Sequence
from datetime import date

from services.notify.policies.domain import Policies
from services.notify.questions.store import questions
from services.notify.questions.use_cases import timed
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def jobs(policies: Policies) -> list[Job]:
    """Return the jobs by business date, an org unit a chunk: `remind-questions` and `expire-questions`."""

    async def asked(view: View, _business_date: date) -> Sequence[str]:
        return await questions.org_units(view)

    async def overdue(view: View, business_date: date) -> Sequence[str]:
        return await questions.org_units(view, overdue_on=business_date)

    async def remind(tx: Tx, business_date: date, org_unit: str) -> dict[str, int]:
        count = await timed.remind(tx, org_unit=org_unit, business_date=business_date, policies=policies)
        return {"reminded": count}

    async def expire(tx: Tx, business_date: date, org_unit: str) -> dict[str, int]:
        return {"expired": await timed.expire(tx, org_unit=org_unit, business_date=business_date)}

    async def none_open(_view: View, _business_date: date) -> str:
        return "no question is open"

    async def none_overdue(_view: View, _business_date: date) -> str:
        return "no open question is past its last day"

    return [
        Job(name="remind-questions", chunks=asked, work=remind, why=none_open),
        Job(name="expire-questions", chunks=overdue, work=expire, why=none_overdue),
    ]
