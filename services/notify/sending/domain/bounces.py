"""Mails that come back (退信): delivery status notifications (RFC 3464), and how one names the message that it is about.

What we send carries a stamp: its id, with an HMAC of it under a key that this service alone has. Anybody can forge a
mail; so only a report that shows a stamp counts, which only who was sent the mail, and who carried it, can know. It says nothing
of any other.
"""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail
from typing import Final, Literal
from uuid import UUID

_PURPOSE: Final = b"wattline bounce 1\0"
_STAMP: Final = re.compile(r"(?<![0-9a-z])([0-9a-f]{32})(?:\.([0-9]{1,3}))?\.([a-z2-7]{16})(?![0-9a-z])", re.IGNORECASE)
_FIELD: Final = re.compile(r"^(action|status):[ \t]*([a-z]+|[0-9.]+)", re.IGNORECASE | re.MULTILINE)
_BLOCKS: Final = re.compile(r"\r?\n[ \t]*\r?\n")
_STATUS: Final = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_ADDRESSED: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "In-Reply-To", "References")
_STATUS_TYPES: Final = ("message/delivery-status", "message/global-delivery-status")
STAMP_LENGTH_MAX: Final = 32 + 4 + 17
STAMPS_MAX: Final = 200  # looked at in one mail: each costs an HMAC

Result = Literal["delivered", "failed", "under_way"]


@dataclass(frozen=True)
class Stamps:
    """Makes the stamps of an installation, and knows them again."""

    key: bytes = field(repr=False)

    def stamp(self, message_id: str) -> str:
        """Return the stamp of a message: at most 53 characters whose case decides nothing, for an address or a Message-ID."""
        notice_id, dot, way = message_id.partition(".")
        return f"{UUID(notice_id).hex}{dot}{way}.{self._proof(message_id)}"

    def found(self, texts: Iterable[str]) -> tuple[str, bool]:
        """Return the id of the first message whose stamp stands in texts (empty: none), and whether any looked like a stamp."""
        seen = 0
        for text in texts:
            for notice_id, way, proof in _STAMP.findall(text):
                seen += 1
                if seen > STAMPS_MAX:
                    return "", True
                message_id = f"{UUID(notice_id)}.{way}" if way else str(UUID(notice_id))
                if hmac.compare_digest(self._proof(message_id), proof.lower()):
                    return message_id, True
        return "", bool(seen)

    def _proof(self, message_id: str) -> str:
        digest = hmac.digest(self.key, _PURPOSE + message_id.encode(), "sha256")
        return base64.b32encode(digest[:10]).decode().lower()


@dataclass(frozen=True)
class Bounce:
    """What a mail says became of the message that it names. `under_way`: delayed, or handed on to where no more will be heard."""

    message_id: str
    result: Result
    code: str = ""


@dataclass(frozen=True)
class NotUnderstood:
    """Why a mail says nothing that can be used: a code."""

    reason: Literal["autoreply", "not_a_report", "no_status", "not_ours", "not_proved", "broken"]


def read(raw: bytes, stamps: Stamps) -> Bounce | NotUnderstood:
    """Return what a mail says; it may be cut off, broken, or whatever else people and machines send. Never raises."""
    try:
        return _read(message_from_bytes(raw), stamps)
    except Exception:  # the parser meets what nobody thought of: the mail is kept for a person
        return NotUnderstood("broken")


def _read(mail: Mail, stamps: Stamps) -> Bounce | NotUnderstood:
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        automatic = str(mail.get("Auto-Submitted", "")).strip().lower().startswith("auto-replied")
        return NotUnderstood("autoreply" if automatic or mail.get("X-Autoreply") else "not_a_report")
    parts = [part for part in mail.get_payload() if isinstance(part, Mail)]
    status = [_text(part) for part in parts if part.get_content_type() in _STATUS_TYPES]
    if not status:
        return NotUnderstood("not_a_report")
    result, code = _judged(status[0])
    if result is None:
        return NotUnderstood("no_status")
    addressed = (str(value) for name in _ADDRESSED for value in mail.get_all(name, ()))
    returned = (_text(part) for part in parts if part.get_content_type() not in _STATUS_TYPES)
    message_id, seen = stamps.found([*addressed, *status, *returned])
    if not message_id:
        return NotUnderstood("not_proved" if seen else "not_ours")
    return Bounce(message_id, result, code if result == "failed" else "")


def _text(part: Mail) -> str:
    if part.is_multipart():  # a message within, or the blocks of a status
        return part.as_bytes().decode("latin-1")
    found = part.get_payload(decode=True)
    return found.decode("latin-1") if isinstance(found, bytes) else ""


def _judged(status: str) -> tuple[Result | None, str]:
    """Return what became of a message by the status of its recipients, and the code of why it failed.

    The action decides: a server that has given up says `failed`, also where its last try met a fault that was to pass (4.x.x).
    Without one the class of the status does. Where the mail was handed on to several, one that got it is enough.
    """
    found: dict[Result, str] = {}
    for block in _BLOCKS.split(status):
        fields = {name.lower(): value.lower() for name, value in _FIELD.findall(block)}
        number = fields.get("status", "")
        result = _result(fields.get("action", ""), number[:1])
        if result is not None:
            found.setdefault(result, f"smtp.{number}" if _STATUS.fullmatch(number) else "smtp.came_back")
    best: tuple[Result, ...] = ("delivered", "failed", "under_way")
    return next(((result, found[result]) for result in best if result in found), (None, ""))


def _result(action: str, status_class: str) -> Result | None:
    by_action: dict[str, Result] = {
        "failed": "failed",
        "delivered": "delivered",
        "delayed": "under_way",
        "relayed": "under_way",
        "expanded": "under_way",
    }
    by_class: dict[str, Result] = {"5": "failed", "4": "under_way", "2": "delivered"}
    return by_action.get(action) if action else by_class.get(status_class)
