"""Draw seeds and run the seeded proofs with each, until the time is up: `python -m tests.chaos [--seed N] [--minutes M]`.

`python -m tests.chaos kills [--seed N] [--seeds N] [--kills N] [--accounts N] [--minutes M]` runs the kill test alone, and sums
up where services were killed. Each seed is printed before it runs. Those that failed are told again at the end, each with the
command that repeats it, and the exit code is 1. One that was worth a repair joins the fixed seeds of its test, which every run
of the tests tries.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tests.kits.effort import ACCOUNTS_NAME, KILLS_NAME, SEED_NAME, TOLD_NAME

ROOT = Path(__file__).parents[1]
MINUTES = 10.0
SEEDS_TO = 10**6
KILL_TEST = "tests/e2e/test_kills.py"
KILLS, ACCOUNTS = 30, 2000
PROOFS = (
    "tests/system/test_any_order.py::test_a_town_told_in_any_order_ends_in_the_same_books",
    "tests/system/test_line_faults.py",
    "tests/system/test_collection_faults.py",
    "tests/system/test_restore.py::test_two_services_can_be_restored_to_moments_of_their_own",
    "tests/properties/test_billing_in_force.py",
    KILL_TEST,
)


def main(arguments: Sequence[str]) -> int:
    return kills(arguments[1:]) if arguments[:1] == ["kills"] else proofs(arguments)


def proofs(arguments: Sequence[str]) -> int:
    """Run all seeded proofs, or those that are named; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Run the seeded proofs with drawn seeds."
    )
    parser.add_argument("--seed", type=int, help="this seed alone, once")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"how long to begin new ones (default {MINUTES:g})"
    )
    parser.add_argument(
        "proofs", nargs="*", metavar="PROOF", default=PROOFS, help="tests to run; default: all that are seeded"
    )
    wanted = parser.parse_args(arguments)
    end = time.monotonic() + wanted.minutes * 60
    failed: list[str] = []
    tried = 0
    for seed in _seeds(wanted.seed):
        for proof in wanted.proofs:
            if wanted.seed is None and time.monotonic() > end:
                return _told(tried, failed)
            tried += 1
            if not _holds(seed, proof):
                failed.append(f"python -m tests.chaos --seed {seed} {proof}")
    return _told(tried, failed)


def kills(arguments: Sequence[str]) -> int:
    """Run the kill test for some seeds, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos kills", description="Kill services, compare books.")
    parser.add_argument("--seed", type=int, help="this seed alone, once")
    parser.add_argument("--seeds", type=int, default=1, help="how many to draw (default 1)")
    parser.add_argument("--kills", type=int, default=KILLS, help=f"of services, with each seed (default {KILLS})")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help=f"of the district (default {ACCOUNTS})")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="how long to begin new ones")
    wanted = parser.parse_args(arguments)
    end = time.monotonic() + wanted.minutes * 60
    failed: list[str] = []
    tried, told = 0, Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "told"
        own = {KILLS_NAME: str(wanted.kills), ACCOUNTS_NAME: str(wanted.accounts), TOLD_NAME: str(file)}
        for seed in islice(_seeds(wanted.seed), wanted.seeds):
            if tried and time.monotonic() > end:
                break
            tried += 1
            file.unlink(missing_ok=True)
            if not _holds(seed, KILL_TEST, own):
                size = f"--kills {wanted.kills} --accounts {wanted.accounts}"
                failed.append(f"python -m tests.chaos kills --seed {seed} {size}")
            elif not file.exists():
                failed.append(f"seed {seed} was skipped: there is no PostgreSQL or no Kafka here")
            else:
                told += _summed(json.loads(file.read_text()))
    print("", *(f"{count:6} {what}" for what, count in sorted(told.items())), sep="\n")
    return _told(tried, failed)


def _summed(one: Mapping[str, Any]) -> Counter[str]:
    """Print what one seed did, and return it to be summed up."""
    count = sum(one["at"].values()) + one["outright"]
    errors = one["errors"]
    print(f"seed {one['seed']}  {count} kills, {errors} errors, books equal, {one['seconds']} s", flush=True)
    killed = {f"killed: {where}": n for where, n in one["at"].items()}
    return Counter(
        killed
        | {"kills in all": count, "killed: at no point, its occasion did not come": one["outright"]}
        | {"errors raised": errors, "PostgreSQL killed": 1, "Kafka wiped": 1}
    )


def _seeds(given: int | None) -> Iterator[int]:
    """Yield the one that is given, else draw without end."""
    if given is not None:
        yield given
        return
    while True:
        yield random.randrange(SEEDS_TO)


def _holds(seed: int, proof: str, own: Mapping[str, str] | None = None) -> bool:
    print(f"seed {seed}  {proof}", flush=True)
    command = [sys.executable, "-m", "pytest", "--quiet", "--no-header", "-p", "no:cacheprovider", proof]
    env = os.environ | {SEED_NAME: str(seed)} | (own or {})
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0


def _told(tried: int, failed: list[str]) -> int:
    print(f"\n{tried} runs, {len(failed)} failed", *failed, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
