"""The utility's rules for notices, as data: channels, who is told what, how long to wait, when to try again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROLES = ("holder", "tenant")
LANGUAGES = ("zh", "en")
ATTEMPTS_MAX = 20  # a schedule longer than that is a typing error
WAIT_DAYS_MAX = 400


class InvalidPolicy(ValueError):
    """The policy document says something that cannot be meant; `args[0]` is the path and the reason."""


@dataclass(frozen=True)
class Channel:
    """A way to reach a person. Without a gateway it is recorded, and its notices fail with `no_gateway`."""

    gateway: str | None
    address: re.Pattern[str]
    last_resort: bool  # used only where the account has no other usable contact (S16: paper is the last resort)


@dataclass(frozen=True)
class Retry:
    """Seconds to wait before attempt 2, 3, …; after the last one the notice is final."""

    temporary_seconds: tuple[int, ...]
    in_doubt_seconds: tuple[int, ...]


@dataclass(frozen=True)
class Policy:
    version: int
    channels: Mapping[str, Channel]
    roles: Mapping[str, frozenset[str]]  # template -> roles that receive it
    wait_for_contact_days: int
    retry: Retry


def load(document: Mapping[str, Any], templates: frozenset[str]) -> Policy:
    """Return the policy of a parsed JSON document; `templates` are the names that must have roles.

    Raises `InvalidPolicy`.
    """
    expected = {"version", "channels", "roles", "wait_for_contact_days", "retry"}
    if set(document) != expected:
        raise InvalidPolicy(f"/: fields must be {sorted(expected)}")
    roles = {name: frozenset(given) for name, given in document["roles"].items()}
    if set(roles) != templates:
        raise InvalidPolicy(f"/roles: must name exactly {sorted(templates)}")
    for name, given in roles.items():
        if not given or given - set(ROLES):
            raise InvalidPolicy(f"/roles/{name}: roles must be among {list(ROLES)}")
    return Policy(
        version=_whole(document["version"], "/version", 1, 2**31),
        channels={name: _channel(name, given) for name, given in document["channels"].items()},
        roles=roles,
        wait_for_contact_days=_whole(document["wait_for_contact_days"], "/wait_for_contact_days", 0, WAIT_DAYS_MAX),
        retry=Retry(
            temporary_seconds=_schedule(document["retry"], "temporary_seconds"),
            in_doubt_seconds=_schedule(document["retry"], "in_doubt_seconds"),
        ),
    )


def _channel(name: str, given: Mapping[str, Any]) -> Channel:
    if set(given) != {"gateway", "address", "last_resort"}:
        raise InvalidPolicy(f"/channels/{name}: fields must be gateway, address, last_resort")
    if given["gateway"] not in (None, "smtp"):
        raise InvalidPolicy(f"/channels/{name}/gateway: no such gateway")
    if not isinstance(given["last_resort"], bool):
        raise InvalidPolicy(f"/channels/{name}/last_resort: must be true or false")
    try:
        pattern = re.compile(given["address"])
    except re.error as error:
        raise InvalidPolicy(f"/channels/{name}/address: {error}") from None
    return Channel(gateway=given["gateway"], address=pattern, last_resort=given["last_resort"])


def _schedule(retry: Mapping[str, Any], name: str) -> tuple[int, ...]:
    given = retry.get(name)
    if set(retry) != {"temporary_seconds", "in_doubt_seconds"} or not isinstance(given, list):
        raise InvalidPolicy("/retry: needs temporary_seconds and in_doubt_seconds, two lists")
    if len(given) > ATTEMPTS_MAX:
        raise InvalidPolicy(f"/retry/{name}: at most {ATTEMPTS_MAX} retries")
    return tuple(_whole(value, f"/retry/{name}", 0, 7 * 86_400) for value in given)


def _whole(value: object, path: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidPolicy(f"{path}: must be a whole number from {low} to {high}")
    return value
