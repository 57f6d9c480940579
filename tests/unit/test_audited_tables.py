"""What commands change of an audited object is read with it: every table whose rows are of it, or it is said here why not."""

import importlib
from collections.abc import Iterator

import pytest

from shared.settings import SERVICES

NOT_READ = {
    "told by other services, or measured: no command on the object writes it": {
        ("reading", "meter"): {"curve", "meter_alarm", "read", "waiting_curve", "waiting_read"},
        ("reading", "site_order"): {"site_order_withdrawal"},
        ("reading", "supply_order"): {"supply_withdrawal"},
        ("billing", "closing"): {"closing_answer", "closing_settlement"},
        ("notify", "notice"): {"notice_joined", "notice_way"},
        ("notify", "call_task"): {"notice_joined"},
        ("notify", "question"): {"question_withdrawal"},
    },
    "written by commands on another object, whose contents hold it": {
        ("notify", "notice"): {"call", "call_task", "letter"}
    },
    "only added to, for good: its rows are the record": {
        ("billing", "account"): {"account_before"},
        ("billing", "bill"): {"bill_party"},
        ("billing", "case"): {"case_event"},
        ("billing", "contract"): {"contract_before", "ladder_near"},
        ("billing", "unused_supply"): {"contract_before", "ladder_near"},
    },
    "calculated by the service, of what is kept": {
        ("reading", "device"): {"nonce"},
        ("reading", "meter"): {"meter_spell"},
        ("reading", "route"): {"route_cycle"},
        ("reading", "service_point"): {"daily_register", "first_remote_meter", "supply_point", "task"},
        ("billing", "bill"): {"bill_document"},
        ("billing", "contract"): {"daily_charge", "daily_estimate"},
        ("billing", "unused_supply"): {"daily_charge", "daily_estimate"},
        ("billing", "run"): {"compared_run"},
    },
    "an object of its own kind, with entries of its own": {
        ("reading", "device"): {"device_key"},
        ("reading", "meter"): {"installation", "installation_version", "meter_receipt"},
        ("reading", "rollout"): {"rollout_failure", "rollout_point"},
        ("reading", "service_point"): {"asked_end"},
        ("billing", "closing"): {"closing_finding"},
        ("billing", "contract"): {"unused_supply"},
        ("billing", "unused_supply"): {"contract"},
    },
    "read with the case that it is of": {
        ("billing", "case_signal"): {"case_verdict"},
    },
    "another thing that is found under a key of the same name": {
        ("reading", "conduct_finding"): {"finding"},
        ("reading", "own_read"): {"read_day_request"},
        ("reading", "read_day_request"): {"own_read"},
        ("reading", "site_order"): {"supply_order", "supply_withdrawal"},
        ("billing", "site_order"): {"supply_switch"},
        ("reading", "supply_order"): {"site_order", "site_order_withdrawal"},
        ("notify", "call_task"): {"letter"},
        ("collection", "account_standing"): {
            *("account", "dunning_hold", "dunning_hold_receivable", "hardship_mark", "late_settlement"),
            "prepaid_account",
        },
        ("collection", "hardship"): {
            *("account", "dunning_hold", "dunning_hold_receivable", "late_settlement", "prepaid_account")
        },
        ("collection", "prepaid_account"): {
            *("account", "account_standing", "dunning_hold", "dunning_hold_receivable", "hardship_mark"),
            "late_settlement",
        },
        ("collection", "late_fee_waiver"): {"dunning_debt", "receivable"},
        ("collection", "month"): {"target"},
        ("billing", "release_switch"): {"business_day", "relay_lease"},
    },
}


def children(service: str) -> Iterator[tuple[str, str]]:
    """Yield by audited kind the tables whose keys begin with the id of its objects, and that are not read with it."""
    contents = importlib.import_module(f"services.{service}.contents").CONTENTS
    importlib.import_module(f"services.{service}.main")
    tables = importlib.import_module(f"services.{service}.base").Base.metadata.sorted_tables
    for kind, reader in contents.items():
        for names in list(reader.tables.values())[:1]:
            for table in tables:
                key = [column.name for column in table.primary_key]
                if table not in reader.tables and not table.info and key[: len(names)] == list(names):
                    yield kind, table.name


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_of_an_audited_object_is_read_with_it_or_it_is_said_why_not(service: str) -> None:
    known = [(of, table) for each in NOT_READ.values() for of, tables in each.items() for table in tables]
    assert len(known) == len(set(known))
    assert set(children(service)) == {(kind, table) for (of, kind), table in known if of == service}
