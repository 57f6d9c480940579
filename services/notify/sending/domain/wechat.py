"""Template messages of a WeChat official account (微信公众号模板消息) by its published documents. Pure.

Which template a kind of notice has, and what its fields show, is a document of the utility: the account owns its templates.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.notify.sending.domain.providers import fill
from services.notify.sending.domain.wire import Said, Unreadable, fresh
from shared.document import Node

SHOWN: Final = frozenset({"subject", "body", "short", "link"})
ANY: Final = "*"
STALE_SECONDS: Final = 300
CLIENT_ID_LENGTH: Final = 32
TOKEN_GONE: Final = frozenset({40001, 40014, 42001})
"""The access token is not, or no longer, valid: a new one is asked for."""
FINAL: Final = frozenset({40003, 43004, 43019, 43101})
"""The openid is none of this account's; its person does not follow it, is on its black list, or has refused such messages."""
FINISHED: Final = "TEMPLATESENDJOBFINISH"
_FIELD = re.compile(r"<(MsgID|Status|Event|MsgType)>(?:<!\[CDATA\[)?([^<\]]{1,64})(?:\]\]>)?</\1>")


@dataclass(frozen=True, slots=True)
class Shape:
    """The template of one kind of notice: its id at WeChat, and what its fields show."""

    template_id: str
    data: Mapping[str, str]


Shapes = Mapping[str, Shape]


def load(document: Any) -> Shapes:
    """Return the templates of a parsed document by kind, `*` for all others; raises `DocumentError` with all its faults."""
    return Node.read(document, _shapes)


def _shapes(root: Node) -> Shapes:
    root.keys("id title templates")
    root.get("id").text()
    templates = root.get("templates")
    templates.get(ANY)
    return {kind: _shape(node) for kind, node in templates.fields()}


def _shape(node: Node) -> Shape:
    node.keys("template_id data")
    data = {name: value.text() for name, value in node.get("data").fields()}
    for name, text in data.items():
        for placeholder in re.findall(r"\{([a-z_]+)\}", text):
            if placeholder not in SHOWN:
                node.get("data").get(name).refuse(
                    "name_unknown", f"{{{placeholder}}}; known: {', '.join(sorted(SHOWN))}"
                )
    return Shape(node.get("template_id").text(), data)


def content(shape: Shape, *, openid: str, message_id: str, shown: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that sends a message: `client_msg_id` lets WeChat take it once in ten minutes."""
    data = {name: {"value": fill(text, shown)} for name, text in shape.data.items()}
    once = hashlib.sha256(message_id.encode()).hexdigest()[:CLIENT_ID_LENGTH]
    body = {"touser": openid, "template_id": shape.template_id, "client_msg_id": once, "data": data}
    return body | ({"url": shown["link"]} if shown["link"] else {})


def signed(token: str, *, signature: str, timestamp: str, nonce: str, now: int) -> bool:
    """Return whether a call comes from WeChat: SHA-1 over token, timestamp and nonce in order; it does not cover the body."""
    if not fresh(timestamp, now, STALE_SECONDS):
        return False
    wanted = hashlib.sha1("".join(sorted((token, timestamp, nonce))).encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.encode())


def receipt(body: bytes) -> list[Said]:
    """Return what an event says became of a message; nothing where it is another event. Raises `Unreadable`.

    Four plain fields are read by their form: no XML is parsed, so none can hurt.
    """
    found = _FIELD.findall(body.decode("utf-8", "replace"))
    fields = dict(found)
    if len(fields) < len(found) or "MsgType" not in fields:
        raise Unreadable
    if fields.get("Event") != FINISHED:
        return []
    reference, status = fields.get("MsgID", ""), fields.get("Status", "")
    if not re.fullmatch(r"[0-9]{1,20}", reference):
        raise Unreadable
    if status == "success":
        return [Said("", reference, "delivered", "")]
    code = {"failed:user block": "user_block", "failed: system failed": "system_failed"}.get(status, "not_delivered")
    return [Said("", reference, "failed", code)]
