"""What a gateway is given, and what it answers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message on one way.

    `id` is the same for every attempt on that way, and another one on each other: a receipt may name it. `again`: an attempt
    before this one is in doubt, so a gateway that can be asked is asked what became of it before it is sent once more.
    `short`: what it says in one line, for ways that have no room for more. `template`: the kind of notice;
    `link`: where its question is answered, if by a link.
    """

    id: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    at: datetime
    again: bool = False
    short: str = field(default="", repr=False)
    template: str = ""
    link: str = field(default="", repr=False)


@dataclass(frozen=True)
class Attempt:
    """How one attempt ended.

    `code` is ours or the gateway's number (`smtp.550`), never its text, which may hold an address. `reference`: by which name a
    gateway that accepted a message knows it; its receipts name it. Whether acceptance is delivery is policy (`proof`).
    `proved`: the gateway was asked and says that the message came to nothing, whatever attempts before were in doubt.
    """

    result: Literal["accepted", "temporary", "permanent", "in_doubt"]
    code: str = ""
    reference: str = ""
    proved: bool = False
