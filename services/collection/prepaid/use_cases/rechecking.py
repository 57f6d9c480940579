"""An estimate that jumps is looked at by a person (异常复核) before anybody is cut for it."""

from collections.abc import Callable
from typing import Literal

from services.collection.ledger.store import accounts
from services.collection.prepaid import domain, store
from services.collection.prepaid.store import Account
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class Unknown(BusinessError):
    status = 404
    code = "prepaid_account.unknown"
    title = "There is no such prepaid account"


class NothingToRecheck(BusinessError):
    status = 409
    code = "prepaid_account.nothing_to_recheck"
    title = "No estimate of the account waits to be looked at"


async def recheck(
    tx: Tx,
    account_no: str,
    *,
    result: Literal["right", "wrong"],
    explanation: str,
    actor: str,
    sees: Callable[[str], bool],
) -> Account:
    """Say what was found of an estimate: `right`, a cut may be proposed; `wrong`, none is until there is enough again, or it is
    found right. Raises Unknown, NothingToRecheck."""
    await accounts.lock_accounts(tx, [account_no])
    rows = await store.accounts(tx, [account_no])
    if not rows or not sees(rows[0]["org_unit"]):
        raise Unknown
    (row,) = rows
    if not row["doubt"]:
        raise NothingToRecheck
    if row["doubt"] == result and row["doubt_why"] == explanation:
        return row
    after = {**row, "doubt": result, "doubt_by": actor, "doubt_why": explanation, "code": ""}
    if result == domain.RIGHT and row["told_at"] is not None and row["propose_at"] is not None:
        after["propose_at"] = min(row["propose_at"], tx.now)
    await store.write(tx, [after])
    entry = AuditEntry(
        action=f"prepaid_account.recheck_{result}",
        entity_kind="prepaid_account",
        entity_id=account_no,
        actor=actor,
        reason=explanation,
    )
    tx.audit([entry])
    return after
