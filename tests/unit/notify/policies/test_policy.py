"""The policy: what is refused when it is loaded."""

import pytest

from services.notify.policies.domain import InvalidPolicy, load

POLICY = {
    "version": 1,
    "channels": {"email": {"gateway": "smtp", "address": ".+", "last_resort": False}},
    "roles": {"reminder": ["holder"]},
    "wait_for_contact_days": 30,
    "retry": {"temporary_seconds": [60], "in_doubt_seconds": [600]},
}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"colour": 1}, "/:"),
        ({"roles": {}}, "/roles:"),
        ({"roles": {"reminder": ["neighbour"]}}, "/roles/reminder:"),
        ({"wait_for_contact_days": -1}, "/wait_for_contact_days:"),
        ({"wait_for_contact_days": True}, "/wait_for_contact_days:"),
        ({"retry": {"temporary_seconds": [60]}}, "/retry:"),
        ({"retry": {"temporary_seconds": [-1], "in_doubt_seconds": []}}, "/retry/temporary_seconds:"),
        ({"retry": {"temporary_seconds": [1] * 21, "in_doubt_seconds": []}}, "/retry/temporary_seconds:"),
        ({"channels": {"email": {"gateway": "x", "address": "", "last_resort": False}}}, "/channels/email/gateway:"),
        ({"channels": {"email": {"gateway": None, "address": "(", "last_resort": False}}}, "/channels/email/address:"),
        ({"channels": {"email": {"gateway": None, "address": "", "last_resort": 0}}}, "/channels/email/last_resort:"),
        ({"channels": {"email": {}}}, "/channels/email:"),
    ],
)
def test_a_policy_with_a_fault_is_refused_with_its_path(change: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidPolicy, match=path):
        load(POLICY | change, frozenset({"reminder"}))
    assert load(POLICY, frozenset({"reminder"})).retry.in_doubt_seconds == (600,)
