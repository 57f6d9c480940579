"""The utility's rules for notices, as dated data: channels, who is told what, how long to wait, when to try again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import dated
from shared.dated import Versions
from shared.document import Node

ROLES = ("holder", "tenant")
LANGUAGES = ("zh", "en")
ATTEMPTS_MAX = 20  # a schedule longer than that is a typing error
RETRY_SECONDS_MAX = 7 * 86_400
WAIT_DAYS_MAX = 400
REMINDERS_MAX = 5  # of one question
_NOBODY = re.compile("(?!)")


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to reach a person. Without a gateway it is recorded, and its notices fail with `no_gateway`."""

    gateway: str | None
    address: re.Pattern[str]
    last_resort: bool  # used only where the account has no other usable contact (S16: paper is the last resort)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Seconds to wait before attempt 2, 3, …; after the last one the notice is final."""

    temporary_seconds: tuple[int, ...]
    in_doubt_seconds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules of one version; `roles` are those that receive a kind of notice.

    A question is asked again so many days before the last day for an answer as `remind_days_before` says, once for each.
    """

    channels: Mapping[str, Channel]
    roles: Mapping[str, frozenset[str]]
    wait_for_contact_days: int
    remind_days_before: tuple[int, ...]
    retry: Retry


Policies = Versions[Policy]


def load(document: Any, roles: Mapping[str, frozenset[str]]) -> Policies:
    """Return the versions of a parsed policy document; `roles` are told of each kind where a version names no others.

    Raises `DocumentError` with all its faults.
    """

    def read(version: Node) -> Policy:
        return Policy(
            channels={name: _channel(channel) for name, channel in version.get("channels").fields()},
            roles=_roles(version.get("roles"), roles),
            wait_for_contact_days=version.get("wait_for_contact_days").whole(0, WAIT_DAYS_MAX),
            remind_days_before=_reminders(version.get("remind_days_before")),
            retry=_retry(version.get("retry")),
        )

    fields = "channels roles wait_for_contact_days remind_days_before retry"
    return Node.read(document, lambda root: dated.versions(root, read, fields=fields))


def _channel(node: Node) -> Channel:
    node.keys("gateway address last_resort")
    gateway = node.get("gateway")
    address = node.get("address")
    try:
        pattern = re.compile(address.text())
    except re.error as error:
        address.refuse("value_wrong", str(error))
        pattern = _NOBODY
    return Channel(
        gateway=None if gateway.value is None else gateway.choice("smtp"),
        address=pattern,
        last_resort=node.get("last_resort").flag(),
    )


def _roles(node: Node, roles: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    node.keys(" ".join(roles))
    return {kind: own if (named := node.maybe(kind)) is None else _named(named) for kind, own in roles.items()}


def _named(node: Node) -> frozenset[str]:
    roles = frozenset(role.choice(*ROLES) for role in node.items())
    if not roles:
        node.refuse("value_wrong", "at least one role is needed")
    return roles


def _reminders(node: Node) -> tuple[int, ...]:
    days = tuple(each.whole(0, WAIT_DAYS_MAX) for each in node.items())
    if len(days) > REMINDERS_MAX or len(set(days)) < len(days):
        node.refuse("value_wrong", f"at most {REMINDERS_MAX} reminders, each on a day of its own")
    return days


def _retry(node: Node) -> Retry:
    node.keys("temporary_seconds in_doubt_seconds")
    return Retry(
        temporary_seconds=_schedule(node.get("temporary_seconds")),
        in_doubt_seconds=_schedule(node.get("in_doubt_seconds")),
    )


def _schedule(node: Node) -> tuple[int, ...]:
    steps = node.items()
    if len(steps) > ATTEMPTS_MAX:
        node.refuse("value_wrong", f"at most {ATTEMPTS_MAX} retries")
    return tuple(step.whole(0, RETRY_SECONDS_MAX) for step in steps)
