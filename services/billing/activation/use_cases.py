"""Rating documents are proposed by one person and activated by another (四眼原则): nothing is rated by them before."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import and_

from services.billing.bills.domain.policy import ACTIVATION, KINDS
from services.billing.bills.store import touched
from services.billing.bills.use_cases import two_people
from services.billing.context import Context
from services.billing.tariffs import use_cases as tariffs
from services.billing.tariffs.store import proposals
from services.billing.tariffs.use_cases import Wanted
from shared import approvals
from shared.db import approvals as approvals_store
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.org_units import WHOLE_UTILITY
from shared.outcome import ALREADY_DONE, DONE, Outcome

_NAME: Final = ("kind", "document_id", "version", "content_hash")


class ReplacesAnother(BusinessError):
    status = 412
    code = "tariff.replaces_another"
    title = "Another document stands in its place than when it was proposed: withdraw it, and propose it again"


async def put(
    tx: Tx, *, kind: str, document_id: str, version: str, document: Mapping[str, Any], actor: str, context: Context
) -> Outcome | Approval:
    """Propose a rating document, and return what a second person decides on; or store it where policy wants one person alone.

    It is examined beside all that are stored, now and when it is activated. Raises the refusals of `tariffs` and AskedAlready:
    of one name one document is proposed at a time.
    """
    name = {"kind": kind, "document_id": document_id, "version": version}
    wanted = await tariffs.examine(tx, **name, document=document)
    if wanted is None:
        return ALREADY_DONE
    second = (await two_people.rules(tx, context)).scope(ACTIVATION)
    if second is None:
        await tariffs.store(tx, wanted, actor=actor)
        return DONE
    name["content_hash"] = wanted.content_hash
    await proposals.put(tx, name | {"document": wanted.content})
    content = name | {"replaces": wanted.replaces, "touches": await _touches(tx, wanted)}
    known = await approvals_store.waiting(tx, ACTIVATION, f"{kind}/{wanted.name}")
    if known is not None and all(known.content[key] == name[key] for key in _NAME):
        return known  # what it touches may be more by now: what was asked for is the same
    return await approvals.ask(
        tx,
        kind=ACTIVATION,
        subject_id=f"{kind}/{wanted.name}",
        content=content,
        org_unit=WHOLE_UTILITY,
        requested_by=actor,
        reason="",
        second=second,
    )


def kind_of_approval() -> approvals.Kind:
    """Return the kind of approval that activates a proposed rating document; its bills follow from then on."""

    async def carry_out(tx: Tx, approval: Approval, _actor: str) -> None:
        content = approval.content
        proposed = await proposals.get(tx, content["content_hash"])
        assert proposed is not None, "a proposal is never deleted"
        wanted = await tariffs.examine(
            tx,
            kind=proposed.kind,
            document_id=proposed.document_id,
            version=proposed.version,
            document=orjson.loads(proposed.document),
        )
        if wanted is None:
            return
        if wanted.replaces != content["replaces"]:
            raise ReplacesAnother
        await tariffs.store(tx, wanted, actor=approval.requested_by)

    return approvals.Kind(name=ACTIVATION, scope=KINDS[ACTIVATION], carry_out=carry_out)


async def _touches(tx: Tx, wanted: Wanted) -> dict[str, Any]:
    """Return what a second person should know: the days, and the issued bills that would be calculated again."""
    from_, to = wanted.changed
    if wanted.tariff is not None:
        condition = touched.by_version(wanted.tariff)
    else:
        condition = await touched.by_document(tx, wanted.kind, wanted.document_id, from_, to)
    counted = await touched.count(tx, and_(touched.is_issued(), condition))
    return {"from": str(from_), "to": str(to), **counted}
