"""How well the review finds faults that were planted: recall and precision of each rule, beside sending the worst by amount.

A book of 2,000 homes over 13 cycles is billed by the product (SQLite, as shipped); the last cycle has 120 faults of six kinds in
it, and changes of life that are none. `found`: a rule says something of the bill, at whatever severity; `held`: it keeps it back.
"""

import asyncio
import os
import tempfile
from collections import Counter
from pathlib import Path

from services.billing.review.domain.findings import HOLD, of_rules
from tests.bench import faulty_book
from tests.bench.faulty_book import FAULTS, Book
from tests.kits import billing as kit

SEED = int(os.environ.get("BENCH_SEED", "20261130"))
Found = dict[int, dict[str, str]]
"""By account: the findings on its bill of the last cycle, code and severity."""


async def _billed(book: Book, folder: Path) -> tuple[Found, dict[int, int]]:
    async with kit.desk(f"sqlite+aiosqlite:///{folder / 'billing.db'}", folder) as desk:
        await desk.open(*(kit.account(number) for number in range(1, faulty_book.ACCOUNTS + 1)))
        for usages in book.cycles:
            await desk.measure(*usages)
            for route in sorted({usage.route_no for usage in usages}):
                own = [usage for usage in usages if usage.route_no == route]
                await desk.close(kit.closed(own, route=route, estimated=sum(not usage.read_ids for usage in own)))
            await desk.work()
            last = usages[0].cycle
        rows = await desk.bills("contract_no", "findings", "total_fen", cycle=last)
    by_number = {int(contract_no[1:]): (findings, total) for contract_no, findings, total in rows}
    found = {number: of_rules(text) for number, (text, _) in by_number.items()}
    return found, {number: total for number, (_, total) in by_number.items()}


def _print(book: Book, found: Found, amounts: dict[int, int]) -> None:
    faulty = set(book.planted)
    held = {number for number, codes in found.items() if HOLD in codes.values()}
    right = _share(len(held & faulty), len(held))
    print(f"{len(found)} bills of the last cycle, {len(faulty)} faulty; {len(held)} held, {right} of them faulty")
    print(f"{'fault':<18}{'planted':>8}{'found':>8}{'held':>8}")
    for fault in FAULTS:
        of_it = set(book.numbers(fault))
        print(
            f"{fault:<18}{len(of_it):>8}{_share(sum(bool(found[n]) for n in of_it), len(of_it)):>8}"
            f"{_share(len(of_it & held), len(of_it)):>8}"
        )
    print(f"{'rule':<34}{'found':>7}{'held':>7}{'precision':>10}{'recall':>8}")
    by_code = Counter(code for codes in found.values() for code in codes)
    for code, count in by_code.most_common():
        of_rule = {number for number, codes in found.items() if code in codes}
        holding = sum(found[number][code] == HOLD for number in of_rule)
        print(
            f"{code:<34}{count:>7}{holding:>7}{_share(len(of_rule & faulty), count):>10}"
            f"{_share(len(of_rule & faulty), len(faulty)):>8}"
        )
    worst = set(sorted(amounts, key=lambda number: -amounts[number])[: len(held)])
    print(
        f"the {len(held)} held: {_share(len(held & faulty), len(faulty))} of all faults;"
        f" the {len(worst)} largest by amount: {_share(len(worst & faulty), len(faulty))}"
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


def run() -> None:
    """Print what the review found of one seeded book."""
    book = faulty_book.made(SEED)
    with tempfile.TemporaryDirectory() as folder:
        found, amounts = asyncio.run(_billed(book, Path(folder)))
    print(f"seed {SEED}")
    _print(book, found, amounts)
