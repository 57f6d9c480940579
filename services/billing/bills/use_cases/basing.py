"""On what bills are calculated: kept once, so that each bill names it by a hash and can be calculated again from it."""

import hashlib

import orjson

from services.billing.bills.store import basis as store
from services.billing.context import Context
from services.billing.tariffs.store.books import Loaded
from shared.db.engine import Tx


async def record(tx: Tx, loaded: Loaded, *, context: Context) -> str:
    """Store the documents, the policy and the software of a calculation, where nobody has before, and return their hash."""
    policy, software = context.policies.text, context.software
    basis = hashlib.sha256(orjson.dumps([loaded.content_hash, policy, software])).hexdigest()
    if basis not in context.bases:
        documents = orjson.dumps(sorted(loaded.stamp)).decode()
        await store.record(tx, {"basis_hash": basis, "documents": documents, "policy": policy, "software": software})
        tx.after_commit(lambda: context.bases.add(basis))
    return basis
