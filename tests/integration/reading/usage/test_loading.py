"""What is known of points is loaded in as many statements for many as for one."""

from datetime import date

import pytest

from services.reading.reads.domain.days import ReadDays
from services.reading.usage.use_cases.knowing import Loader
from tests.kits.reading import Kit, Statements, january, read


@pytest.mark.parametrize("points", [1, 40])
@pytest.mark.parametrize(("unread", "most"), [(False, 8), (True, 11)])
async def test_points_are_loaded_in_a_constant_number_of_statements(
    kit: Kit, points: int, unread: bool, most: int
) -> None:
    """Eight, and three more where a day that is decided has no read: the nearest ones, these reads and their corrections."""
    await january(kit, points)
    await kit.plan("2026-03-01")
    if not unread:
        await kit.push(*(read(f"M{n:04d}", "2026-03-01", "300.00") for n in range(1, points + 1)))
    await kit.close("2026-03-02")
    own = kit.service.app.state.context
    loader = Loader(days=ReadDays(own.policies, own.zone))
    touched = {f"S{n:04d}": date(2026, 1, 15) for n in range(1, points + 1)}
    async with kit.database.begin() as tx:
        with Statements(kit) as statements:
            loaded = await loader.load(tx, touched, {})
    assert len(statements.texts) == most
    assert len(loaded) == points
