"""`wattline trial`: what this software would bill otherwise on a copy of the books of billing, before it is used.

It works on the database itself: no service runs, nothing is sent, and only the trial run with its report is written.
"""

import argparse
from typing import Any

from services.command import local, remote, serve
from shared import ids
from shared.errors import BusinessError
from shared.service import open_event_log

REASON = "another software, on a copy of the books"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--from", dest="first", required=True, metavar="CYCLE", help="the first cycle, as 2026-01")
    parser.add_argument("--to", dest="last", required=True, metavar="CYCLE", help="the last cycle, at most a year on")
    parser.add_argument("--org-unit", default="*", help="whose bills; default: all")
    parser.add_argument("--route", metavar="NO", help="of one route alone")
    parser.add_argument(
        "--processes", type=int, default=0, metavar="N", help="that rate beside this one; default: none"
    )
    parser.add_argument("--json", action="store_true", help="print the whole trial run with its report")


def run(options: argparse.Namespace) -> int:
    """Try the bills of the copy that WATTLINE_BILLING_DATABASE_URL names; 0: none is another, 1: some are."""
    try:
        return serve.run(tried(options)) or 0
    except ValueError as wrong:  # of a cycle or org unit that is none
        print(f"wattline: {wrong}")
        return 2
    except BusinessError as refused:
        print(f"wattline: {refused.code}: {refused.title}")
        return 1


async def tried(options: argparse.Namespace) -> int:
    """Rate the bills again by the software that is installed here, and print what differs."""
    settings = local.settings_of("billing")
    service = local.build("billing", settings, open_event_log(settings, instance=settings.instance))  # never started
    try:
        found: dict[str, Any] = await local.part("billing", "trials.jobs", "tried")(
            service.database,
            service.app.state.context,
            {
                "org_unit": options.org_unit,
                "route_no": options.route,
                "cycle_from": options.first,
                "cycle_to": options.last,
                "reason": REASON,
            },
            by=f"{local.OPERATOR}-{ids.new()}",
            processes=options.processes,
        )
    finally:
        await service.database.close()
    return _show(found) if not options.json else _json(found)


def _json(found: dict[str, Any]) -> int:
    remote.show(found)
    return _code(found)


def _show(found: dict[str, Any]) -> int:
    report = found["report"]
    totals = report["totals"]
    print(f"{found['trial_id']}: {found['status']} {found['why']}".strip())
    print(f"{totals['bills']} bills, {totals['changed']} of another amount, {totals['difference_fen']} fen in all")
    print(f"not rated: {report['not_rated']['bills']} {report['not_rated']['by_code'] or ''}".strip())
    print(f"newly held: {report['newly_held'] or 0}; no longer held: {report['no_longer_held'] or 0}")
    for name in ("largest_raised", "largest_lowered"):
        for one in report[name]:
            print(f"{one['contract_no']} {one['cycle']} {one['bill_id']}: {one['before_fen']} > {one['after_fen']} fen")
    return _code(found)


def _code(found: dict[str, Any]) -> int:
    report = found["report"]
    same = not (report["totals"]["changed"] or report["newly_held"] or report["no_longer_held"])
    return 0 if found["status"] == "done" and same else 1
