"""Who is supplied on a day."""

from datetime import date

from services.notify.accounts.domain import Supply, account_on

DAY = date(2026, 2, 2)


def test_the_account_of_a_service_point_is_the_one_supplied_on_that_day() -> None:
    old = Supply("a1", "p", "zj", date(2025, 1, 1), DAY)
    new = Supply("a2", "p", "zj", DAY, None)
    assert account_on([old, new], date(2026, 2, 1)) == old
    assert account_on([old, new], DAY) == new
    assert account_on([old, new], date(2024, 12, 31)) is None
