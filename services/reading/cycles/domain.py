"""Read days (抄表例日): the date on which a route is read in a month."""

from datetime import date


def read_date(read_day: int, business_date: date) -> date | None:
    """Return the read date of the month of `business_date`, or None while it lies ahead."""
    on = business_date.replace(day=read_day)
    return on if on <= business_date else None
