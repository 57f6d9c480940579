"""The policy: what is refused when it is loaded."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.notify.main import load_policy
from services.notify.policies.domain import Policies, load
from shared.document import DocumentError
from shared.settings import SettingsError
from tests.kits.notify import KINDS, UTILITY

ROLES = {"reminder": frozenset({"holder", "tenant"})}
VERSION = {
    "version": "1",
    "effective": {"from": "2000-01-01", "to": None},
    "points": {"email": ".+"},
    "channels": {"email": {"gateway": "smtp", "point": "email", "last_resort": False}},
    "verified_by": ["declared"],
    "stale_months": 24,
    "roles": {"reminder": ["holder"]},
    "wait_for_contact_days": 30,
    "remind_days_before": [3],
    "retry": {"temporary_seconds": [60], "in_doubt_seconds": [600]},
}


def document(**change: Any) -> dict[str, Any]:
    return {"id": "CN/notify", "title": "rules", "versions": [VERSION | change]}


def read(given: dict[str, Any]) -> Policies:
    return load(given, ROLES, {}, UTILITY)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"colour": 1}, "/colour:"),
        ({"roles": {"reminder": []}}, "/roles/reminder:"),
        ({"roles": {"reminder": ["neighbour"]}}, "/roles/reminder/0:"),
        ({"roles": {"reminder": ["holder"], "greeting": ["holder"]}}, "/roles/greeting:"),
        ({"wait_for_contact_days": -1}, "/wait_for_contact_days:"),
        ({"wait_for_contact_days": True}, "/wait_for_contact_days:"),
        ({"remind_days_before": [3, 3]}, "/remind_days_before:"),
        ({"remind_days_before": [-1]}, "/remind_days_before/0:"),
        ({"remind_days_before": [6, 5, 4, 3, 2, 1]}, "/remind_days_before:"),
        ({"retry": {"temporary_seconds": [60]}}, "/retry/in_doubt_seconds:"),
        ({"retry": {"temporary_seconds": [-1], "in_doubt_seconds": []}}, "/retry/temporary_seconds/0:"),
        ({"retry": {"temporary_seconds": [1] * 21, "in_doubt_seconds": []}}, "/retry/temporary_seconds:"),
        ({"points": {"email": "("}}, "/points/email:"),
        ({"points": {}}, "/channels/email/point:"),
        ({"channels": {"email": {"gateway": "x", "point": "email", "last_resort": False}}}, "/channels/email/gateway:"),
        ({"channels": {"email": {"gateway": None, "point": "x", "last_resort": False}}}, "/channels/email/point:"),
        (
            {"channels": {"email": {"gateway": None, "point": "email", "last_resort": 0}}},
            "/channels/email/last_resort:",
        ),
        (
            {"channels": {"e": {"gateway": "letters", "point": "email", "last_resort": False, "proof": "accepted"}}},
            "/channels/e/proof:",
        ),
        (
            {
                "channels": {
                    "e": {"gateway": "calls", "point": "email", "last_resort": False, "proof_legal": "accepted"}
                }
            },
            "/channels/e/proof_legal:",
        ),
        ({"letters": {"delivered_after_days": 0}}, "/letters/delivered_after_days:"),
        ({"at_door": {"channel": "email", "after_days": 3}}, "/at_door/channel:"),
        ({"letters": {"days": 1}}, "/letters/days:"),
        ({"verified_by": ["heard"]}, "/verified_by/0:"),
        ({"stale_months": 0}, "/stale_months:"),
        ({"channels": {"email": {}}}, "/channels/email/gateway:"),
        ({"effective": {"from": "2026-01-01", "to": "2026-01-01"}}, "/effective:"),
    ],
)
def test_a_policy_with_a_fault_is_refused_with_its_path(change: dict[str, object], path: str) -> None:
    with pytest.raises(DocumentError, match=f"at /versions/0{path}"):
        read(document(**change))
    assert read(document()).on(date(2026, 1, 1)).retry.in_doubt_seconds == (600,)


def test_a_policy_file_that_is_not_usable_is_refused_with_the_name_of_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document(roles={"greeting": ["holder"]})))  # which is no kind of notice
    with pytest.raises(SettingsError, match="WATTLINE_NOTIFY_POLICY: field_unknown at /versions/0/roles/greeting"):
        load_policy(file, KINDS, UTILITY)


def test_a_policy_without_roles_for_a_kind_leaves_it_to_the_kind() -> None:
    assert read(document()).on(date(2026, 1, 1)).roles == {"reminder": {"holder"}}
    assert read(document(roles={})).on(date(2026, 1, 1)).roles == ROLES


def test_all_faults_of_a_policy_are_told_at_once() -> None:
    channels = {"email": {"gateway": "x", "point": "x", "last_resort": 0}, "paper": {}}
    wrong = document(
        colour=1, channels=channels, roles={"greeting": [], "reminder": []}, retry={"temporary_seconds": [-1, 1, "x"]}
    )
    with pytest.raises(DocumentError) as refused:
        read(wrong)
    assert [fault.pointer.removeprefix("/versions/0") for fault in refused.value.faults] == [
        "/colour",
        "/channels/email/gateway",
        "/channels/email/point",
        "/channels/email/last_resort",
        "/channels/paper/gateway",
        "/channels/paper/point",
        "/channels/paper/last_resort",
        "/roles/greeting",
        "/roles/reminder",
        "/retry/temporary_seconds/0",
        "/retry/temporary_seconds/2",
        "/retry/in_doubt_seconds",
    ]


def test_no_landlord_is_told_of_what_is_the_tenants_alone() -> None:
    roles = {"bill_issued": frozenset({"tenant"}), "reminder": frozenset({"holder"})}
    told = {"bill_issued": ["tenant", "landlord"], "reminder": ["holder", "landlord"]}
    with pytest.raises(DocumentError, match="/roles/bill_issued: its texts show what is the tenant's alone"):
        load(document(roles=told), roles, {}, UTILITY, ["bill_issued"])
    told["bill_issued"] = ["tenant"]
    assert load(document(roles=told), roles, {}, UTILITY, ["bill_issued"]).on(date(2026, 1, 1)).roles["reminder"] >= {
        "landlord"
    }


def test_what_shows_a_bill_or_a_usage_is_the_tenants_alone() -> None:
    shows = {"energy_wh", "total_fen", "reversed_fen", "period_from"}
    assert {name for name, kind in KINDS.items() if shows & set(kind.figures)} <= {
        name for name, kind in KINDS.items() if kind.tenants_alone
    }
    assert not any("landlord" in kind.roles for kind in KINDS.values() if kind.tenants_alone)


def test_a_debtor_is_asked_as_the_others_where_the_policy_says_nothing_else() -> None:
    (version,) = read(document())
    assert version.rules.stale_months_debtors == 24
    assert version.rules.tones.of("often_late", is_vulnerable=True) == "plain"


def test_what_people_work_through_is_told_by_what_they_say_alone() -> None:
    channel = {"gateway": "letters", "point": "email", "last_resort": True}
    (version,) = read(document(channels={"letter": channel}))
    assert version.rules.channels["letter"].receipt_seconds(legal_effect=False) is not None
