"""Payment orders: what a channel's callback names."""

from datetime import date

from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import accounts
from services.collection.ledger.use_cases import commands
from services.collection.payments import store
from services.collection.payments.domain import COUNTER
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class ChannelUnknown(BusinessError):
    status = 422
    code = "channel.unknown"
    title = "The channel is not in the policy, or takes no payment orders"


async def create_order(
    tx: Tx,
    *,
    policy: Policy,
    account_no: str,
    amount_fen: int,
    channel: str,
    today: date,
    actor: str,
    sees: commands.Sees,
) -> str:
    """Create a payment order (缴费订单), which a channel's callback names, and return its id."""
    if channel == COUNTER or channel not in policy.at(today).channels:
        raise ChannelUnknown
    org_unit = (await accounts.org_units(tx, [account_no])).get(account_no)
    if org_unit is None or not sees(org_unit):
        raise commands.AccountUnknown
    order_id = ids.new()
    await store.add_order(
        tx,
        order_id=order_id,
        account_no=account_no,
        org_unit=org_unit,
        channel=channel,
        amount_fen=amount_fen,
        on=today,
    )
    tx.audit([AuditEntry(action="payment_order.create", entity_kind="payment_order", entity_id=order_id, actor=actor)])
    return order_id
