"""Timed work of notices, by business date."""

from collections.abc import Sequence
from datetime import date

from services.notify.notices.store.unaddressed import org_units_with_waiting
from services.notify.notices.use_cases import at_doors, unaddressed
from services.notify.policies.domain import Policies
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def tell_doors(policies: Policies) -> Job:
    """Return the job that tells at the door, per org unit, what has waited for a contact as long as the policy says."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await org_units_with_waiting(view)

    async def work(tx: Tx, business_date: date, org_unit: str) -> dict[str, int]:
        told = await at_doors.tell(tx, business_date=business_date, org_unit=org_unit, policies=policies)
        return {"told_at_doors": told}

    async def why(_view: View, _business_date: date) -> str:
        return "nothing waits for a contact"

    return Job(name="tell-doors", chunks=chunks, work=work, why=why)


def give_up_waiting(policies: Policies) -> Job:
    """Return the job that settles, per org unit, what has waited for a contact longer than the policy allows."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await org_units_with_waiting(view)

    async def work(tx: Tx, business_date: date, org_unit: str) -> dict[str, int]:
        count = await unaddressed.give_up_waiting(tx, business_date=business_date, org_unit=org_unit, policies=policies)
        return {"no_contact": count}

    async def why(_view: View, _business_date: date) -> str:
        return "nothing waits for a contact"

    return Job(name="give-up-waiting", chunks=chunks, work=work, why=why)
