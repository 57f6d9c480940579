"""A wrong setting is refused at start with its name, and its value is not told."""

import json
from pathlib import Path

import pytest

from services.collection import main
from services.collection.settings import SHIPPED_POLICY, CollectionSettings
from shared.settings import SettingsError

KEYS = {"WATTLINE_TOKEN_KEY": "k" * 40}


@pytest.mark.parametrize("secrets", ["{", "[]", '{"app": 1}', '{"app": "too-short"}'])
def test_channel_secrets_that_are_not_usable_are_refused(secrets: str) -> None:
    with pytest.raises(SettingsError, match="WATTLINE_CHANNEL_SECRETS") as refused:
        CollectionSettings.load({**KEYS, "WATTLINE_CHANNEL_SECRETS": secrets})
    assert "too-short" not in str(refused.value)


def test_a_secret_of_a_channel_that_the_policy_does_not_know_is_refused() -> None:
    settings = CollectionSettings.load({**KEYS, "WATTLINE_CHANNEL_SECRETS": json.dumps({"moon": "s" * 40})})
    with pytest.raises(SettingsError, match="WATTLINE_CHANNEL_SECRETS: not in the policy: moon"):
        main.load_policies(settings)


@pytest.mark.parametrize("case", ["missing", "no JSON", "no counter"])
def test_a_policy_file_that_is_not_usable_is_refused(tmp_path: Path, case: str) -> None:
    file = tmp_path / "policy.json"
    document = json.loads(SHIPPED_POLICY.read_text())
    del document["versions"][0]["channels"]["counter"]
    if case != "missing":
        file.write_text("{" if case == "no JSON" else json.dumps(document))
    settings = CollectionSettings.load({**KEYS, "WATTLINE_COLLECTION_POLICY": str(file)})

    with pytest.raises(SettingsError, match="WATTLINE_COLLECTION_POLICY"):
        main.load_policies(settings)


def test_all_faults_of_ledger_and_dunning_are_told_at_once(tmp_path: Path) -> None:
    document = json.loads(SHIPPED_POLICY.read_text())
    version = document["versions"][0]
    del version["roles"]["suspense"]
    version["roles"]["receivable"] = version["channels"]["counter"]
    version["components"]["energy"] = "9999"
    version["dunning"] = [{"stage": 2, "days_after_due": -1}]
    version["surprise"] = 1
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document))
    with pytest.raises(SettingsError) as refused:
        main.load_policies(CollectionSettings.load({**KEYS, "WATTLINE_COLLECTION_POLICY": str(file)}))
    told = [fault.split(": ")[0] for fault in str(refused.value).split("POLICY: ")[1].split("; ") if " at /" in fault]
    assert told == [
        "field_unknown at /versions/0/surprise",
        "field_missing at /versions/0/roles/suspense",
        "name_unknown at /versions/0/components/energy",
        "name_twice at /versions/0/roles/receivable",
        "value_wrong at /versions/0/dunning/0/stage",
        "value_wrong at /versions/0/dunning/0/days_after_due",
    ]


def test_a_chart_that_is_not_there_is_one_fault_and_not_one_of_each_account(tmp_path: Path) -> None:
    document = json.loads(SHIPPED_POLICY.read_text())
    del document["versions"][0]["chart"]
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document))
    with pytest.raises(SettingsError) as refused:
        main.load_policies(CollectionSettings.load({**KEYS, "WATTLINE_COLLECTION_POLICY": str(file)}))
    assert str(refused.value).count(" at /") == 1
