"""What the audit keeps of the objects of billing that commands change: their rows before and after, by their kind."""

from typing import Final

from services.billing.adjustments.tables import ADJUSTMENT
from services.billing.bills.tables import BILL
from services.billing.cases.tables import (
    CASE_ASSIGNEE,
    CASE_CHARGE,
    CASE_EVIDENCE,
    CASE_FILE,
    CASE_RECLASS,
    CASE_SIGNAL,
    CASE_STEP,
)
from services.billing.closings.tables import CLOSING, CLOSING_FINDING, UNUSED_SUPPLY
from services.billing.contracts.tables import ACCOUNT, CONTRACT, SUB_METER
from services.billing.freezes.tables import RELEASE_FREEZE
from services.billing.review.tables import CASE_VERDICT, REVIEW_ASSIGNMENT
from services.billing.runs.tables import BILL_RUN, RELEASE_SWITCH
from services.billing.site_orders.tables import SITE_ORDER
from services.billing.tariffs.store.documents import KINDS
from services.billing.tariffs.tables import RATING_DOCUMENT
from services.billing.trials.tables import TRIAL_RUN
from services.billing.usages.tables import USAGE
from services.billing.uses.tables import USE_FINDING
from shared.db.contents import NONE, Reader, Readers, of_tables


def _rating_documents(kind: str) -> Reader:
    """Return how documents of a kind are read: without themselves, as every version is kept and found by its hash."""
    names = ("document_id", "version")
    return of_tables(
        {RATING_DOCUMENT: names}, between="@", where=RATING_DOCUMENT.c.kind == kind, without=("document", "used")
    )


CONTENTS: Final[Readers] = {
    "account": of_tables({ACCOUNT: "account_no", CONTRACT: "account_no"}),
    "adjustment": of_tables({ADJUSTMENT: "adjustment_id"}),
    "bill": of_tables({BILL: "bill_id", REVIEW_ASSIGNMENT: "bill_id"}),
    "case": of_tables(
        dict.fromkeys((CASE_FILE, CASE_STEP, CASE_EVIDENCE, CASE_ASSIGNEE, CASE_RECLASS, CASE_VERDICT), "case_no")
    ),
    "charge": of_tables({CASE_CHARGE: "charge_no"}),
    "case_charge": NONE,  # the versions of all holds, raised after a restore
    "case_signal": of_tables({CASE_SIGNAL: "signal_id"}),
    "closing": of_tables({CLOSING: "closing_no"}),
    "closing_finding": of_tables({CLOSING_FINDING: ("closing_no", "code")}, between=":"),
    "contract": of_tables({CONTRACT: "contract_no", SUB_METER: "contract_no"}),
    "freeze": of_tables({RELEASE_FREEZE: "freeze_id"}),
    "release_switch": of_tables({RELEASE_SWITCH: "name"}),
    "run": of_tables({BILL_RUN: ("route_no", "cycle")}, between=":"),
    "site_order": of_tables({SITE_ORDER: "order_no"}),
    "trial_run": of_tables({TRIAL_RUN: "trial_id"}, without=("report", "after_contract", "contracts_done")),
    "unused_supply": of_tables({UNUSED_SUPPLY: "contract_no"}),
    "usage": of_tables({USAGE: "usage_id"}),
    "use_finding": of_tables({USE_FINDING: "finding_id"}),
    **{kind: _rating_documents(kind) for kind in KINDS},
}
