"""Decisions carry the version seen: `If-Match: "3"`, answered 412 where the object has moved on."""

import re
from typing import Annotated

from fastapi import Depends, Header

from shared.errors import BusinessError
from shared.web.errors import Problem

_TAG = re.compile(r'"([0-9]{1,9})"')


class Missing(BusinessError):
    status = 428
    code = "precondition.missing"
    title = "The request must say in If-Match which version it decides on"


class Stale(BusinessError):
    status = 412
    code = "precondition.stale"
    title = "The object has changed since the version that the request names"


def etag(version: int) -> str:
    """Return the ETag header of a version."""
    return f'"{version}"'


def require(seen: int, current: int) -> None:
    """Refuse a decision on another version than the current one."""
    if seen != current:
        raise Stale


async def _version_seen(
    if_match: Annotated[
        str | None,
        Header(
            description='The version seen, as its ETag: `"3"`',
            max_length=32,
            json_schema_extra={"pattern": f"^{_TAG.pattern}$", "examples": ['"3"']},
        ),
    ] = None,
) -> int:
    if if_match is None:
        raise Missing
    match = _TAG.fullmatch(if_match)
    if match is None:
        raise Problem(status=400, code="precondition.malformed", title="If-Match must be one ETag of this object")
    return int(match[1])


VersionSeen = Annotated[int, Depends(_version_seen)]
"""The version in If-Match, as a parameter of a route: `seen: conditional.VersionSeen`; declare `raises=conditional.RAISES`."""

RAISES = (Missing, Stale)
