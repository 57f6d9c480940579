"""The shipped policy of collection knows every charge of the shipped tariffs: none ends on the account for the unmapped."""

import json
from pathlib import Path

import pytest

from tests.kits.collection import POLICY

TARIFFS = sorted((Path(__file__).parents[2] / "services" / "billing" / "tariffs").glob("**/*.json"))


@pytest.mark.parametrize("path", TARIFFS, ids=lambda path: path.stem)
def test_every_charge_of_a_shipped_tariff_has_a_ledger_account(path: Path) -> None:
    document = json.loads(path.read_text())
    charges = {charge["name"] for charge in document.get("charges", ())}

    for rules in POLICY.rules:
        assert charges <= set(rules.components)


def test_there_are_shipped_tariffs() -> None:
    assert any(json.loads(path.read_text()).get("charges") for path in TARIFFS)
