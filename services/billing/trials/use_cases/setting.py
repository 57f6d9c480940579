"""Under what a trial runs: the stored rating documents with proposed ones in their places, and a policy."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.bills.domain import policy
from services.billing.bills.domain.policy import Policies
from services.billing.context import Context
from services.billing.rating import rating
from services.billing.rating.tariff.book import TariffBook
from services.billing.tariffs import domain as tariffs_domain
from services.billing.tariffs import use_cases as tariffs
from services.billing.tariffs.store import documents, proposals
from services.billing.tariffs.store.documents import TARIFF
from shared.db.engine import View
from shared.document import DocumentError, check_depth
from shared.errors import BusinessError


class ProposalUnknown(BusinessError):
    status = 422
    code = "trial.proposal_unknown"
    title = "No rating document of this content was proposed"


class PolicyWrong(BusinessError):
    """What the policy's reader refuses, with its faults."""

    status = 422
    code = "trial.policy_wrong"
    title = "The policy cannot be used"

    def __init__(self, error: DocumentError) -> None:
        super().__init__(f"{error.pointer or '/'}: {error.detail}")
        self.faults = [fault._asdict() for fault in error.faults]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be tried: proposed documents by their content hash, and a policy as text, empty where that in force holds.

    `as_if_from`: tariff versions that begin later are tried as if they began on this day.
    """

    proposals: Sequence[str]
    policy: str
    as_if_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A proposed document, and the days [from, to) on which bills may come out otherwise by it, as it is tried."""

    kind: str
    document_id: str
    version: str
    changed: tuple[date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What bills are tried under. `rests_on` is the hash of all of it, and of the software that rates."""

    book: TariffBook
    policies: Policies
    of_policy: bool
    proposed: Sequence[Proposed]
    rests_on: str


async def load(view: View, wanted: Wanted, *, context: Context) -> Loaded:
    """Load what a trial runs under; raises ProposalUnknown, PolicyWrong, and DocumentWrong where documents do not go together."""
    stored: list[Mapping[str, Any]] = await documents.documents(view)
    rows = []
    for content_hash in wanted.proposals:
        row = await proposals.get(view, content_hash)
        if row is None:
            raise ProposalUnknown(content_hash)
        rows.append(row)
        stored = tariffs.with_one(stored, row.kind, row.document_id, row.version, orjson.loads(row.document))
    first = _first_versions(rows)
    proposed = []
    for row in rows:
        now, day = orjson.loads(row.document), wanted.as_if_from
        if day is not None and first.get(row.document_id) == row.version and now["effective"]["from"] > day.isoformat():
            stored = tariffs_domain.begun_on(stored, row.document_id, row.version, day)
            now["effective"]["from"] = day.isoformat()
        old = await documents.get(view, row.kind, row.document_id, row.version)
        changed = tariffs_domain.changed_days(now, None if old is None else orjson.loads(old.document))
        proposed.append(Proposed(kind=row.kind, document_id=row.document_id, version=row.version, changed=changed))
    try:
        book = await asyncio.to_thread(rating.load_book, stored)
    except rating.TariffError as error:
        tried = {one.kind for one in proposed}
        raise (tariffs.TariffWrong if tried == {TARIFF} else tariffs.DocumentWrong)(error) from None
    policies = read_policy(orjson.loads(wanted.policy)) if wanted.policy else context.policies
    rests_on = [stored, policies.document, context.software]
    return Loaded(
        book=book,
        policies=policies,
        of_policy=bool(wanted.policy),
        proposed=proposed,
        rests_on=hashlib.sha256(orjson.dumps(rests_on, option=orjson.OPT_SORT_KEYS)).hexdigest(),
    )


def read_policy(document: Mapping[str, Any]) -> Policies:
    """Return the versions of a proposed policy document; raises PolicyWrong."""
    try:
        check_depth(document)
        return policy.load(document)
    except DocumentError as error:
        raise PolicyWrong(error) from None


def _first_versions(rows: Sequence[Row[Any]]) -> dict[str, str]:
    """Return of each tariff that proposals say the first day of the version that begins first."""
    begins = [
        (days["from"], row.document_id, row.version)
        for row in rows
        if row.kind == TARIFF and (days := orjson.loads(row.document)["effective"])["from"] is not None
    ]
    return {document_id: version for _, document_id, version in sorted(begins, reverse=True)}
