"""Who changes supply orders holds their points first, then the orders: two of them wait for each other, never in a ring."""

from collections.abc import Sequence

from services.reading.network.store import points
from services.reading.supply import store
from services.reading.supply.domain import Order
from shared.db.engine import Tx


async def hold(tx: Tx, service_point_nos: Sequence[str]) -> frozenset[str]:
    """Lock points, those that reading does not know too, and return those that it knows."""
    known = await points.hold(tx, service_point_nos)
    await store.know_points(tx, service_point_nos)
    await store.lock_points(tx, service_point_nos)
    return known


async def orders(tx: Tx, order_nos: Sequence[str]) -> dict[str, Order]:
    """Lock orders by their numbers, their points first."""
    there = await store.by_no(tx, order_nos)
    await points.hold(tx, [each.point for each in there.values()])
    await store.lock_points(tx, [each.point for each in there.values()])
    return await store.lock(tx, order_nos)
