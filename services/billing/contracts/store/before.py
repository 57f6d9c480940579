"""Accounts and contracts as they were before they were changed: kept when that happens, so that bills can rest on them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, and_, insert, select

from services.billing.contracts.tables import ACCOUNT, ACCOUNT_BEFORE, CONTRACT, CONTRACT_BEFORE
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View


async def keep(tx: Tx, changed: Sequence[tuple[str, int]]) -> None:
    """Keep accounts with their contracts as they are, that are to have a higher version: two statements."""
    given = travel.relation(
        tx,
        "changed",
        {
            "account_no": (columns.No, [account_no for account_no, _ in changed]),
            "version": (ACCOUNT.c.version.type, [version for _, version in changed]),
        },
    )
    newer = and_(ACCOUNT.c.account_no == given.c.account_no, ACCOUNT.c.version < given.c.version)
    joined = given.join(ACCOUNT, newer)
    names = [column.name for column in ACCOUNT_BEFORE.c]
    kept = select(*(ACCOUNT.c[name] for name in names)).select_from(joined)
    await tx.execute(insert(ACCOUNT_BEFORE).from_select(names, kept))
    names = [column.name for column in CONTRACT_BEFORE.c]
    with_contracts = joined.join(CONTRACT, CONTRACT.c.account_no == ACCOUNT.c.account_no)
    kept = select(*(CONTRACT.c[name] for name in names)).select_from(with_contracts)
    await tx.execute(insert(CONTRACT_BEFORE).from_select(names, kept))


async def as_of(view: View, wanted: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], Any]:
    """Return accounts with a contract as they were by a version, by (account, contract, version): four statements.

    What was kept with the next version from the wanted one on is it, as versions are raised without a change after a restore;
    else it is as it stands.
    """
    accounts, contracts = [account for account, _, _ in wanted], [contract for _, contract, _ in wanted]
    now = {row.account_no: row for row in await bulk.select_in(view, ACCOUNT, {"account_no": accounts})}
    contracts_now = {row.contract_no: row for row in await bulk.select_in(view, CONTRACT, {"contract_no": contracts})}
    was = _by_key(await bulk.select_in(view, ACCOUNT_BEFORE, {"account_no": accounts}), "account_no", "version")
    contracts_were = _by_key(
        await bulk.select_in(view, CONTRACT_BEFORE, {"contract_no": contracts}), "contract_no", "account_version"
    )
    found = {}
    for account_no, contract_no, version in wanted:
        account = _at(was[account_no], version) or now.get(account_no)
        contract = _at(contracts_were[contract_no], version) or contracts_now.get(contract_no)
        if account is not None and contract is not None:
            found[account_no, contract_no, version] = SimpleNamespace(
                **{str(name): value for name, value in contract._mapping.items()}
                | {"account_no": account_no, "org_unit": account.org_unit, "facts": account.facts, "version": version}
            )
    return found


def _by_key(rows: Iterable[Row[Any]], key: str, version: str) -> dict[str, list[tuple[int, Row[Any]]]]:
    found: dict[str, list[tuple[int, Row[Any]]]] = defaultdict(list)
    for row in rows:
        found[getattr(row, key)].append((getattr(row, version), row))
    return found


def _at(kept: Sequence[tuple[int, Row[Any]]], version: int) -> Row[Any] | None:
    later = [one for one in kept if one[0] >= version]
    return min(later, key=lambda one: one[0])[1] if later else None
