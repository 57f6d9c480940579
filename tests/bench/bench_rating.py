"""Rating: the bulk implementation beside straight-line numpy, curves beside np.add.reduceat, memory, and the reference.

Every ratio is of two things measured in turns in the same run on one core; of each the best of its turns counts. Times are CPU
time of this process (all of it runs on one thread), so that what else the machine does counts little.
"""

import importlib
import importlib.util
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from services.billing.rating import rating
from services.billing.rating.bulk import curves, engine
from shared.arrays import Ints
from tests.bench import rating_book

CHUNK = 65_536  # accounts of the mixed book at a time: some thousand of each form
STRAIGHT = 16_384  # rows of one tariff at a time, for both: where straight-line numpy is fastest (its columns stay in the cache)
TURNS = 5


def best(*actions: Callable[[], object], turns: int = TURNS) -> list[float]:
    """The shortest CPU time of each action, all of them in turns."""
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(turns):
        for action, mine in zip(actions, times, strict=True):
            start = time.process_time()
            action()
            mine.append(time.process_time() - start)
    return [min(t) for t in times]


# --- the mixed book


def chunks(book: rating_book.Book, accounts: int) -> Iterator[list[rating_book.Table]]:
    """The accounts of the mixed book, a chunk at a time."""
    for number, start in enumerate(range(0, accounts, CHUNK)):
        yield rating_book.tables(book, min(CHUNK, accounts - start), number)


def rate_table(table: rating_book.Table) -> Iterator[tuple[Ints, engine.Rated]]:
    """Rate the rows of one tariff: grouped by form, each group as columns."""
    order = np.argsort(table.form, kind="stable")
    ends = np.cumsum(np.bincount(table.form, minlength=len(table.plans)))
    for index, plan in enumerate(table.plans):
        rows = order[ends[index - 1] if index else 0 : ends[index]]
        if len(rows):
            columns = {key: table.columns[key][rows] for key in plan.keys}
            yield rows, engine.rate_columns(plan, columns, len(rows))


def rate_chunk(tables: list[rating_book.Table]) -> tuple[int, int]:
    """How many bills, and how many of them are left to the reference."""
    bills = apart = 0
    for table in tables:
        for rows, rated in rate_table(table):
            bills += len(rows)
            apart += int(rated.apart.sum())
            assert not rated.refused
    return bills, apart


def count_lines(tables: list[rating_book.Table]) -> int:
    return sum(int(np.count_nonzero(x.num.v)) for t in tables for _, rated in rate_table(t) for x in rated.lines)


# --- straight-line numpy for one tariff


def straight_line(columns: Mapping[str, Ints]) -> tuple[list[tuple[Ints, Ints, Ints]], Ints, list[Ints]]:
    """What a person would write for the first tariff of the book alone: (Wh, exact, fen) of each line, totals, state."""
    peak, valley = columns["peak"], columns["valley"]
    used = [columns["t1"], columns["t2"], columns["t3"]]
    total = peak + valley
    first = np.minimum(np.maximum(2_760_000 - used[0], 0), total)
    rest = total - first
    second = np.minimum(np.maximum(2_040_000 - used[1], 0), rest)
    third = rest - second
    lines = []
    # yuan per kWh in units of 10^-8
    for wh, price in ((peak, 56_800_000), (valley, 28_800_000), (second, 5_000_000), (third, 30_000_000),
                      (total, 2_000_000), (total, 196_875), (total, 620_000)):  # fmt: skip
        exact = wh * price
        lines.append((wh, exact, (exact + 500_000_000) // 1_000_000_000))
    totals = lines[0][2].copy()
    for _, _, fen in lines[1:]:
        totals += fen
    return lines, totals, [used[0] + first, used[1] + second, used[2] + third]


def mixed() -> None:
    book = rating_book.load()
    work = list(chunks(book, 4 * CHUNK))
    one = [rating_book.home_columns(STRAIGHT, n) for n in range(16)]
    accounts = STRAIGHT * len(one)
    plain = [rating_book.plain_table(book, columns) for columns in one]
    _same_as_straight_line(plain[0], one[0])

    def ours() -> None:
        for tables in work:
            rate_chunk(tables)

    def straight() -> None:
        for columns in one:
            straight_line(columns)

    def ours_one() -> None:
        for table in plain:
            for _ in rate_table(table):
                pass

    mixed_s, straight_s, one_s = best(ours, straight, ours_one)
    bills, apart = map(sum, zip(*(rate_chunk(t) for t in work), strict=True))
    lines = count_lines(work[0]) / sum(len(t.form) for t in work[0])
    shares = rating_book.shares(work[0])
    print(f"mixed book: {len(book.tariffs)} tariffs, {bills} bills, {lines:.2f} lines a bill, {shares}")
    print(f"  bulk, mixed book        {bills / mixed_s:12,.0f} bills/s   (at least 500,000)")
    print(
        f"  bulk, first tariff      {accounts / one_s:12,.0f} bills/s   {straight_s / one_s:.3f} x straight-line numpy"
    )
    print(f"  straight-line numpy     {accounts / straight_s:12,.0f} bills/s")
    print(f"  bulk mixed / straight   {bills / mixed_s / (accounts / straight_s):.3f}   (at least 0.05, goal 0.10)")
    print(f"  left to the reference   {apart / bills:.5%} of the bills   (below 0.1 %)")


def _same_as_straight_line(plain: rating_book.Table, columns: Mapping[str, Ints]) -> None:
    lines, totals, state = straight_line(columns)
    ((_, rated),) = list(rate_table(plain))
    assert np.array_equal(rated.total_fen.v, totals)
    for mine, theirs in zip(rated.ladders["year"].used[""], state, strict=True):
        assert np.array_equal(mine.v, theirs)
    assert [int(x.amount_fen.v.sum()) for x in rated.lines] == [int(fen.sum()) for _, _, fen in lines]


# --- curves


def curve() -> None:
    """A month of quarter hours: period kWh with gap check, special days and highest demand, and reduceat on the same array."""
    book = rating_book.load()
    rows, days = 256, 31
    plan, table = rating_book.curve_table(book, rows, days)
    columns = {("curve", 0, 0): table}

    def ours() -> None:
        engine_work = curves.Work(plan, columns, rows)
        own: dict[str, Any] = {}
        curves.into_quantities(engine_work, engine_work.pieces[0], 0, 0, own)
        curves.highest_mean(engine_work, engine_work.pieces[0], "import")

    ours()
    slots = curves._slots(plan, curves.Work(plan, columns, rows).pieces[0], 0, 0)

    def plain() -> None:
        np.add.reduceat(table, slots.run_starts, axis=1)

    ours_s, plain_s = best(ours, plain, turns=15)
    print(f"curve -> periods, gaps, special days, highest demand: {rows} curves of {table.shape[1]} quarter hours")
    print(f"  {plain_s / ours_s:.3f} x np.add.reduceat over the same array   (at least 0.5)")
    print(f"  {table.size / ours_s:,.0f} slots/s")


# --- memory


def memory() -> None:
    peaks = {n: _peak_of(n) for n in (100_000, 1_000_000)}
    print(
        f"peak memory: {peaks[100_000] / 1024:.0f} MiB at 100,000 accounts, {peaks[1_000_000] / 1024:.0f} MiB at 1,000,000"
    )
    print(f"  ratio {peaks[1_000_000] / peaks[100_000]:.3f}   (at most 1.2)")


def _peak_of(accounts: int) -> int:
    code = f"from tests.bench import bench_rating; print(bench_rating.peak({accounts}))"
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def peak(accounts: int) -> int:
    """Rate so many accounts a chunk at a time; the highest resident memory of this process in KiB."""
    book = rating_book.load()
    for tables in chunks(book, accounts):
        rate_chunk(tables)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# --- the reference, one bill at a time


def reference() -> None:
    book = rating_book.load()
    homes, industry = rating_book.home_requests(2_000), rating_book.industrial_requests(1_000)
    assert all(bill.refusal is None for bill in rating.rate(homes[:20] + industry[:20], book.book))
    homes_s, industry_s = best(lambda: rating.rate(homes, book.book), lambda: rating.rate(industry, book.book), turns=3)
    print(f"reference, homes          {len(homes) / homes_s:12,.0f} bills/s   (at least 10,000)")
    print(f"reference, industrial     {len(industry) / industry_s:12,.0f} bills/s   (at least 3,000)")


def run() -> None:
    mixed()
    curve()
    memory()
    reference()
    if importlib.util.find_spec("PySAM"):
        importlib.import_module("tests.bench.rating_judge").run()
    else:
        print("second biller: PySAM is not installed (pip install --require-hashes -r requirements-bench.lock)")
