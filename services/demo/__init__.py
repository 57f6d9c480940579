"""`wattline demo`: a small district through two monthly cycles, over the public REST interfaces."""

import argparse

CUSTOMERS = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="60 or more, on four routes")


def run(options: argparse.Namespace) -> int:
    """Play the demo; 0 only if every invariant holds."""
    from services.demo import runner  # the district needs numpy, which no other command does

    return runner.run(options.customers)
