"""Tariff documents and price series: validated whole, replaced only while no issued bill used them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from services.billing.rating import rating
from services.billing.rating.tariff.load import canonical
from services.billing.rating.tariff.model import Tariff
from services.billing.tariffs import domain
from services.billing.tariffs.store import changes, documents, proposals
from services.billing.tariffs.store.documents import TARIFF
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.document import DocumentError, check_depth
from shared.errors import BusinessError

Days = tuple[date | None, date | None]


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


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A document that can be stored as the others stand, with the days on which it differs from the one that it replaces."""

    kind: str
    document_id: str
    version: str
    content: str
    content_hash: str
    effective: Days
    changed: tuple[date, date]
    replaces: str | None
    row_version: int
    tariff: Tariff | None

    @property
    def name(self) -> str:
        return f"{self.document_id}@{self.version}" if self.version else self.document_id


async def examine(tx: Tx, *, kind: str, document_id: str, version: str, document: Mapping[str, Any]) -> Wanted | None:
    """Load a rating document together with all others, while nobody else stores one; None where it is stored already.

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
        return None
    if old is not None and old.used:
        raise VersionInUse
    tariff = await _load(tx, kind, document_id, version, document)
    return Wanted(
        kind=kind,
        document_id=document_id,
        version=version,
        content=content,
        content_hash=documents.hash_of(content),
        effective=(None, None) if tariff is None else (tariff.from_, tariff.to),
        changed=domain.changed_days(document, None if old is None else orjson.loads(old.document)),
        replaces=None if old is None else old.content_hash,
        row_version=1 if old is None else old.row_version + 1,
        tariff=tariff,
    )


async def store(tx: Tx, wanted: Wanted, *, actor: str) -> None:
    """Store a document that was examined in this unit of work, and note the days whose bills have to follow.

    Its content stays among the proposals for good, also where another one takes its place: bills name it by its hash.
    """
    names = {"kind": wanted.kind, "document_id": wanted.document_id, "version": wanted.version}
    from_, to = wanted.changed
    await changes.record(tx, **names, from_=from_, to=to)
    effective_from, effective_to = wanted.effective
    row = names | {
        "effective_from": effective_from,
        "effective_to": effective_to,
        "document": wanted.content,
        "content_hash": wanted.content_hash,
        "used": False,
        "row_version": wanted.row_version,
    }
    await documents.put(tx, row)
    await proposals.put(tx, names | {"content_hash": wanted.content_hash, "document": wanted.content})
    tx.audit([_entry(wanted, actor)])


def with_one(
    stored: Sequence[Mapping[str, Any]], kind: str, document_id: str, version: str, document: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return documents with one in the place of that of its name."""
    name = kind, document_id, version
    return [*(other for other in stored if (_kind(other), *_name(_kind(other), other)) != name), document]


def _name(kind: str, document: Mapping[str, Any]) -> tuple[str, str]:
    if kind == TARIFF:
        return str(document.get("id")), str(document.get("version"))
    return str(document.get(kind)), ""


async def _load(tx: Tx, kind: str, document_id: str, version: str, document: Mapping[str, Any]) -> Tariff | None:
    try:
        book = rating.load_book(with_one(await documents.documents(tx), kind, document_id, version, document))
    except rating.TariffError as error:
        raise (TariffWrong if kind == TARIFF else DocumentWrong)(error) from None
    if kind != TARIFF:
        return None
    return next(t for t in book.versions[document_id] if t.version == version)


def _kind(document: Mapping[str, Any]) -> str:
    return next((kind for kind in documents.KINDS if kind != TARIFF and kind in document), TARIFF)


def _entry(wanted: Wanted, actor: str) -> AuditEntry:
    return AuditEntry(
        action=f"{wanted.kind}.put",
        entity_kind=wanted.kind,
        entity_id=wanted.name,
        actor=actor,
        before_version=wanted.row_version - 1 or None,
        after_version=wanted.row_version,
    )
