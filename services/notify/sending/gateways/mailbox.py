"""The mailbox that bounces come to, over IMAP (RFC 3501): read in batches from its beginning; nothing in it is ever deleted.

A mail is not marked by a flag but moved: what is left in the folder is what is to be read. Every call blocks its thread, at most
`timeout_seconds` for each of the server's words.
"""

import imaplib
import re
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

BATCH_MAX = 100  # mails in memory at the same time, each up to MAIL_BYTES_MAX
MAIL_BYTES_MAX = 128 * 1024  # of a longer mail the beginning: a report and the headers that it returns come first
PROCESSED, UNKNOWN = "Processed", "Unknown"
_UID = re.compile(rb"\bUID ([0-9]+)")


class MailboxRefused(Exception):
    """The server did not do what it was asked for; its text is the command."""


@dataclass(frozen=True, kw_only=True)
class ImapServer:
    """Where and how to read. `security`: starttls (refused if the server cannot), or tls from the first byte."""

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    folder: str
    timeout_seconds: float
    certificates: str | None = None  # file of the authorities to trust; the system's without


@dataclass(frozen=True)
class Mail:
    """A mail as far as it is read; `uid` is its name in its folder."""

    uid: bytes
    raw: bytes = field(repr=False)


class Mailbox:
    """One session. Not for concurrent use."""

    def __init__(self, server: ImapServer) -> None:
        self._server = server
        self._imap: imaplib.IMAP4 | None = None
        self._moves = False

    def open(self) -> None:
        """Connect and log in. Raises `OSError`, `imaplib.IMAP4.error` or `MailboxRefused`, as all here."""
        server = self._server
        context = ssl.create_default_context(cafile=server.certificates)
        where, seconds = (server.host, server.port), server.timeout_seconds
        imap: imaplib.IMAP4
        if server.security == "tls":
            imap = self._imap = imaplib.IMAP4_SSL(*where, ssl_context=context, timeout=seconds)
        else:
            imap = self._imap = imaplib.IMAP4(*where, timeout=seconds)
            imap.starttls(context)
        imap.login(server.username, server.password)
        self._moves = b"MOVE" in b" ".join(_done("CAPABILITY", imap.capability())).upper().split()
        for folder in (PROCESSED, UNKNOWN):
            imap.create(folder)  # says no where it is there

    def close(self) -> None:
        """End the session without asking; from another thread, it ends the call that waits."""
        if self._imap is not None:
            self._imap.shutdown()
            self._imap = None

    def batch(self) -> list[Mail]:
        """Return the mails that came first, up to BATCH_MAX; they stay where they are."""
        assert self._imap is not None
        count = int(_done("SELECT", self._imap.select(self._server.folder))[-1])
        if not count:
            return []
        wanted = f"(UID BODY.PEEK[]<0.{MAIL_BYTES_MAX}>)"
        return _mails(_done("FETCH", self._imap.fetch(f"1:{min(count, BATCH_MAX)}", wanted)))

    def move(self, uids: Iterable[bytes], folder: str) -> None:
        """Move mails to another folder; one that somebody else has moved meanwhile is none of ours."""
        assert self._imap is not None
        names = b",".join(uids).decode()
        if not names:
            return
        if self._moves:
            _done("MOVE", self._imap.uid("MOVE", names, folder))
            return
        _done("COPY", self._imap.uid("COPY", names, folder))
        _done("STORE", self._imap.uid("STORE", names, "+FLAGS.SILENT", r"(\Deleted)"))
        _done("EXPUNGE", self._imap.expunge())


def _done(command: str, answer: tuple[str, Sequence[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise MailboxRefused(command)
    return [item for item in data if item is not None]


def _mails(data: Iterable[bytes | tuple[bytes, bytes]]) -> list[Mail]:
    """Return the mails of an answer to FETCH: each begins with its place; what stands behind its text is of it too."""
    found: list[tuple[bytes, bytes]] = []
    for item in data:
        head, raw = item if isinstance(item, tuple) else (item, b"")
        if isinstance(item, tuple) or head[:1].isdigit():
            found.append((head, raw))
        elif found:
            found[-1] = (found[-1][0] + b" " + head, found[-1][1])
    return [Mail(uid[1], raw) for head, raw in found if (uid := _UID.search(head))]
