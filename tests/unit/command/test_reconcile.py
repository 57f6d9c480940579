from typing import Any

from services.command import reconcile

AGREED: dict[str, dict[str, int]] = {
    "reading": {
        "reads_received": 10,
        "reads_accepted": 6,
        "reads_waiting": 1,
        "reads_refused": 2,
        "reads_duplicate": 1,
        "usages_published": 7,
        "usage_first_wh": 700,
        "usage_in_force_wh": 900,
        "estimates_made": 2,
        "supply_orders": 4,
        "supplies_switched": 3,
    },
    "billing": {
        "usages": 7,
        "usages_rated": 7,
        "usages_in_force": 9,
        "usages_waiting": 1,
        "usages_closed": 2,
        "usages_left_out": -1,
        "usage_in_force_wh": 900,
        "billed_wh": 600,
        "waiting_wh": 100,
        "closed_wh": 150,
        "left_out_wh": 50,
        "sum_wh_version_1": 700,
        "bills_issued": 5,
        "bills_held": 1,
        "bills_ready": 1,
        "bills_issued_first": 5,
        "documents_issued": 5,
        "documents_fen": 500,
        "adjustments_issued": 0,
        "adjustments_fen": 0,
        "charges_issued": 0,
        "charges_fen": 0,
        "charges_withdrawn_fen": 0,
        "issued_fen": 500,
        "reversed_fen": 40,
        "supplies_switched": 3,
    },
    "collection": {
        "documents_posted": 4,
        "documents_waiting": 1,
        "posted_fen": 400,
        "waiting_fen": 100,
        "reversed_fen": 30,
        "reversed_waiting_fen": 10,
        "supply_orders": 4,
        "ledger_imbalance_fen": 0,
    },
    "notify": {"causes_bill_issued": 5, "causes_estimate_made": 2},
}


def changed(service: str, **totals: Any) -> list[str]:
    found = reconcile.compare(AGREED | {service: AGREED[service] | totals})
    return [result.title for result in found if not result.agrees]


def test_totals_that_agree_reconcile() -> None:
    assert all(result.agrees for result in reconcile.compare(AGREED))


def test_every_total_that_differs_is_found() -> None:
    for service, totals in AGREED.items():
        for name, value in totals.items():
            assert changed(service, **{name: value + 1}), name


def test_a_total_that_is_not_given_does_not_reconcile() -> None:
    assert changed("collection", posted_fen=None) == ["fen issued = posted + waiting"]
