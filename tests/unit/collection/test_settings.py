"""A wrong setting is refused at start with its name, and its value is not told."""

import json
from pathlib import Path

import pytest

from services.collection import main
from services.collection.settings import SHIPPED_POLICY, CollectionSettings
from shared.settings import SettingsError

KEYS = {"WATTLINE_TOKEN_KEY": "k" * 40, "WATTLINE_DEVICE_MASTER_KEY": "k" * 40}


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
