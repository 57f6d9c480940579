"""A bill run's life cycle and its check."""

from datetime import date
from itertools import pairwise

import orjson
import pytest

from services.billing.bills.domain import policy
from services.billing.runs import domain as runs
from services.billing.runs.domain import Checked, Closed
from services.billing.settings import DEFAULT_POLICY
from services.billing.usages.domain import Totals
from shared.business_calendar import folder
from shared.statemachine import MoveRefused

POLICY = policy.load(orjson.loads(DEFAULT_POLICY.read_bytes())).on(date(2026, 1, 1))


def check(own: Totals, last_sum_wh: int | None = None, missed: int = 0) -> Checked:
    return runs.check(
        reported=Closed(totals=Totals(10, 1000), missed=missed, read_date=date(2026, 2, 3), closed_on=date(2026, 2, 4)),
        own=own,
        last_sum_wh=last_sum_wh,
        org_unit="zj",
        policy=POLICY,
        calendar=folder.load(folder.DOCUMENTS),
    )


def test_equal_totals_release_the_run_on_the_day_after_its_read_day() -> None:
    assert check(Totals(10, 1000)) == Checked("releasing", (), date(2026, 2, 4), date(2026, 2, 4))


@pytest.mark.parametrize("own", [Totals(9, 1000), Totals(10, 999), Totals(11, 1000)])
def test_a_difference_of_one_keeps_the_run_open(own: Totals) -> None:
    checked = check(own)
    assert (checked.status, [f.code for f in checked.findings]) == ("open", ["billing.run_totals_differ"])


@pytest.mark.parametrize(
    ("last", "status"), [(2000, "releasing"), (2001, "in_review"), (667, "releasing"), (666, "in_review")]
)
def test_a_sum_more_than_half_away_from_the_last_runs_needs_a_reviewer(last: int, status: str) -> None:
    assert check(Totals(10, 1000), last).status == status


@pytest.mark.parametrize(
    ("estimated", "missed", "found"),
    [
        (2, 0, None),  # of ten: so few are nothing to look at, whatever their share
        (3, 0, (3, 0, 10)),
        (1, 2, (1, 2, 12)),
        (0, 2, None),
        (0, 3, (0, 3, 13)),
    ],
)
def test_a_run_of_which_too_many_points_were_not_read_needs_a_reviewer(
    estimated: int, missed: int, found: tuple[int, int, int] | None
) -> None:
    checked = check(Totals(10, 1000, estimated), missed=missed)
    values = [dict(each.values) for each in checked.findings if each.code == "billing.run_unread"]
    assert values == ([dict(zip(("estimated", "missed", "points"), found, strict=True))] if found else [])
    assert checked.status == ("in_review" if found else "releasing")


@pytest.mark.parametrize(("unread", "points", "allowed"), [(20, 100, True), (21, 100, False), (21, 105, True)])
def test_a_fifth_of_a_run_may_be_unread(unread: int, points: int, allowed: bool) -> None:
    assert POLICY.run_unread.allows(unread, points) is allowed


def test_a_run_goes_forward_one_step_at_a_time_and_is_held_back_before_it_is_released() -> None:
    steps = [(status, to) for moves in runs.LIFE.moves.values() for status, to in moves.items()]
    assert steps.pop() == (runs.RELEASING, runs.IN_REVIEW)
    assert steps == list(pairwise([runs.OPEN, runs.CALCULATED, runs.IN_REVIEW, runs.RELEASING, runs.RELEASED]))
    with pytest.raises(MoveRefused):
        runs.LIFE.move(runs.OPEN, "release")
    assert list(runs.path(runs.OPEN, runs.RELEASING)) == [runs.CALCULATED, runs.IN_REVIEW, runs.RELEASING]


def clock_of(today: date, /, **done: date) -> list[runs.Timed]:
    return runs.clock(
        done,
        read_date=date(2026, 2, 2),
        days=POLICY.run_clock,
        today=today,
        calendar=folder.load(folder.DOCUMENTS),
    )


def test_a_run_past_due_counts_once_at_the_step_it_stands_at_with_the_oldest() -> None:
    on = date(2026, 2, 3)
    closed = {"read": on, "uploaded": on, "closed": on}
    totals_differ, held = closed, closed | {"calculated": on}
    waits, out = held | {"reviewed": date(2026, 2, 9)}, held | {"reviewed": on, "released": on}
    for today, days in ((on, 0), (date(2026, 2, 4), 1), (date(2026, 2, 11), 8)):
        found = runs.overdue([clock_of(today, **done) for done in (totals_differ, held, held, waits, out)], today)
        counts = {"calculated": 1, "reviewed": 2, "released": 1}
        assert found == {step: runs.Overdue(runs=n if days else 0, days=days) for step, n in counts.items()}
    assert list(runs.WAITED_AT) == list(counts)


def test_a_later_step_that_was_due_first_makes_a_run_overdue_where_it_stands() -> None:
    on = date(2026, 2, 3)
    done = {"read": on, "uploaded": on, "closed": on, "calculated": on}
    steps = [
        runs.Timed(
            step=step,
            due_on=date(2026, 2, 20) if step == "reviewed" else on,
            done_on=done.get(step),
            business_days=None,
            is_late=step == "released",
        )
        for step in runs.STEPS
    ]
    assert runs.overdue([steps], date(2026, 2, 5))["reviewed"] == runs.Overdue(runs=1, days=2)
