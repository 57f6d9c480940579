"""`wattline audit`: is the chain over a service's audit entries whole? Asked of the database itself, not of the service."""

import argparse
from collections.abc import Sequence

from services.command import local
from shared.db import audit_chain
from shared.db.audit_chain import Head
from shared.service import open_database


def parse_head(text: str) -> Head:
    """Return a kept head from its text."""
    try:
        return Head.parse(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None


async def head(service: str) -> int:
    """Print how far the chain goes, in the form that `verify` takes."""
    database = open_database(local.settings_of(service), service)
    try:
        async with database.view() as view:
            print(await audit_chain.head(view, service))
    finally:
        await database.close()
    return 0


async def verify(service: str, *, kept: Sequence[Head], since: Head | None) -> int:
    """Print what is not as it was sealed, and how far the chain goes; 1 where there is something."""
    database = open_database(local.settings_of(service), service)
    try:
        async with database.view() as view:
            found = await audit_chain.verify(view, service, kept=kept, since=since)
    finally:
        await database.close()
    for fault in found.faults:
        print(f"FAULT {fault}")
    if found.more_faults:
        print(f"FAULT and {found.more_faults} more")
    print(f"{'FAULT' if found.faults else 'ok'} {service} head={found.head} waiting={found.waiting}")
    return 1 if found.faults else 0
