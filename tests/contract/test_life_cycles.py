"""Every status goes through a transition table, and the README of its service shows the table as a picture."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import services
from shared.statemachine import StateMachine

SERVICES = ("reading", "billing", "collection", "notify")
ROOT = Path(services.__file__).parent


def machines(service: str) -> Iterator[StateMachine]:
    """Yield each transition table of a service once."""
    package = importlib.import_module(f"services.{service}")
    seen: set[int] = set()
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if "migrations" in info.name:
            continue
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, StateMachine) and id(value) not in seen:
                seen.add(id(value))
                yield value


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_shows_every_life_cycle_as_it_is(service: str) -> None:
    readme = (ROOT / service / "README.md").read_text()
    found = list(machines(service))
    missing = [machine.name for machine in found if machine.picture() not in readme]
    pictures = "\n\n".join(machine.picture() for machine in found if machine.name in missing)
    assert not missing, f"the README of {service} does not show {missing}:\n{pictures}"
    assert readme.count("stateDiagram-v2") == len(found), "a picture of a life cycle that is no more"


@pytest.mark.parametrize("service", SERVICES)
def test_every_state_of_a_life_cycle_can_be_reached(service: str) -> None:
    for machine in machines(service):
        reached, before = set(machine.starts), set[str]()
        while reached != before:
            before = set(reached)
            reached |= {to for steps in machine.moves.values() for state, to in steps.items() if state in before}
        assert reached == set(machine.states), machine.name
