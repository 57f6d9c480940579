"""A webhook to the utility's own app (Standard Webhooks 1.0.0): signed, and under the notice's id for every attempt.

The app shows the text to the user that the contact point names. It takes an id once, so an attempt in doubt is sent again.
"""

import json
from collections.abc import Sequence

from services.notify.sending.domain.port import Attempt, Message
from services.notify.sending.gateways.session import Connectionless
from shared import webhooks
from shared.outcalls import Caller, InDoubtError, NotSentError, Server

TEMPORARY = frozenset({401, 403, 404, 405, 408, 415, 425, 429, 503})
"""That we are not let in, or come to the wrong place, is our own fault or the app's, not this notice's: never final."""


class App(Connectionless):
    """The utility's app; it keeps nothing, so that all senders may use it at the same time. `secrets`: the new, then the old."""

    def __init__(self, server: Server, secrets: Sequence[str]) -> None:
        self._caller = Caller(server)
        self._keys = [webhooks.key_of(secret) for secret in secrets]

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
        signed = webhooks.headers(self._keys, message.id, int(message.at.timestamp()), body)
        headers = {"Content-Type": "application/json", **signed}
        try:
            answer = await self._caller.call("POST", "", headers, body)
        except NotSentError as error:
            return Attempt("temporary", f"app.{error}")
        except InDoubtError as error:
            return Attempt("in_doubt", f"app.{error}")
        return _attempt(answer.status)


def _attempt(status: int) -> Attempt:
    if 200 <= status < 300:
        return Attempt("accepted")
    if status in TEMPORARY or 300 <= status < 400:
        return Attempt("temporary", f"app.{status}")
    return Attempt("permanent" if 400 <= status < 500 else "in_doubt", f"app.{status}")
