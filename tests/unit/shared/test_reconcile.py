from typing import Any

from services.command import reconcile

AGREED: dict[str, dict[str, int]] = {
    "reading": {
        "reads_received": 10,
        "reads_accepted": 7,
        "reads_refused": 2,
        "reads_duplicate": 1,
        "usages_published": 7,
        "usage_wh": 700,
    },
    "billing": {
        "usages_received": 7,
        "usages_rated": 7,
        "usage_wh": 700,
        "bills_made": 7,
        "bills_issued": 5,
        "bills_held": 1,
        "bills_ready": 1,
        "issued_documents": 5,
        "issued_fen": 500,
    },
    "collection": {"documents_posted": 5, "posted_fen": 500, "ledger_imbalance_fen": 0},
    "notify": {},
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
    assert changed("collection", posted_fen=None) == ["fen issued = fen posted"]
