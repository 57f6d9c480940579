"""The `wattline` command: thin, every subcommand is one call."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from services.command import audit, data, local, reconcile, remote, replaying, serve, tracing
from shared import civil
from shared import logging as logs
from shared.settings import SERVICES, Settings, SettingsError

USAGE_ERROR = 2
RATING = "services.command.rate"
LOADED = {  # commands with a module of their own, imported only for them: module, what adds the arguments, what runs
    "demo": ("services.demo", "add_arguments", "run"),
    "rate": (RATING, "add_arguments", "run"),
    "tariff-validate": (RATING, "add_file_argument", "run_validate"),
    "tariff-compare": (RATING, "add_file_argument", "run_compare"),
    "calendar": ("services.command.calendar", "add_arguments", "run"),
    "replay-rules": ("services.command.replay_rules", "add_arguments", "run"),
    "trial": ("services.command.trial", "add_arguments", "run"),
}
SERVERS = ("up", "demo", "service", "relay")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code: 0 done, 1 not so, 2 wrong use or settings."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser(given).parse_args(given)
    try:
        return _run(options)
    except (SettingsError, remote.Refused) as refused:
        print(f"wattline: {refused}", file=sys.stderr)
        return USAGE_ERROR if isinstance(refused, SettingsError) else 1


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wattline", description="From the meter to the money.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="run all four services in one process, on embedded defaults")
    for name, text in (
        ("demo", "load a district, run two monthly cycles, show the books"),
        ("rate", "rate a case file and print the bill"),
        ("tariff-validate", "check a tariff document"),
        ("tariff-compare", "compare a year's bills under other tariffs, options, households"),
        ("calendar", "make the business-day calendar of a year"),
        ("replay-rules", "tell what another policy of billing would have found on the last cycles"),
        ("trial", "tell what this software would bill otherwise on a copy of billing's database"),
    ):
        sub = commands.add_parser(name, help=text)
        if given[:1] == [name]:
            module, add, _ = LOADED[name]
            getattr(importlib.import_module(module), add)(sub)
    for name, text in (("service", "run one service"), ("relay", "run the relay of a service alone")):
        commands.add_parser(name, help=text).add_argument("service", choices=SERVICES)
    migrate = commands.add_parser("migrate", help="bring databases to the newest schema")
    migrate.add_argument("service", nargs="?", choices=SERVICES, help="default: all")
    migrate.add_argument(
        "--environments",
        type=Path,
        metavar="FOLDER",
        help="of SERVICE-migrate.env, as deploy/make-secrets.sh makes them",
    )
    _add_remote(commands)
    _add_events(commands)
    _add_audit(commands)
    token = commands.add_parser("token", help="print a token, where the installation signs its own")
    token.add_argument("--subject", required=True)
    token.add_argument("--scopes", nargs="+", required=True)
    token.add_argument("--org-units", nargs="+", default=["*"])
    token.add_argument("--seconds", type=int, default=local.TOKEN_SECONDS)
    key = commands.add_parser("device-key", help="make a key for a device or head-end, and print it (hex) this once")
    key.add_argument("device_id")
    key.add_argument("--overlap-until", type=_instant, metavar="TIME", help="until when the one of before is taken too")
    return parser


def _add_remote(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    job = commands.add_parser("job", help="run a job of a service for a business date")
    job.add_argument("service", choices=SERVICES)
    job.add_argument("job")
    job.add_argument("--date", type=civil.day, required=True, help="YYYY-MM-DD")
    letters = commands.add_parser("dead-letters", help="facts that were set aside")
    letters.add_argument("action", choices=("list", "replay", "discard"))
    letters.add_argument("service", choices=SERVICES)
    letters.add_argument("--ids", type=int, nargs="+", default=[], help="these only; replay takes all without")
    letters.add_argument("--reason", default="", help="why they are discarded")
    reconcile_ = commands.add_parser("reconcile", help="compare the control totals of all services")
    reconcile_.add_argument("--cycle", required=True, help="YYYY-MM")
    reconcile_.add_argument("--explain", action="store_true", help="name each document that differs, and what mends it")
    adopt = commands.add_parser(
        "adopt", help="after a restore: have a service keep what it told since the dump as it was heard"
    )
    adopt.add_argument("what", choices=remote.ADOPTED)
    adopt.add_argument(
        "--subject", required=True, metavar="NO", help="the service point of usages, the account of bills"
    )
    replay = commands.add_parser("replay", help="calculate a bill again from what is stored, with all that came of it")
    replay.add_argument("bill", metavar="BILL")
    trace = commands.add_parser(
        "trace", help="show where a document comes from, back to the meter, or what came of it, on to the money"
    )
    trace.add_argument("document", nargs="+", metavar="[KIND] ID", help="a payment where no kind is given")
    trace.add_argument("--forward", action="store_true", help="what was derived from it, in every service")
    trace.add_argument("--service", choices=SERVICES, help="whose document it is, where several have one of that name")
    trace.add_argument("--kind", default="payment", help="the kind of a document that is given by its id alone")


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    chain = commands.add_parser("audit", help="the chain over a service's audit entries")
    chain.add_argument("action", choices=("head", "verify"))
    chain.add_argument("service", choices=SERVICES)
    chain.add_argument(
        "--head", dest="kept", type=audit.parse_head, nargs="+", default=[], metavar="SEQ:HASH", help="kept outside"
    )
    chain.add_argument("--since", type=audit.parse_head, metavar="SEQ:HASH", help="look only at what came after it")


def _add_events(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    republish = commands.add_parser("republish", help="publish again what a service has told, or how things stand")
    republish.add_argument("service", choices=SERVICES)
    which = republish.add_mutually_exclusive_group(required=True)
    which.add_argument("--from", dest="since", type=_instant, metavar="TIME", help="events journalled since (ISO 8601)")
    which.add_argument("--state", metavar="ENTITY", help="the current state of all entities of a kind")
    restored = commands.add_parser("restored", help="tell the others how a service stands whose database was restored")
    restored.add_argument("service", choices=SERVICES)
    topics = commands.add_parser("topics", help="topics of the event log")
    topics.add_argument("action", choices=("create",))


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("a time needs its zone: 2026-01-31T00:00:00+08:00")
    return instant


def _run(options: argparse.Namespace) -> int:
    if options.command in SERVERS and options.command != "demo":
        logs.configure(Settings.load(development=options.command == "up").log_level)
    match options.command:
        case "up":
            serve.run(serve.up())
        case "service":
            serve.run(serve.one(options.service))
        case "relay":
            serve.run(serve.relay(options.service))
        case name if name in LOADED:
            module, _, run = LOADED[name]
            return int(getattr(importlib.import_module(module), run)(options))
        case "token":
            print(_token(options))
        case _:
            return serve.run(_asynchronous(options)) or 0
    return 0


def _token(options: argparse.Namespace) -> str:
    return local.mint(
        local.own_settings(),
        subject=options.subject,
        scopes=options.scopes,
        org_units=options.org_units,
        seconds=options.seconds,
    )


async def _trace(options: argparse.Namespace) -> int:
    *kinds, document_id = options.document
    if len(kinds) > 1:
        raise remote.Refused("trace takes [KIND] ID")
    kind = kinds[0] if kinds else options.kind
    service = options.service or (None if kinds else "collection")
    return await tracing.show(kind, document_id, service=service, forward=options.forward)


async def _asynchronous(options: argparse.Namespace) -> int:
    match options.command:
        case "migrate":
            await data.migrate([options.service] if options.service else list(SERVICES), options.environments)
        case "topics":
            await data.create_topics()
        case "republish" if options.since:
            print(f"rounds: {await data.republish_since(options.service, options.since)}")
        case "republish":
            print(f"rounds: {await data.republish_state(options.service, options.state)}")
        case "restored":
            print(f"rounds: {await data.restored(options.service)}")
        case "job":
            await remote.job(options.service, options.job, options.date.isoformat())
        case "device-key":
            await remote.make_device_key(options.device_id, options.overlap_until)
        case "dead-letters" if options.action == "list":
            await remote.list_dead_letters(options.service)
        case "dead-letters" if options.action == "discard":
            await remote.discard_dead_letters(options.service, options.ids, options.reason)
        case "dead-letters":
            await remote.replay_dead_letters(options.service, options.ids)
        case "audit" if options.action == "head":
            return await audit.head(options.service)
        case "audit":
            return await audit.verify(options.service, kept=options.kept, since=options.since)
        case "adopt":
            await remote.adopt(options.what, options.subject)
        case "reconcile":
            return await reconcile.run(options.cycle, explained=options.explain)
        case "replay":
            return await replaying.bill(options.bill)
        case "trace":
            return await _trace(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
