"""What a seed orders for a bad day, and how a process obeys it."""

from pathlib import Path

import pytest

from shared.settings import SERVICES
from shared.testing.faults import BEFORE_COMMIT, BEFORE_SEND, ERRORS, POINTS, Unforeseen
from tests.e2e import test_kills as kills
from tests.e2e.launch import KILL, Orders

SEEDS = range(20)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_kills_each_service_at_each_point_and_raises_each_error_in_each(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kills, "KILLS", 24)
    orders = kills.orders(seed)
    killed = [(order.service, order.point) for order in orders if order.fault == KILL]
    assert len(killed) == 24
    assert set(killed) == {(service, point) for service in SERVICES for point in POINTS}
    raised = {(order.service, order.fault) for order in orders if order.fault != KILL}
    assert raised == {(service, error.__name__) for service in SERVICES for error in ERRORS}
    assert orders == kills.orders(seed)


def test_an_order_to_raise_is_obeyed_once_at_its_passing(tmp_path: Path) -> None:
    file = tmp_path / "billing"
    plan = Orders(file)
    plan.reach(BEFORE_COMMIT)  # before the order: not counted
    file.write_text(f"{BEFORE_COMMIT} 2 {Unforeseen.__name__}")
    plan.reach(BEFORE_COMMIT)
    plan.reach(BEFORE_SEND)
    with pytest.raises(Unforeseen):
        plan.reach(BEFORE_COMMIT)
    assert not file.exists()
    plan.reach(BEFORE_COMMIT)
