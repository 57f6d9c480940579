"""Draw seeds and run the seeded proofs with each, until the time is up: `python -m tests.chaos [--seed N] [--minutes M]`.

Each seed is printed before it runs. Those that failed are told again at the end, each with the command that repeats it, and
the exit code is 1. One that was worth a repair joins the fixed seeds of its test, which every run of the tests tries.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.kits.effort import SEED_NAME

ROOT = Path(__file__).parents[1]
MINUTES = 10.0
SEEDS_TO = 10**6
PROOFS = (
    "tests/system/test_any_order.py::test_a_town_told_in_any_order_ends_in_the_same_books",
    "tests/system/test_line_faults.py",
    "tests/system/test_collection_faults.py",
    "tests/properties/test_billing_in_force.py",
)


def main() -> int:
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
    wanted = parser.parse_args()
    end = time.monotonic() + wanted.minutes * 60
    failed: list[str] = []
    tried = 0
    for seed in [wanted.seed] if wanted.seed is not None else iter(lambda: random.randrange(SEEDS_TO), None):
        for proof in wanted.proofs:
            if wanted.seed is None and time.monotonic() > end:
                return _told(tried, failed)
            tried += 1
            if not _holds(seed, proof):
                failed.append(f"python -m tests.chaos --seed {seed} {proof}")
    return _told(tried, failed)


def _holds(seed: int, proof: str) -> bool:
    print(f"seed {seed}  {proof}", flush=True)
    command = [sys.executable, "-m", "pytest", "--quiet", "--no-header", "-p", "no:cacheprovider", proof]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {SEED_NAME: str(seed)}, check=False).returncode == 0


def _told(tried: int, failed: list[str]) -> int:
    print(f"\n{tried} runs, {len(failed)} failed", *failed, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
