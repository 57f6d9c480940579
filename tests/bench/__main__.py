"""Run the benches named on the command line, or all of them: `python -m tests.bench [NAME ...]`.

A bench is a module of this folder named `bench_<name>.py` with `def run() -> None`, which starts its own servers and
prints its figures. They run one after the other, each in a process of its own, so that none warms up the next.
"""

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Run the benches one by one.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(names)}")
    wanted = parser.parse_args().names or names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"no bench is called {', '.join(unknown)}")
    print(
        f"{datetime.now(UTC).date()}  {os.cpu_count()} cores  {platform.platform()}  Python {platform.python_version()}"
    )
    failed = []
    for name in wanted:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-c", f"from tests.bench import bench_{name}; bench_{name}.run()"]
        if subprocess.run(command, cwd=HERE.parents[1], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
