"""The import contracts hold the house: each is kept by the tree, and broken by an import that it forbids."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract

ROOT = Path(__file__).parents[2]
KINDS = {"forbidden": ForbiddenContract, "independence": IndependenceContract, "layers": LayersContract}
CONFIGURATION = read_configuration(str(ROOT / "pyproject.toml"))
SERVICES = ("reading", "billing", "collection", "notify")
NO_CAPABILITIES = {"migrations", "policies", "kinds"}
PURE_THROUGHOUT = {"services.billing.rating"}  # no layers: its rooms are the two implementations and what they share

BREACHES = [
    ("No service imports another", "services.notify.main", "services.billing.base"),
    ("shared never imports a service", "shared.service", "services.billing.base"),
    ("Shared goes one way", "shared.db.journal", "shared.bus.relay"),
    ("Shared goes one way", "shared.bus.consumer", "shared.web.app"),
    ("Shared goes one way", "shared.money", "shared.clock"),
    ("Capabilities of reading have one order", "services.reading.usage.use_cases", "services.reading.cycles.use_cases"),
    ("Capabilities of billing have one order", "services.billing.bills.use_cases", "services.billing.runs.store"),
    ("Capabilities of billing have one order", "services.billing.runs.api", "services.billing.views.store"),
    ("Capabilities of collection have one order", "services.collection.ledger.store", "services.collection.dunning"),
    ("Capabilities of notify have one order", "services.notify.notices.use_cases", "services.notify.causes"),
    ("Layers of a capability go one way", "services.collection.payments.use_cases", "services.collection.payments.api"),
    ("Layers of a capability go one way", "services.collection.payments.domain", "services.collection.payments.tables"),
    ("Layers of a capability go one way", "services.billing.runs.consumers", "services.billing.runs.api"),
    ("Only the command imports a composition root", "services.notify.context", "services.notify.main"),
    ("Services do not know the command that starts them", "services.notify.main", "services.command.local"),
    ("Domains do no I/O", "services.billing.runs.domain", "sqlalchemy"),
    ("Domains do no I/O", "services.billing.contracts.domain", "services.billing.contracts.store.contracts"),
    (
        "The two implementations of rating do not know each other",
        "services.billing.rating.bulk",
        "services.billing.rating.reference",
    ),
    ("The product does not import its test helpers", "shared.bus.relay", "shared.testing.faults"),
]
NEWCOMERS = [
    ("Shared goes one way", "shared.newcomer"),
    ("Capabilities of reading have one order", "services.reading.newcomer"),
    ("Capabilities of billing have one order", "services.billing.newcomer"),
    ("Capabilities of collection have one order", "services.collection.newcomer"),
    ("Capabilities of notify have one order", "services.notify.newcomer"),
    ("Layers of a capability go one way", "services.billing.bills.newcomer"),
]


def contracts() -> dict[str, dict[str, Any]]:
    return {option["name"]: option for option in CONFIGURATION["contracts_options"]}


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("shared", "services", include_external_packages=True, cache_dir=None)


def is_kept(name: str, graph: grimp.ImportGraph) -> bool:
    option = contracts()[name]
    contract = KINDS[option["type"]](name, CONFIGURATION["session_options"], option)
    return contract.check(graph, verbose=False).kept


@pytest.mark.parametrize("name", contracts())
def test_the_tree_keeps_each_contract(name: str) -> None:
    assert is_kept(name, deepcopy(imports()))


@pytest.mark.parametrize(("name", "importer", "imported"), BREACHES)
def test_a_contract_is_broken_by_an_import_that_it_forbids(name: str, importer: str, imported: str) -> None:
    graph = deepcopy(imports())
    assert {importer, imported} <= graph.modules
    graph.add_import(importer=importer, imported=imported)
    assert not is_kept(name, graph)


@pytest.mark.parametrize(("name", "newcomer"), NEWCOMERS)
def test_a_new_module_takes_its_place_in_the_order(name: str, newcomer: str) -> None:
    graph = deepcopy(imports())
    graph.add_module(newcomer)
    assert not is_kept(name, graph)


def test_each_contract_has_a_breach_here() -> None:
    assert {name for name, _, _ in BREACHES} == set(contracts())


def test_the_layers_of_every_capability_are_held() -> None:
    capabilities = {
        f"services.{service}.{folder.name}"
        for service in SERVICES
        for folder in (ROOT / "services" / service).iterdir()
        if (folder / "__init__.py").is_file() and folder.name not in NO_CAPABILITIES
    }
    held = contracts()["Layers of a capability go one way"]["containers"]
    assert set(held) == capabilities - PURE_THROUGHOUT
