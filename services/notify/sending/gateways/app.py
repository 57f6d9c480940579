"""A webhook to the utility's own app (Standard Webhooks 1.0.0): signed, and under the notice's id for every attempt.

The app shows the text to the user that the contact point names. It takes an id once, so an attempt in doubt is sent again.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from services.notify.sending.domain.port import Attempt, Message
from services.notify.sending.gateways.http import Caller, InDoubtError, NotSentError, Server
from services.notify.sending.gateways.session import Connectionless

PREFIX = "whsec_"
TEMPORARY = frozenset({401, 403, 404, 405, 408, 415, 425, 429, 503})
"""That we are not let in, or come to the wrong place, is our own fault or the app's, not this notice's: never final."""


class App(Connectionless):
    """The utility's app; it keeps nothing, so that all senders may use it at the same time. `secrets`: the new, then the old."""

    def __init__(self, server: Server, secrets: Sequence[str]) -> None:
        self._caller = Caller(server)
        self._keys = [key_of(secret) for secret in secrets]

    async def send(self, message: Message) -> Attempt:
        """Send one notice and return how it ended; never raises for what a server or network does."""
        data = {
            "notice_id": message.id,
            "template": message.template,
            "to": message.to,
            "subject": message.subject,
            "body": message.body,
            "short": message.short,
        }
        text = {"type": "notice", "timestamp": message.at.isoformat(), "data": data}
        body = json.dumps(text, ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = str(int(message.at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signatures(self._keys, message.id, timestamp, body),
        }
        try:
            answer = await self._caller.call("POST", "", headers, body)
        except NotSentError as error:
            return Attempt("temporary", f"app.{error}")
        except InDoubtError as error:
            return Attempt("in_doubt", f"app.{error}")
        return _attempt(answer.status)


def key_of(secret: str) -> bytes:
    """Return the key of a secret as Standard Webhooks writes it: base64, after `whsec_`. Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("must be whsec_ and base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError("must be 24 to 64 bytes in base64, after whsec_")
    return key


def signatures(keys: Sequence[bytes], message_id: str, timestamp: str, body: bytes) -> str:
    """Return the signatures of a message, one for each key, so that a receiver that knows either takes it."""
    over = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, over, hashlib.sha256)).decode()}" for key in keys)


def _attempt(status: int) -> Attempt:
    if 200 <= status < 300:
        return Attempt("accepted")
    if status in TEMPORARY or 300 <= status < 400:
        return Attempt("temporary", f"app.{status}")
    return Attempt("permanent" if 400 <= status < 500 else "in_doubt", f"app.{status}")
