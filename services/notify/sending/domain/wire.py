"""Requests to a provider as its document wants them, and what its answers and receipts mean. Pure: it sends nothing."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode  # lint: skip=PURE-IMPORT only takes texts apart

from services.notify.sending.domain.providers import Call, Place, Proof, Receipts, Rule, Signing, fill

ID_LENGTH_MAX = 80
REFERENCE_LENGTH_MAX = 128
ITEMS_MAX = 1000
"""Receipts that one call may bring."""
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,24}")
_NAME = re.compile(r"[!-~]+")
_LONG_NUMBER = re.compile(r"[0-9]{7,}")


class Unreadable(ValueError):
    """What came as a receipt is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request below the provider's base address; its parts hold secrets and a person's number."""

    method: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means, with the provider's name for the message and its code."""

    means: str
    reference: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a receipt says of a message, by our id or the provider's reference; `state` None: the document does not name it."""

    id: str
    reference: str
    state: str | None
    code: str


def request(call: Call, signing: Signing | None, values: Mapping[str, str]) -> Request:
    """Return the request that asks `call` with these values, signed."""
    path = fill(call.path, {name: quote(value, safe="") for name, value in values.items()})
    query = urlencode({name: fill(text, values) for name, text in call.query.items()}, quote_via=quote)
    headers = {name: fill(text, values) for name, text in call.headers.items()}
    body = b""
    if call.form is not None:
        body = urlencode({name: fill(text, values) for name, text in call.form.items()}).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    elif call.json is not None:
        body = json.dumps(_filled(call.json, values), ensure_ascii=False, separators=(",", ":")).encode()
        headers["Content-Type"] = "application/json; charset=utf-8"
    target = f"{path}?{query}" if query else path
    if signing is not None:
        said = dict(values)
        if signing.over is not None:
            over = fill(signing.over, {**values, "method": call.method, "path": target, "body": body.decode()})
            said["signature"] = _signature(values["secret"], over.encode(), signing.encoding)
        headers |= {name: fill(text, said) for name, text in signing.headers.items()}
    return Request(method=call.method, target=target, headers=headers, body=body)


def meaning(call: Call, status: int, body: bytes) -> Meaning:
    """Return what an answer means: the first rule that fits says so; where none does, nobody knows."""
    text = body.decode("utf-8", "replace")
    parsed = _parsed(text)
    for rule in call.answers:
        if _fits(rule, status, text, parsed):
            reference = (_find(rule.reference, text, parsed) or "") if rule.reference else ""
            code = (_find(rule.code, text, parsed) or "") if rule.code else ""
            named = reference if _NAME.fullmatch(reference) and len(reference) <= REFERENCE_LENGTH_MAX else ""
            return Meaning(rule.means, named, short_code(code) or str(status))
    return Meaning("in_doubt", "", str(status))


def short_code(text: str) -> str:
    """Return a provider's code as it may be shown: short, and nothing that could be a number of a telephone; else empty."""
    return text if _CODE.fullmatch(text) and not _LONG_NUMBER.search(text) else ""


def proved(proof: Proof, secret: str, headers: Mapping[str, str], body: bytes, now: int) -> bool:
    """Return whether a header proves that a body is from who has the secret; `now` in seconds since 1970."""
    if proof.over is None:
        return False
    timestamp = headers.get(proof.timestamp.lower(), "") if proof.timestamp else ""
    if proof.timestamp and not fresh(timestamp, now, proof.seconds_max):
        return False
    before, after = fill(proof.over.replace("{body}", "\0"), {"timestamp": timestamp}).split("\0", 1)
    signature = _signature(secret, before.encode() + body + after.encode(), proof.encoding)
    wanted = fill(proof.value, {"signature": signature, "timestamp": timestamp})
    return hmac.compare_digest(wanted.encode(), headers.get(proof.header.lower(), "").encode("latin-1", "replace"))


def fresh(timestamp: str, now: int, seconds_max: int) -> bool:
    """Return whether seconds since 1970, as text, are about now."""
    return bool(re.fullmatch(r"[0-9]{10}", timestamp)) and abs(int(timestamp) - now) <= seconds_max


def receipts(read: Receipts, query: str, body: bytes) -> list[Said]:
    """Return what a call says of messages. Raises `Unreadable`."""
    text = query if read.form == "query" else body.decode("utf-8", "replace")
    if read.form == "json":
        parsed = _parsed(text)
        found = _at(read.items.pointer or (), parsed) if read.items else parsed
        items = found if isinstance(found, list) else [found]
    else:
        items = [dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))]
    if len(items) > ITEMS_MAX or not all(isinstance(item, dict) for item in items):
        raise Unreadable
    return [_said(read, item) for item in items]


def _said(read: Receipts, item: Any) -> Said:
    own, reference, state, code = (
        (_find(place, "", item) or "") if place else "" for place in (read.id, read.reference, read.state, read.code)
    )
    for name, most in ((own, ID_LENGTH_MAX), (reference, REFERENCE_LENGTH_MAX)):
        if len(name) > most or (name and not _NAME.fullmatch(name)):
            raise Unreadable
    if not own and not reference:
        raise Unreadable
    return Said(own, reference, read.states.get(state), short_code(code or state))


def _signature(secret: str, over: bytes, encoding: str) -> str:
    digest = hmac.new(secret.encode(), over, hashlib.sha256).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def _fits(rule: Rule, status: int, text: str, parsed: Any) -> bool:
    if status not in rule.statuses:
        return False
    if rule.field is None:
        return True
    found = _find(rule.field, text, parsed)
    return found is not None and (rule.among is None or found in rule.among)


def _find(place: Place, text: str, parsed: Any) -> str | None:
    if place.pointer is None:
        found = place.pattern.search(text)
        return found[1] if found else None
    value = _at(place.pointer, parsed)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def _at(pointer: tuple[str, ...], value: Any) -> Any:
    for part in pointer:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    return fill(value, values) if isinstance(value, str) else value
