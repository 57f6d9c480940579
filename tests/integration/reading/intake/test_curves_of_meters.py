"""Curves in force, as they are loaded for usages."""

from datetime import date

from services.reading.reads.domain.curves import CurveKey, Span
from services.reading.reads.store import curves as store
from tests.kits.reading import Kit, Statements

FULL = [10] * 48


async def test_one_statement_loads_what_is_in_force_for_any_number_of_spans(kit: Kit) -> None:
    await kit.district(3)
    known = {"unit": "Wh", "interval_minutes": 30}
    items = [
        known | {"meter_no": f"M{i:04d}", "day": f"2026-01-{day:02d}", "values": values}
        for i in (1, 2, 3)
        for day in (10, 11, 12)
        for values in ([None, *FULL[1:]], FULL, [11, *FULL[1:]])  # a gap, filled, and a conflict
    ]
    await kit.clerk.post("/v1/curves", json={"items": items})
    from_, to = date(2026, 1, 10), date(2026, 1, 12)
    spans = [
        Span("M0001", from_, to, "import"),
        Span("M0001", from_, to, "import"),
        Span("M0001", date(2026, 1, 11), date(2026, 2, 1), "import"),
        Span("M0002", from_, date(2026, 1, 11), "import"),
        Span("M0003", from_, to, "export"),
        Span("M9", from_, to, "import"),
    ]
    async with kit.database.view() as view:
        with Statements(kit) as statements:
            found = await store.of_meters(view, spans)
        assert await store.of_meters(view, []) == {}
    assert len(statements.texts) == 1
    assert sorted(found) == [
        CurveKey("M0001", date(2026, 1, 10), "import"),
        CurveKey("M0001", date(2026, 1, 11), "import"),
        CurveKey("M0001", date(2026, 1, 12), "import"),
        CurveKey("M0002", date(2026, 1, 10), "import"),
    ]
    assert {each.values for each in found.values()} == {tuple(FULL)}
