"""The books of an installation as sorted rows, with the names of things in place of generated ids and without system times."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import DateTime, Row, Table, select

from services.billing.bills import tables as bills
from services.billing.cases import tables as cases
from services.billing.closings import tables as closings
from services.billing.closings.use_cases.hearing import TEMPLATE as ANNOUNCEMENT
from services.billing.daily_charges import tables as daily_charges
from services.billing.runs import tables as runs
from services.billing.site_orders import tables as asked_orders
from services.collection.dunning import tables as dunning
from services.collection.ledger import tables as ledger
from services.collection.payments import tables as payments
from services.collection.prepaid import tables as prepaid
from services.collection.receivables import tables as receivables
from services.collection.settlements import tables as settlements
from services.collection.steps import tables as steps
from services.notify.calls import tables as calls
from services.notify.notices import tables as notify
from services.notify.questions import tables as questions
from services.reading.alarms import tables as alarms
from services.reading.daily import tables as daily
from services.reading.disputes import tables as disputes
from services.reading.network import tables as network
from services.reading.orders import tables as orders
from services.reading.read_day_changes import tables as read_day_changes
from services.reading.scorecards import tables as scorecards
from services.reading.stock import tables as stock
from services.reading.usage import tables as reading
from shared.db.engine import Database

Books = dict[str, list[str]]

_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")

TABLES: dict[str, dict[str, Table]] = {
    "reading": {
        "usages": reading.USAGE,
        "lives of meters": stock.SPELL,
        "read days": network.READ_DAY,
        "read day proposals": read_day_changes.PROPOSAL,
        "disputes": disputes.DISPUTE,
        "scorecards": scorecards.CARD,
        "what scorecards count": scorecards.ROW,
        "alarms": alarms.ALARM,
        "site orders": orders.SITE_ORDER,
        "daily registers": daily.DAILY,
    },
    "billing": {
        "bills": bills.BILL,
        "bill lines": bills.BILL_DOCUMENT,
        "corrections": bills.CORRECTION,
        "differences": bills.DIFFERENCE,
        "runs": runs.BILL_RUN,
        "signals": cases.CASE_SIGNAL,
        "cases": cases.CASE_FILE,
        "steps of cases": cases.CASE_STEP,
        "evidence": cases.CASE_EVIDENCE,
        "moves of cases": cases.CASE_EVENT,
        "calculations": cases.CASE_CALCULATION,
        "charges": cases.CASE_CHARGE,
        "unused supplies": closings.UNUSED_SUPPLY,
        "closings": closings.CLOSING,
        "notices of closings": closings.NOTICE,
        "settlements of closings": closings.SETTLEMENT,
        "meters of closings": closings.METER_BACK,
        "site orders that are asked for": asked_orders.SITE_ORDER,
        "registers as heard": daily_charges.REGISTER,
        "daily charges": daily_charges.CHARGE,
        "what registers came to": daily_charges.ESTIMATE,
    },
    "collection": {
        "accounts": ledger.ACCOUNT,
        "receivables": ledger.RECEIVABLE,
        "ledger transactions": ledger.TRANSACTION,
        "ledger entries": ledger.ENTRY,
        "credits": ledger.CREDIT,
        "allocations": ledger.ALLOCATION,
        "orders": payments.ORDER,
        "payments": payments.PAYMENT,
        "dunning cases": dunning.CASE,
        "stages of debts": dunning.DEBT,
        "dunning steps": steps.STEP,
        "debts of steps": steps.STEP_DEBT,
        "dunning holds": dunning.HELD,
        "waiting": receivables.WAITING,
        "settlements": settlements.SETTLEMENT,
        "estimates of contracts": prepaid.CONTRACT,
        "prepaid accounts": prepaid.PREPAID,
    },
    "notify": {
        "notices": notify.NOTICE,
        "unaddressed": notify.UNADDRESSED,
        "questions": questions.QUESTION,
        "calls": calls.CALL,
    },
}

OF_THE_DAY = {
    # how often something was tried, in how many steps and on which days it went: of the day that was had, not of the books
    "bill": {"row_version"},
    "bill_run": {"version", "calculated_on", "let_go_on", "released_on"},
    "notice": {"attempts", "doubts", "code", "week"},
    "waiting_document": {"position"},
    "daily_register": {"version"},
    "heard_register": {"version"},
    "daily_charge": {"version"},
    "daily_estimate": {"version"},
    "prepaid_contract": {"version"},
    "meter_alarm": {"message_id"},  # the nonce of the message that was signed
}

# what a generated id stands for, in an order in which each name knows the ids that it is made of
NAMES: list[tuple[Table, str, Callable[[Row[Any]], str]]] = [
    (reading.USAGE, "usage_id", lambda r: f"usage({r.service_point_no} {r.period_from}..{r.period_to} v{r.version})"),
    (bills.BILL, "bill_id", lambda r: f"bill({r.contract_no} {r.period_from}..{r.period_to} v{r.version})"),
    (closings.CLOSING, "closing_no", lambda r: f"closing({r.contract_no} {r.proposed_on})"),
    (closings.CLOSING, "check_order_no", lambda r: f"check({r.contract_no} {r.proposed_on})"),
    (closings.CLOSING, "read_order_no", lambda r: f"final read({r.contract_no} {r.proposed_on})"),
    (bills.CORRECTION, "correction_id", lambda r: f"correction({r.contract_no} {r.corrected_on} {r.reason})"),
    (bills.DIFFERENCE, "difference_id", lambda r: f"difference({r.bill_id} {r.replacement_id})"),
    (payments.ORDER, "order_id", lambda r: f"order({r.account_no} {r.amount_fen})"),
    (
        payments.PAYMENT,
        "payment_id",
        lambda r: f"payment({r.account_no} {r.channel} {r.amount_fen} {r.received_on})",
    ),
    (ledger.RECEIVABLE, "receivable_id", lambda r: f"receivable({r.document_id})"),
    (ledger.TRANSACTION, "transaction_id", lambda r: f"transaction({r.document_id} {r.kind})"),
    (ledger.CREDIT, "credit_id", lambda r: f"credit({r.source_kind} {r.source_id} {r.account_no})"),
    (dunning.CASE, "case_no", lambda r: f"dunning case({r.account_no} {r.opened_on})"),
    (steps.STEP, "step_id", lambda r: f"dunning step({r.account_no} {r.business_date} {r.stage})"),
]


async def dump(urls: Mapping[str, str]) -> Books:
    """Return all books by name, each a sorted list of rows as text; `urls` are the databases by service."""
    rows: dict[Table, list[Row[Any]]] = {}
    titles: dict[str, Table] = {}
    for service, tables in TABLES.items():
        database = Database(urls[service])
        async with database.view() as view:
            for title, table in tables.items():
                titles[title] = table
                rows[table] = list(await view.all(select(table)))
        await database.close()
    names: dict[str, str] = {}
    for table, column, name_of in NAMES:
        for row in rows[table]:
            names.setdefault(getattr(row, column), _named(name_of(row), names))
    return {title: sorted(_text(row, table, names) for row in rows[table]) for title, table in titles.items()}


def _text(row: Row[Any], table: Table, names: Mapping[str, str]) -> str:
    left_out = OF_THE_DAY.get(table.name, set())
    if (
        table is notify.NOTICE and row.template == ANNOUNCEMENT
    ):  # its link holds the closing's number, which is generated
        left_out = left_out | {"content_hash"}
    kept = [c for c in table.c if not isinstance(c.type, DateTime) and c.name not in left_out]
    return _named(" | ".join(f"{c.name}={row._mapping[c]}" for c in kept), names)


def _named(text: str, names: Mapping[str, str]) -> str:
    return _ID.sub(lambda found: names.get(found[0], "<id>"), text)


SHOWN_MAX = 5  # rows of a table that are shown to a person


def differences(expected: Books, found: Books) -> str:
    """Return what two sets of books do not have in common, for a person to read; empty where they are equal."""
    told = []
    for title, rows in expected.items():
        missing, extra = _without(rows, found[title]), _without(found[title], rows)
        if missing or extra:
            told.append(f"{title}: {len(missing)} rows missing, {len(extra)} too many")
            told += [f"  - {row}" for row in missing[:SHOWN_MAX]] + [f"  + {row}" for row in extra[:SHOWN_MAX]]
    return "\n".join(told)


def _without(rows: list[str], others: list[str]) -> list[str]:
    left = dict.fromkeys(others, 0)
    for other in others:
        left[other] += 1
    result = []
    for row in rows:
        if left.get(row, 0):
            left[row] -= 1
        else:
            result.append(row)
    return result
