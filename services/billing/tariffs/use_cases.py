"""Tariff documents and price series: validated whole, replaced only while no issued bill used them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from services.billing.rating import rating
from services.billing.rating.tariff.load import canonical
from services.billing.tariffs import domain
from services.billing.tariffs.store import changes, documents
from services.billing.tariffs.store.documents import TARIFF
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.document import DocumentError, check_depth
from shared.errors import BusinessError
from shared.outcome import ALREADY_DONE, DONE, Outcome


class VersionInUse(BusinessError):
    status = 409
    code = "tariff.version_in_use"
    title = "An issued bill used this version: it cannot change"


class NameMismatch(BusinessError):
    status = 422
    code = "tariff.name_mismatch"
    title = "The document names another id or version than the address"


class DocumentWrong(BusinessError):
    """The rating loader's refusal: `code` is `tariff.` and the loader's code, the detail its JSON pointer and reason."""

    status = 422
    code = "tariff.wrong"
    title = "The document cannot be loaded"

    def __init__(self, error: DocumentError) -> None:
        super().__init__(f"{error.pointer or '/'}: {error.detail}")
        self.code = f"tariff.{error.code}"  # type: ignore[misc]
        self.faults = [fault._asdict() for fault in error.faults]


class TariffWrong(DocumentWrong):
    """The same of a tariff, whose form is published."""

    form = "/v1/forms/tariff"


async def put(tx: Tx, *, kind: str, document_id: str, version: str, document: Mapping[str, Any], actor: str) -> Outcome:
    """Store a rating document after loading it together with all others, and note the days whose bills have to follow.

    Raises DocumentWrong (with gap or overlap in time between versions among its codes), NameMismatch, VersionInUse.
    """
    try:
        check_depth(document)
    except DocumentError as error:
        raise DocumentWrong(error) from None
    if _name(kind, document) != (document_id, version):
        raise NameMismatch
    await documents.one_at_a_time(tx)
    content = canonical(document)
    old = await documents.get(tx, kind, document_id, version, lock=True)
    if old is not None and old.document == content:
        return ALREADY_DONE
    if old is not None and old.used:
        raise VersionInUse
    content_hash, (effective_from, effective_to) = await _load(tx, kind, document_id, version, document)
    from_, to = domain.changed_days(document, None if old is None else orjson.loads(old.document))
    await changes.record(tx, kind=kind, document_id=document_id, version=version, from_=from_, to=to)
    await documents.put(
        tx,
        {
            "kind": kind,
            "document_id": document_id,
            "version": version,
            "effective_from": effective_from,
            "effective_to": effective_to,
            "document": content,
            "content_hash": content_hash,
            "used": False,
            "row_version": 1 if old is None else old.row_version + 1,
        },
    )
    tx.audit([_entry(kind, document_id, version, actor, 0 if old is None else old.row_version)])
    return DONE


def _name(kind: str, document: Mapping[str, Any]) -> tuple[str, str]:
    if kind == TARIFF:
        return str(document.get("id")), str(document.get("version"))
    return str(document.get(kind)), ""


async def _load(
    tx: Tx, kind: str, document_id: str, version: str, document: Mapping[str, Any]
) -> tuple[str, tuple[date | None, date | None]]:
    others = [other for other in await documents.documents(tx) if _name(_kind(other), other) != (document_id, version)]
    try:
        book = rating.load_book([*others, document])
    except rating.TariffError as error:
        raise (TariffWrong if kind == TARIFF else DocumentWrong)(error) from None
    if kind != TARIFF:
        return documents.hash_of(canonical(document)), (None, None)
    loaded = next(t for t in book.versions[document_id] if t.version == version)
    return loaded.sha256, (loaded.from_, loaded.to)


def _kind(document: Mapping[str, Any]) -> str:
    return next((kind for kind in documents.KINDS if kind != TARIFF and kind in document), TARIFF)


def _entry(kind: str, document_id: str, version: str, actor: str, before: int) -> AuditEntry:
    return AuditEntry(
        action=f"{kind}.put",
        entity_kind=kind,
        entity_id=f"{document_id}@{version}" if version else document_id,
        actor=actor,
        before_version=before or None,
        after_version=before + 1,
    )
