"""Sources of reads, and which beats which: a worse read never replaces a better one."""

EDITED = "edited"
SITE = "site"
REMOTE = "remote"
SELF = "self"
ESTIMATED = "estimated"

RANK = {EDITED: 5, SITE: 3, REMOTE: 2, SELF: 1, ESTIMATED: 0}
"""A person's edit with a reason, a reader on site, the meter itself, the customer, an estimate."""

ANSWER_RANK = 4
"""Of a read that answers a request to read again, whatever its source."""

READ_SOURCES = frozenset({SITE, REMOTE, SELF})


def checks(source: str) -> bool:
    """Return whether registers of a source check what a customer has said before: whatever is seen by nobody else does not."""
    return source not in (SELF, ESTIMATED)


def beats(source: str, other: str) -> bool:
    """Return whether a read of `source` replaces one of `other` for the same date."""
    return RANK[source] > RANK[other]
