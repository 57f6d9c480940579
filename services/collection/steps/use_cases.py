"""Steps of dunning whose debts are all settled need not be taken any more: whoever has not been told of them yet is not."""

from collections.abc import Sequence
from typing import Final

from services.collection.steps import store
from shared.db.engine import Tx
from shared.events.collection import DunningStepWithdrawn

TOLD: Final = ("notice", "call", "visit")
"""What notify does; of what people of collection do they see the case."""


async def withdraw_settled(tx: Tx, receivable_ids: Sequence[str]) -> None:
    """Tell that steps are not needed any more the last of whose debts are these, settled or reversed now.

    The accounts are locked and their debts written. What is owed again and settled again is told again, and changes nothing.
    """
    tx.publish(
        [
            DunningStepWithdrawn(
                account_no=step.account_no,
                step_id=step.step_id,
                org_unit=step.org_unit,
                action=step.action,
                reason="settled",
                withdrawn_on=tx.today,
                causation_id=step.case_no or step.step_id,
            )
            for step in await store.settled_with(tx, receivable_ids)
            if step.action in TOLD
        ]
    )
