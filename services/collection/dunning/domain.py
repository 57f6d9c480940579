"""What is overdue."""

from datetime import date
from typing import NamedTuple


class Overdue(NamedTuple):
    receivable_id: str
    account_no: str
    org_unit: str
    document_kind: str
    document_id: str
    outstanding_fen: int
    due_on: date
