"""`wattline replay-rules FILE`: what another policy of billing would have found on the last cycles, with verdicts where known.

Page by page over REST: only sums are kept, here and there. Rules that look at a run as a whole count runs, and have no verdicts.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from services.command import remote, serve

CYCLES: Final = 12
COUNTS: Final = (
    *("bills", "unknown", "held_then", "held_now"),
    *("runs", "runs_unknown", "runs_held_then", "runs_held_now"),
)
OF_RUNS: Final = ("then", "now", "go", "come")
VERDICTS: Final = ("right", "wrong", "known", "unsaid")
SECONDS_MAX: Final = 620.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("policy", type=Path, metavar="FILE", help="a whole policy of billing, with the limits to try")
    parser.add_argument("--until", required=True, metavar="CYCLE", help="the last cycle, as 2026-10")
    parser.add_argument("--cycles", type=int, default=CYCLES, metavar="N", help=f"how many cycles; default {CYCLES}")
    parser.add_argument("--by-class", action="store_true", help="a line for each customer class too")
    parser.add_argument("--json", action="store_true", help="print the sums as JSON")


def run(options: argparse.Namespace) -> int:
    """Replay and print; 2 for a file that is no JSON."""
    try:
        document = json.loads(options.policy.read_bytes())
        first = _months_before(options.until, options.cycles - 1)
    except (OSError, ValueError) as wrong:
        print(f"wattline: {options.policy}: {wrong}")
        return 2
    return serve.run(_run(options, document, first)) or 0


async def _run(options: argparse.Namespace, document: dict[str, Any], first: str) -> int:
    total = await replayed(document, first, options.until)
    if options.json:
        remote.show(total)
        return 0
    print(f"{first} … {options.until}: {total['bills']} bills, {total['unknown']} of which nothing was kept")
    print(f"held then {total['held_then']}, now {total['held_now']}")
    print(f"{'finding':44} {'then':>8} {'now':>8}  go: right/wrong/known/unsaid  come: right/wrong/known/unsaid")
    for line in lines(total["rules"], by_class=options.by_class):
        print(line)
    for line in lines_of_runs(total):
        print(line)
    return 0


async def replayed(document: dict[str, Any], first: str, last: str) -> dict[str, Any]:
    """Return the sum over all pages."""
    total: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    of_runs: dict[str, dict[str, int]] = {}
    stand: dict[str, int] = {}
    rules: dict[tuple[str, str], dict[str, Any]] = {}
    after: str | None = None
    async with remote.client("billing") as opened:
        while True:
            body = {"policy": document, "cycle_from": first, "cycle_to": last, "after": after}
            page = await remote.call(opened, "POST", "/v1/review-rules/replay", json=body, timeout=SECONDS_MAX)
            for name in COUNTS:
                total[name] += page[name]
            for rule in page["rules"]:
                _add(rules.setdefault((rule["code"], rule["customer_class"]), {}), rule)
            for rule in page["run_rules"]:
                mine = of_runs.setdefault(rule["code"], dict.fromkeys(OF_RUNS, 0))
                mine |= {name: mine[name] + rule[name] for name in OF_RUNS}
            for each in page["as_they_stand"]:
                stand[each["code"]] = stand.get(each["code"], 0) + each["runs"]
            after = page["next_after"]
            if after is None:
                break
    return total | {
        "rules": [rules[key] for key in sorted(rules)],
        "run_rules": [{"code": code, **of_runs[code]} for code in sorted(of_runs)],
        "as_they_stand": [{"code": code, "runs": stand[code]} for code in sorted(stand)],
    }


def lines(rules: list[dict[str, Any]], *, by_class: bool) -> list[str]:
    """Return a line for each rule, and for each class of it."""
    of_all: dict[str, dict[str, Any]] = {}
    for rule in rules:
        _add(of_all.setdefault(rule["code"], {}), rule | {"customer_class": ""})
    found = []
    for code, whole in of_all.items():
        found.append(_line(code, whole))
        if by_class:
            found += [_line(f"  {rule['customer_class']}", rule) for rule in rules if rule["code"] == code]
    return found


def lines_of_runs(total: dict[str, Any]) -> list[str]:
    """Return what was counted of runs, a line for each rule, and which rules of runs were not replayed."""
    found = [
        f"{total['runs']} runs, {total['runs_unknown']} more were not looked at as a whole",
        f"runs held then {total['runs_held_then']}, now {total['runs_held_now']}",
    ]
    if total["run_rules"]:
        found.append(f"{'finding of runs':44} {'then':>8} {'now':>8} {'go':>8} {'come':>8}")
    found += [
        " ".join([f"{rule['code']:44}", *(f"{rule[name]:>8}" for name in OF_RUNS)]) for rule in total["run_rules"]
    ]
    not_replayed = ", ".join(f"{each['code']} ({each['runs']} runs)" for each in total["as_they_stand"])
    return [*found, f"not replayed, counted as they stand: {not_replayed}"]


def _line(name: str, rule: dict[str, Any]) -> str:
    go, come = ("/".join(str(rule[way][verdict]) for verdict in VERDICTS) for way in ("go", "come"))
    return f"{name:44} {rule['then']:>8} {rule['now']:>8}  {go:>28}  {come:>30}"


def _add(total: dict[str, Any], rule: dict[str, Any]) -> None:
    total |= {"code": rule["code"], "customer_class": rule["customer_class"]}
    for name in ("then", "now"):
        total[name] = total.get(name, 0) + rule[name]
    for way in ("go", "come"):
        mine = total.setdefault(way, dict.fromkeys(VERDICTS, 0))
        for verdict in VERDICTS:
            mine[verdict] += rule[way][verdict]


def _months_before(cycle: str, months: int) -> str:
    month = int(cycle[:4]) * 12 + int(cycle[5:7]) - 1 - months
    return f"{month // 12:04}-{month % 12 + 1:02}"
