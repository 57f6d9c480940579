"""The cases that the demo shows, each one customer: on which route, and what the result page says of it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Month:
    """A cycle: used from `first` on, read on `read_on`."""

    cycle: str
    first: date
    read_on: date


MONTHS = (
    Month("2026-01", date(2026, 1, 1), date(2026, 2, 1)),
    Month("2026-02", date(2026, 2, 1), date(2026, 3, 1)),
)


@dataclass(frozen=True)
class Story:
    """`route` counts the routes from the front, or from the end where negative; `place` is the customer's place on it."""

    name: str
    route: int
    place: int
    title: str


STORIES = {
    story.name: story
    for story in (
        Story("duplicate_push", 0, 0, "The head-end pushes a day twice"),
        Story("normal_payment", 0, 1, "Pays the bill by app"),
        Story("double_callback", 0, 2, "The channel reports one payment twice"),
        Story("overpayment", 0, 3, "Pays 50 yuan too much"),
        Story("wrong_amount", 0, 4, "The channel reports another amount than ordered"),
        Story("never_pays", 0, 5, "Does not pay: reminded, and the landlord is told"),
        Story("usage_before_account", 0, 6, "The usage arrives before the account"),
        Story(
            "landline", 0, 7, "Old, and has a fixed line alone: told by an employee who calls; a neighbour has the mail"
        ),
        Story("past_move", 0, 8, "Moved out on 20 January, told after the bill was paid: cut at the read of that day"),
        Story(
            "class_changed", 0, 9, "A shared meter since January (合表), told after the bill was paid: seen, corrected"
        ),
        Story(
            "doubt", 0, 10, "Doubts January's usage: shown the history of the point, explained, no test of the meter"
        ),
        Story("read_day_moved", 0, 11, "Asked to be read on the 20th from March on: agrees, and is"),
        Story("read_day_kept", 0, 12, "Asked to be read on the 20th from March on: says no, and is not"),
        Story("bounced", 0, 13, "The mails come back: told by an employee who calls"),
        Story(
            "theft", 1, 2, "A cover that was opened, a tip, nobody knows since when: a theft, charged by three people"
        ),
        Story("meter_exchange", 1, 0, "The meter is exchanged in mid-January"),
        Story(
            "mistyped_exchange", -2, 3, "An exchange typed with 113.00 for 1130.00, repaired after the bill was paid"
        ),
        Story("late_read", 1, 1, "The read of 1 March comes after the window: estimate, then correction"),
        Story("rollover", -2, 0, "The register passes 9999.99: a roll-over, and found"),
        Story("curve_bill", -2, 4, "One register, and a curve of half-hours: billed by the time of use"),
        Story("two_part_shop", -2, 5, "A shop with 100 kVA: two-part price by the time of use, and its power factor"),
        Story("multiplier", -2, 1, "Current transformer, times 40"),
        Story("implausible_usage", -2, 2, "More than 1,000 kWh in February: held, explained, released"),
        Story("missed_read", -1, 0, "Nobody at home on 1 February: billed on December, settled by itself in March"),
        Story("read_corrected", -1, 1, "Misread by 60 kWh, corrected after the bill was paid"),
        Story("guessed", -1, 3, "The reader guessed in February: the estimate to the kWh. Found, confirmed, corrected"),
        Story(
            "unused", -1, 6, "Nobody uses anything: found, checked, announced, approved, read, billed, settled, closed"
        ),
        Story(
            "move", -1, 2, "Somebody moves on 12 January, nobody reads: both are billed by days until the read comes"
        ),
    )
}
