"""The yearly ladder against a slow walk through the year, Wh by Wh, under exchanges, registrations, moves, option and
version changes and late corrections together; the bulk implementation goes along. Limits are a few Wh a month, so that every
walk crosses them.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.billing.contracts.domain import AccountTerms, Assignment, Terms, spans
from services.billing.rating import rating, second_opinion
from services.billing.rating.bulk import rate as bulk
from services.billing.usages.domain import Usage
from tests.kits import bills_in_memory
from tests.kits.bills_in_memory import Books
from tests.kits.effort import examples

ONE = timedelta(days=1)
YEAR = 2025
DAYS = st.dates(date(YEAR, 1, 1), date(YEAR, 12, 28))


def document(
    name: str, version: int, start: str, end: str | None, limits: list[str], limits_rule: str
) -> dict[str, Any]:
    ladder = {
        "counts": "import",
        "span": "year",
        "year_starts": "01-01",
        "cycle_belongs_to": "bill_month",
        "limits_kwh": limits,
        "part_year": {"by": "month", "part_month": "counts_as_one"},
        "household": {"from_people": 5, "kwh_per_month": "0.003", "widens": "tier_1", "from": "month_of_registration"},
    }
    return {
        "id": name,
        "version": version,
        "effective": {"from": start, "to": end},
        "on_change": {"usage": "split_by_read", "ladder": "what_tiers_used_is_kept", "limits": limits_rule},
        "sources": [{"for": "everything", "text": "a test"}],
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
        "ladders": {"year": ladder},
        "charges": [{"name": "energy", "kind": "ladder_price", "ladder": "year", "price": ["100", "200", "300"]}],
    }


@dataclass(frozen=True)
class Story:
    """A year of one account. `wh[i]` is the usage of the i-th span between `borders`."""

    opened: date
    people: tuple[tuple[date, int], ...]
    option_from: date | None
    version_from: date
    limits_rule: str
    cycle_starts: tuple[date, ...]
    borders: tuple[date, ...]
    wh: tuple[int, ...]

    @property
    def limits(self) -> dict[str, list[list[str]]]:
        return {"base": [["0.048", "0.096"], ["0.072", "0.108"]], "option": [["0.024", "0.084"]]}


@st.composite
def stories(draw: st.DrawFn) -> Story:
    opened = draw(st.just(date(2020, 1, 1)) | st.dates(date(YEAR, 1, 1), date(YEAR, 8, 28)))
    read_day = draw(st.integers(1, 28))
    marks = {max(opened, date(YEAR, 1, 1)), *(date(YEAR, m, read_day) for m in range(1, 13)), date(YEAR, 12, 31)}
    starts = sorted(d for d in marks if d >= opened)
    changes = draw(st.lists(st.tuples(DAYS, st.integers(3, 6)), max_size=3, unique_by=lambda c: c[0]))
    people = ((opened, draw(st.integers(3, 6))), *sorted(c for c in changes if c[0] > opened))
    option = draw(st.none() | DAYS | st.sampled_from([date(YEAR, m, 1) for m in range(2, 13)]))
    option = option if option and option > starts[0] else None
    version = draw(DAYS | st.sampled_from([date(YEAR, m, 1) for m in range(2, 13)]))
    exchanges = draw(st.lists(DAYS, max_size=4))
    inside = {d for d in (*exchanges, version, option) if d and starts[0] < d < starts[-1]}
    borders = tuple(sorted({*starts, *inside}))
    wh = tuple(draw(st.integers(0, 14)) for _ in borders[1:])
    rule = draw(st.sampled_from(["by_months_of_each_version", "new_limits_for_the_whole_year"]))
    return Story(opened, people, option, version, rule, tuple(starts), borders, wh)


# --- the oracle: it knows days, people and Wh, and nothing of the product


def widths(story: Story, known: date) -> list[int]:
    """Wh of tier 1 and tier 2 in the year, as far as it is known on a day: month by month, day by day."""
    tier_1 = tier_2 = large = 0
    for month in range(1, 13):
        first = date(YEAR, month, 1)
        last = (date(YEAR, month + 1, 1) if month < 12 else date(YEAR + 1, 1, 1)) - ONE
        if last < story.opened:
            continue
        asked = first if first <= known and story.limits_rule == "by_months_of_each_version" else known
        low, high = limits_on(story, asked)
        tier_1 += low
        tier_2 += high - low
        days = [first + ONE * i for i in range((last - first).days + 1)] if first <= known else [known]
        large += any(people_on(story, d) >= 5 for d in days if story.opened <= d <= known)
    return [tier_1 // 12 + 3 * large, tier_2 // 12]


def limits_on(story: Story, day: date) -> tuple[int, int]:
    if story.option_from is not None and day >= story.option_from:
        return 24, 84
    return (72, 108) if day >= story.version_from else (48, 96)


def people_on(story: Story, day: date) -> int:
    return [n for d, n in story.people if d <= day][-1]


def walk(story: Story) -> list[list[int]]:
    """What each tier has used after every cycle, one Wh after the other."""
    used = [0, 0, 0]
    after = []
    cuts = {story.option_from}
    if story.option_from is None or story.version_from < story.option_from:
        cuts.add(story.version_from)  # a customer of the other tariff has no new version on that day
    for start, end in zip(story.cycle_starts, story.cycle_starts[1:], strict=False):
        edges = [start, *sorted(d for d in cuts if d and start < d < end), end]
        for a, b in itertools.pairwise(edges):
            room = widths(story, b - ONE)
            for border, nxt, wh in zip(story.borders, story.borders[1:], story.wh, strict=False):
                if not (a <= border and nxt <= b):
                    continue
                for _ in range(wh):
                    tier = 0 if used[0] < room[0] else 1 if used[1] < room[1] else 2
                    used[tier] += 1
        after.append(list(used))
    return after


# --- the product


def book_of(story: Story) -> rating.TariffBook:
    change, rule = story.version_from.isoformat(), story.limits_rule
    first, second = story.limits["base"]
    return rating.load_book(
        [
            document("base", 1, "2019-01-01", change, first, rule),
            document("base", 2, change, None, second, rule),
            document("option", 1, "2019-01-01", None, story.limits["option"][0], rule),
        ]
    )


def facts_of(story: Story) -> tuple[rating.AccountSpan, ...]:
    days = sorted({d for d, _ in story.people} | ({story.option_from} if story.option_from else set()))
    ends = [*days[1:], None]
    return tuple(
        rating.AccountSpan(
            d, e, people=people_on(story, d), tariff="option" if story.option_from and d >= story.option_from else None
        )
        for d, e in zip(days, ends, strict=True)
    )


def requests_of(story: Story) -> list[rating.Request]:
    out = []
    spans = list(zip(story.borders, story.borders[1:], story.wh, strict=False))
    for start, end in zip(story.cycle_starts, story.cycle_starts[1:], strict=False):
        parts = tuple(rating.UsagePart(a, b, {"import": wh}) for a, b, wh in spans if start <= a and b <= end)
        facts = tuple(f for f in facts_of(story) if f.from_ < end)
        known = (*facts[:-1], replace(facts[-1], to=None))
        month = start.replace(day=1)
        out.append(rating.Request("c", "base", start, end, end, (month,), known, parts, None))
    return out


def run(story: Story) -> list[tuple[rating.Request, rating.RatedBill]]:
    book = book_of(story)
    state: Any = {"ladders": {"year": {"year": YEAR, "used_wh": [0, 0, 0]}}}
    out = []
    for request in requests_of(story):
        asked = replace(request, state=state)
        bill = rating.rate_one(asked, book)
        assert bill.refusal is None, bill.refusal
        (twin,) = bulk.rate([asked], book)
        assert twin is not None
        assert second_opinion.difference(twin, bill) is None
        state = bill.state
        out.append((asked, bill))
    return out


def used_after(bills: Sequence[rating.RatedBill]) -> list[list[int]]:
    return [(b.state or {})["ladders"]["year"]["used_wh"] for b in bills]


@settings(max_examples=examples(150))
@given(stories())
def test_a_year_is_billed_as_the_walk_through_it_wh_by_wh(story: Story) -> None:
    rated = run(story)
    assert used_after([bill for _, bill in rated]) == walk(story)


@settings(max_examples=examples(80))
@given(stories())
def test_cycle_boundaries_do_not_matter_before_rounding(story: Story) -> None:
    """Without changes in the year, one cycle of the whole year has the same exact total as any cutting of it."""
    plain = replace(story, people=story.people[:1], option_from=None, version_from=date(YEAR + 1, 1, 1))
    rated = run(plain)
    whole = replace(plain, cycle_starts=(plain.cycle_starts[0], plain.cycle_starts[-1]))
    ((_, one),) = run(whole)
    exact = sum(line.exact.fraction() for _, bill in rated for line in bill.lines)
    assert exact == sum(line.exact.fraction() for line in one.lines)
    lines = sum(len(bill.lines) for _, bill in rated) + len(one.lines)
    assert abs(sum(bill.total_fen for _, bill in rated) - one.total_fen) * 2 <= lines


# --- corrections, by the chains of bills


def terms_of(story: Story) -> Terms:
    account_terms = tuple(AccountTerms(day, "residential", people, 1) for day, people in story.people)
    assignments = (Assignment(story.opened, "base"),)
    if story.option_from is not None:
        assignments = (*assignments, Assignment(story.option_from, "option"))
    opening = orjson.dumps({"ladders": {"year": {"year": YEAR, "used_wh": [0, 0, 0]}}}).decode()
    return replace(
        bills_in_memory.TERMS, account_terms=account_terms, assignments=assignments, opening=opening, opened=story.opened,
        spans=spans(account_terms, assignments),
    )  # fmt: skip


def usages_of(story: Story, version: int) -> list[Usage]:
    blank = bills_in_memory.usage(1, 0, version)
    return [
        replace(
            blank, usage_id=f"{start}-{version}", cycle=f"{start:%Y-%m}", read_date=end, period_from=start, period_to=end,
            energy={"import": wh}, import_wh=wh,
        )
        for (start, end), wh in zip(itertools.pairwise(story.borders), story.wh, strict=True)
    ]  # fmt: skip


def issued(story: Story) -> Books:
    books = Books(terms=terms_of(story), book=book_of(story))
    for usage in usages_of(story, 1):
        books.take(usage)
    books.issue()
    return books


def used_in_force(books: Books) -> list[list[int]]:
    return [orjson.loads(state)["ladders"]["year"]["used_wh"] for _, _, state in books.in_force()]


@settings(max_examples=examples(80))
@given(stories(), st.data())
def test_a_late_correction_rebuilds_the_year_as_if_it_had_been_billed_so(story: Story, data: st.DataObject) -> None:
    """Every span between two borders is a bill here: a contract's usage is measured from read to read."""
    spans = replace(story, cycle_starts=story.borders)
    books = issued(spans)
    assert used_in_force(books) == walk(spans)
    index = data.draw(st.integers(0, len(spans.wh) - 1))
    wh = data.draw(st.integers(0, 40))
    changed = replace(spans, wh=(*spans.wh[:index], wh, *spans.wh[index + 1 :]))

    books.take(usages_of(changed, 2)[index])

    assert books.in_force() == issued(changed).in_force()
    assert used_in_force(books) == walk(changed)
