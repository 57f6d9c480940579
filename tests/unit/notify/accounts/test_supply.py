"""Who is supplied on a day."""

from datetime import date

from services.notify.accounts.domain import Supply, account_on

DAY = date(2026, 2, 2)


def supply(account_no: str, valid_from: date, valid_to: date | None) -> Supply:
    return Supply(account_no=account_no, service_point_no="p", org_unit="zj", valid_from=valid_from, valid_to=valid_to)


def test_the_account_of_a_service_point_is_the_one_supplied_on_that_day() -> None:
    old = supply("a1", date(2025, 1, 1), DAY)
    new = supply("a2", DAY, None)
    assert account_on([old, new], date(2026, 2, 1)) == old
    assert account_on([old, new], DAY) == new
    assert account_on([old, new], date(2024, 12, 31)) is None
