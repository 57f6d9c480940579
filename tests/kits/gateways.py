"""An HTTP server that answers as a test says, or misbehaves, and the counterparts of gateways that stand behind it."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from services.notify.sending.domain.port import Message

AT = datetime(2026, 2, 2, 1, tzinfo=UTC)
PHONE, OPENID = "+8613800138000", "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"


def message(**changes: Any) -> Message:
    values = {
        "id": "n1.1",
        "to": PHONE,
        "subject": "电费账单 a0001",
        "body": "应缴电费：100.01 元\n",
        "at": AT,
        "short": "电费账单 a0001 & 100.01 元",
        "template": "bill_issued",
    }
    return Message(**values | changes)


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire; names of headers in small letters."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer. `fault`: hang up (`drop`) or say nothing (`silent`), both after the request was taken; or `slow`: a
    byte at a time, for ever."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    def encoded(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body, ensure_ascii=False).encode()
        head = {"Content-Length": str(len(body)), "Connection": "close", **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        return f"HTTP/1.1 {self.status} Said\r\n{lines}\r\n".encode() + body


@dataclass
class Web:
    """What was asked, and where the server is."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(answer: Callable[[Asked], Reply], port: int = 0) -> AsyncIterator[Web]:
    """Serve one request on each connection, as `answer` says."""
    web = Web()
    writers = set[asyncio.StreamWriter]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            asked = await _read(reader)
            web.asked.append(asked)
            reply = answer(asked)
            if reply.fault == "drop":
                writer.transport.abort()
            elif reply.fault == "silent":
                await reader.read()
            elif reply.fault == "slow":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while True:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.05)
            else:
                writer.write(reply.encoded())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            writers.discard(writer)

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


@dataclass
class SmsCentre:
    """An SMS provider by the product's own contract that takes everything: `texts` counts how often each was handed over."""

    texts: Counter[str] = field(default_factory=Counter)

    def __call__(self, asked: Asked) -> Reply:
        number = asked.path.rpartition("/")[2]
        if asked.method == "PUT":
            self.texts[number] += 1
        elif number not in self.texts:
            return Reply(404, {"code": "message.unknown"})
        return Reply(200, {"state": "accepted", "reference": f"r-{number}"})


@dataclass
class WeChatServer:
    """A WeChat that follows the published documents of its official accounts: stable tokens, template messages, events."""

    app_id: str = "wx1"
    secret: str = "wechat-secret"
    token: str = ""
    tokens: int = 0
    followers: set[str] = field(default_factory=lambda: {OPENID})
    unsubscribed: set[str] = field(default_factory=set)
    left: int = 100
    taken: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What happens to the next template messages, once they are taken."""

    def expire(self) -> None:
        self.token = ""

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/cgi-bin/stable_token":
            return Reply(body=self._stable_token(asked.json))
        if asked.path == "/cgi-bin/message/template/send":
            answer = self._send(asked.query["access_token"], asked.json)
            fault = self.faults.pop(0) if self.faults and answer["errcode"] == 0 else ""
            return Reply(body=answer, fault=fault)
        return Reply(404)

    def _stable_token(self, given: dict[str, Any]) -> dict[str, Any]:
        if (given["grant_type"], given["appid"]) != ("client_credential", self.app_id):
            return {"errcode": 40013, "errmsg": "invalid appid"}
        if given["secret"] != self.secret:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if not self.token:
            self.tokens += 1
            self.token = f"token-{self.tokens}"
        return {"access_token": self.token, "expires_in": 7200}

    def _send(self, token: str, given: dict[str, Any]) -> dict[str, Any]:
        if not self.token or token != self.token:
            code = 42001 if token.startswith("token-") else 40001
            return {"errcode": code, "errmsg": f"access_token expired rid: {given['touser']}"}
        if self.left <= 0:
            return {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
        if given["touser"] in self.unsubscribed:
            return {"errcode": 43004, "errmsg": f"require subscribe {given['touser']}"}
        if given["touser"] not in self.followers:
            return {"errcode": 40003, "errmsg": f"invalid openid {given['touser']}"}
        self.left -= 1
        key = given["touser"], given["client_msg_id"]
        number = self.taken.setdefault(key, 200228332 + len(self.taken))  # the same id again is not sent again
        return {"errcode": 0, "errmsg": "ok", "msgid": number}


def event(number: int, status: str = "success", kind: str = "TEMPLATESENDJOBFINISH") -> bytes:
    """Return what WeChat posts about a template message."""
    return (
        f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{OPENID}]]></FromUserName>"
        f"<CreateTime>1769994000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{kind}]]></Event>"
        f"<MsgID>{number}</MsgID><Status><![CDATA[{status}]]></Status></xml>"
    ).encode()


def signed_query(token: str, timestamp: int, nonce: str = "n1") -> dict[str, str]:
    """Return the query by which WeChat signs its calls."""
    text = "".join(sorted((token, str(timestamp), nonce)))
    return {
        "signature": hashlib.sha1(text.encode()).hexdigest(),
        "timestamp": str(timestamp),
        "nonce": nonce,
    }
