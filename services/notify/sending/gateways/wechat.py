"""A WeChat official account (微信公众号): template messages by its published documents.

The access token is kept for its time and asked for again where WeChat no longer takes it. It is the stable one: another replica
that asks does not make it invalid.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from services.notify.sending.domain import wechat
from services.notify.sending.domain.port import Attempt, Message
from services.notify.sending.domain.wechat import Shapes
from services.notify.sending.gateways.session import Connectionless
from shared.outcalls import Caller, InDoubtError, NotSentError, Server

EARLY_SECONDS = 300  # so much before its end a token is asked for again
SECONDS_MIN = 10
JSON = {"Content-Type": "application/json; charset=utf-8"}
BUSY = -1


@dataclass(frozen=True, kw_only=True)
class WeChatAccount:
    """The official account, and its templates."""

    app_id: str
    secret: str = field(repr=False)
    shapes: Shapes


class RefusedError(Exception):
    """WeChat has answered with an error; its code."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class WeChat(Connectionless):
    """One official account, with its access token: all senders use it at the same time."""

    def __init__(self, server: Server, account: WeChatAccount) -> None:
        self._caller = Caller(server)
        self._account = account
        self._token = ""
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def send(self, message: Message) -> Attempt:
        """Send one template message and return how it ended; never raises for what a server or network does."""
        try:
            token = await self._access_token("")
        except (NotSentError, InDoubtError, RefusedError) as error:  # nothing of this notice has gone out
            return Attempt("temporary", f"wechat.token.{error}")
        try:
            try:
                return await self._send(token, message)
            except RefusedError as refused:
                if refused.code not in wechat.TOKEN_GONE:
                    raise
            try:
                token = await self._access_token(token)
            except (NotSentError, InDoubtError, RefusedError) as error:
                return Attempt("temporary", f"wechat.token.{error}")
            return await self._send(token, message)
        except RefusedError as refused:
            return Attempt("permanent" if refused.code in wechat.FINAL else "temporary", f"wechat.{refused}")
        except NotSentError as error:
            return Attempt("temporary", f"wechat.{error}")
        except InDoubtError as error:
            return Attempt("in_doubt", f"wechat.{error}")

    async def _send(self, token: str, message: Message) -> Attempt:
        shapes = self._account.shapes
        shown = {"subject": message.subject, "body": message.body, "short": message.short, "link": message.link}
        body = wechat.content(
            shapes.get(message.template) or shapes[wechat.ANY], openid=message.to, message_id=message.id, shown=shown
        )
        answer = await self._post(f"/cgi-bin/message/template/send?access_token={token}", body)
        return Attempt("accepted", reference=str(answer.get("msgid", "")))

    async def _access_token(self, refused: str) -> str:
        """Return a token other than the one that was refused."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if self._token in ("", refused) or now >= self._until:
                asked = {
                    "grant_type": "client_credential",
                    "appid": self._account.app_id,
                    "secret": self._account.secret,
                    "force_refresh": False,
                }
                answer = await self._post("/cgi-bin/stable_token", asked)
                token, seconds = answer.get("access_token"), answer.get("expires_in")
                if not isinstance(token, str) or not isinstance(seconds, int):
                    raise RefusedError(BUSY)
                self._token, self._until = token, now + max(seconds - EARLY_SECONDS, SECONDS_MIN)
            return self._token

    async def _post(self, target: str, body: Any) -> dict[str, Any]:
        """Return the answer; raises `RefusedError` where it is an error, `InDoubtError` where it is none of the documents'."""
        answer = await self._caller.call("POST", target, JSON, json.dumps(body, ensure_ascii=False).encode())
        try:
            found = json.loads(answer.body) if answer.status == 200 else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InDoubtError(str(answer.status))
        code = found.get("errcode", 0)
        if not isinstance(code, int):
            raise InDoubtError(str(answer.status))
        if code:
            raise RefusedError(code)
        return found
