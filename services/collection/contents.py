"""What the audit keeps of the objects of collection that commands change: their rows before and after, by their kind."""

from typing import Final

from services.collection.cuts.tables import BAN, MARK
from services.collection.dunning.tables import HELD, HELD_RECEIVABLE
from services.collection.late_fees.tables import WAIVER
from services.collection.ledger.tables import CLOSED_MONTH, RECEIVABLE
from services.collection.payments.tables import ORDER, PAYMENT
from services.collection.plans.tables import COVERED, INSTALMENT, PLAN
from services.collection.prepaid.tables import PREPAID
from services.collection.settlements.tables import SETTLEMENT
from services.collection.standings.tables import HARDSHIP_MARK, STANDING
from services.collection.supply.tables import CUT, CUT_DEBT
from services.collection.targets.tables import TARGET, TEAM
from shared.db.contents import Readers, of_tables

CONTENTS: Final[Readers] = {
    "account_standing": of_tables({STANDING: "account_no"}),
    "collecting_team": of_tables({TEAM: ("unit_kind", "unit", "valid_from")}),
    "dunning_hold": of_tables({HELD: ("account_no", "hold_no"), HELD_RECEIVABLE: ("account_no", "hold_no")}),
    "cut": of_tables({CUT: "cut_no", CUT_DEBT: "cut_no"}),
    "cut_ban": of_tables({BAN: "ban_no"}),
    "hardship": of_tables({HARDSHIP_MARK: "account_no", STANDING: "account_no"}),
    "late_fee_waiver": of_tables({WAIVER: "receivable_id"}),
    "late_payout": of_tables({RECEIVABLE: "document_id"}),
    "month": of_tables({CLOSED_MONTH: "month"}),
    "opening": of_tables({RECEIVABLE: "document_id"}),
    "payment": of_tables({PAYMENT: "payment_id"}),
    "payment_order": of_tables({ORDER: "order_id"}),
    "plan": of_tables({PLAN: "plan_no", INSTALMENT: "plan_no", COVERED: "plan_no"}),
    "point_mark": of_tables({MARK: "service_point_no"}),
    "prepaid_account": of_tables({PREPAID: "account_no"}),
    "settlement": of_tables({SETTLEMENT: "closing_no"}),
    "target": of_tables({TARGET: ("month", "unit_kind", "unit")}),
}
