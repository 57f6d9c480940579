"""Documents that wait are kept by the names of their fields; until now they were lists in the order of them."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DEBT = (
    "document_kind",
    "document_id",
    "account_no",
    "cycle",
    "issued_on",
    "due_on",
    "posted_on",
    "total_fen",
    "components",
)
CORRECTION = ("correction_id", "account_no", "corrected_on", "reversals", "replacements", "differences")
DEBTS_OF_CORRECTION = CORRECTION[3:]

WAITING = sa.table("waiting_document", sa.column("position"), sa.column("kind"), sa.column("payload"))


def upgrade() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(WAITING.c.position, WAITING.c.kind, WAITING.c.payload)).all()
    named = [{"at": row.position, "text": _named(row.kind, row.payload)} for row in rows if row.payload.startswith("[")]
    if named:
        changed = sa.update(WAITING).where(WAITING.c.position == sa.bindparam("at"))
        connection.execute(changed.values(payload=sa.bindparam("text")), named)


def _named(kind: str, payload: str) -> str:
    values = json.loads(payload)
    if kind == "correction":
        document = dict(zip(CORRECTION, values, strict=True))
        document |= {name: [_debt(debt) for debt in document[name]] for name in DEBTS_OF_CORRECTION}
    else:
        document = _debt(values)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))  # as the service writes it


def _debt(values: list[Any]) -> dict[str, Any]:
    return dict(zip(DEBT, values, strict=True))
