"""Facts of collection about cuts and late fees as notify hears them, of the first account of the kit."""

from datetime import UTC, date, datetime
from typing import Any

from shared.events.collection import DunningStepWithdrawn
from shared.events.cuts import CutAnnounced, CutImminent, CutWithdrawn
from shared.events.late_fees import LateFeeCharged, LateFeeWithdrawn
from tests.kits.told_facts import ORG

TODAY = date(2026, 2, 2)
OF_A_CUT: dict[str, Any] = {"account_no": "a0001", "cut_no": "cut-1", "service_point_no": "p0001", "org_unit": ORG}


def announced(number: int = 1, **more: Any) -> CutAnnounced:
    given = OF_A_CUT | {
        "announcement_id": f"announcement-{number}",
        "outstanding_fen": 12_345,
        "due_on": date(2026, 1, 20),
        "announced_on": TODAY,
        "earliest_on": date(2026, 2, 5),
    }
    return CutAnnounced(**given | more)


def imminent(number: int = 1, **more: Any) -> CutImminent:
    given = OF_A_CUT | {
        "imminent_id": f"imminent-{number}",
        "outstanding_fen": 12_345,
        "not_before": datetime(2026, 2, 2, 2, 0, tzinfo=UTC),  # 10:00 in Shanghai
        "told_on": TODAY,
    }
    return CutImminent(**given | more)


def cut_withdrawn(**more: Any) -> CutWithdrawn:
    given = OF_A_CUT | {"reason": "settled", "withdrawn_at": datetime(2026, 2, 2, 1, 30, tzinfo=UTC)}
    return CutWithdrawn(**given | more)


def late_fee(number: int = 1, **more: Any) -> LateFeeCharged:
    given: dict[str, Any] = {
        "account_no": "a0001",
        "late_fee_id": f"late-fee-{number}",
        "org_unit": ORG,
        "settled_on": TODAY,
        "amount_fen": 321,
        "issued_on": TODAY,
        "due_on": date(2026, 2, 20),
    }
    return LateFeeCharged(**given | more)


def late_fee_withdrawn(number: int = 1) -> LateFeeWithdrawn:
    return LateFeeWithdrawn(
        account_no="a0001",
        late_fee_id=f"late-fee-{number}",
        org_unit=ORG,
        settled_on=TODAY,
        amount_fen=321,
        withdrawn_on=TODAY,
    )


def step_withdrawn(step_id: str, **more: Any) -> DunningStepWithdrawn:
    given = {"account_no": "a0001", "step_id": step_id, "org_unit": ORG, "action": "notice", "reason": "settled"}
    return DunningStepWithdrawn(**given | {"withdrawn_on": TODAY} | more)
