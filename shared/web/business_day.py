"""Business dates (业务日期) that a caller gives: any past one, since a missed day is made up for, but none that has not come."""

from datetime import date, timedelta

from shared.errors import BusinessError
from shared.web.state import Web


class InTheFuture(BusinessError):
    status = 422
    code = "business_date.in_the_future"
    title = "The business date lies after tomorrow"


def check(web: Web, day: date | None) -> None:
    """Refuse a business date after tomorrow, by the utility's civil date; tomorrow's work may be prepared around midnight.

    A later one would be believed: bills would carry it as their issue date, and everything after them too. Raises `InTheFuture`.
    """
    today = web.database.clock.now().astimezone(web.settings.timezone).date()
    if day is not None and day > today + timedelta(days=1):
        raise InTheFuture
