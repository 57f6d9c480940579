"""Whatever order usages, issues and corrections come in, what is in force is what one clean run would have billed."""

from hypothesis import given
from hypothesis import strategies as st

from services.billing.bills.domain import policy
from services.billing.bills.domain.bills import EFFECTIVE
from services.billing.usages.domain import Usage
from tests.kits.bills_in_memory import Books, usage

USAGES = st.tuples(st.integers(1, 4), st.integers(0, 2_000_000))
STEPS = st.lists(
    st.one_of(USAGES, USAGES, st.sampled_from(["issue", "issue", *policy.STYLES])),
    min_size=8,  # lists are short otherwise, and a correction needs something issued
    max_size=20,
)


@given(STEPS)
def test_what_is_in_force_is_what_one_clean_run_bills(steps: list[str | tuple[int, int]]) -> None:
    books, latest, versions = Books(), dict[int, Usage](), dict[int, int]()
    for step in steps:
        if isinstance(step, str):
            books.do(step)
            continue
        cycle, wh = step
        versions[cycle] = versions.get(cycle, 0) + 1
        latest[cycle] = usage(cycle, wh, versions[cycle])
        books.take(latest[cycle])
    clean = Books()
    for cycle in sorted(latest):
        clean.take(latest[cycle])
    assert books.in_force() == clean.in_force()


@given(STEPS)
def test_what_was_told_and_taken_back_in_any_style_sums_to_the_bills_in_force(
    steps: list[str | tuple[int, int]],
) -> None:
    books, versions = Books(), dict[int, int]()
    for step in steps:
        if isinstance(step, str):
            books.do(step)
        else:
            versions[step[0]] = versions.get(step[0], 0) + 1
            books.take(usage(*step, versions[step[0]]))
    books.issue()
    assert books.told_fen() == sum(total for _, total, _ in books.in_force())
    periods = [b.period_from for b in books.bills if b.status in EFFECTIVE]
    assert len(periods) == len(set(periods)), "one bill in force for a period"


def four_bills(*kwh: int) -> Books:
    books = Books()
    for month, amount in enumerate(kwh, 1):
        books.take(usage(month, amount * 1000, 1))
    books.issue()
    books.rated = 0
    return books


def test_a_correction_moves_later_bills_into_other_tiers() -> None:
    books = four_bills(2000, 900, 500, 100)
    before = books.in_force()
    books.take(usage(1, 1_800_000, 2))
    # 200 kWh less at 0.538 yuan; 140 + 60 kWh of the second and third bill come down from the tier that pays 0.05 more
    differences = [now[1] - was[1] for was, now in zip(before, books.in_force(), strict=True)]
    assert differences == [-10760, -700, -300, 0]
    assert books.rated == 4


def test_corrections_that_cancel_out_end_where_the_ladder_meets_the_old_one() -> None:
    books = four_bills(100, 100, 100, 100)
    before = books.in_force()
    books.take(usage(1, 60_000, 2), usage(2, 140_000, 2))
    differences = [now[1] - was[1] for was, now in zip(before, books.in_force(), strict=True)]
    assert differences == [-2152, 2152, 0, 0]
    assert books.rated == 2
