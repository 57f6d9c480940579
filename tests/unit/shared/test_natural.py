import uuid
from datetime import date

from shared import natural

DAY = date(2026, 2, 1)


def test_the_id_of_a_document_follows_from_its_key() -> None:
    one = natural.key_id(DAY, "bill", "C1", date(2026, 1, 1), 1)
    assert one == natural.key_id(DAY, "bill", "C1", date(2026, 1, 1), 1)
    others = {
        natural.key_id(DAY, "usage", "C1", date(2026, 1, 1), 1),
        natural.key_id(DAY, "bill", "C1", date(2026, 1, 1), 2),
        natural.key_id(DAY, "bill", "C12", "2026-01-01", ""),
        natural.key_id(DAY, "bill", "C1", "2", "2026-01-01"),
        natural.key_id(date(2026, 2, 2), "bill", "C1", date(2026, 1, 1), 1),
    }
    assert len(others) == 5
    assert one not in others


def test_it_is_a_uuid_of_version_8_that_sorts_by_day() -> None:
    days = [date(1969, 12, 31), date(1970, 1, 2), DAY, date(2026, 2, 2), date(9999, 12, 31)]
    found = [natural.key_id(day, "bill", n) for day in days for n in range(100)]
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in found} == {(8, uuid.RFC_4122)}
    assert [found[i][:13] for i in range(0, 500, 100)] == sorted(found[i][:13] for i in range(0, 500, 100))
    assert len(set(found)) == 500


def test_the_ids_that_are_out_stay_what_they_are() -> None:
    assert natural.key_id(DAY, "bill", "C1", date(2026, 1, 1), 1) == "019c167f-cc00-8a5e-a1e9-622f84334dba"
