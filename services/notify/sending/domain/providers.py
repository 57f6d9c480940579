"""What a provider of SMS (短信服务商) wants to be asked and how it answers, as data: one JSON document each. Pure.

A document names no secret, no host and no person: `{secret}` and the other placeholders stand for what the settings and the
notice bring. What it does not know is refused with its place.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.document import Node

PLACEHOLDERS: Final = frozenset(
    ("id", "to", "digits", "text", "subject", "sender", "user", "secret", "receipts", "timestamp", "milliseconds")
)
"""`digits` is the number without its plus; `receipts` our own address for receipts."""
SIGNED: Final = PLACEHOLDERS | {"method", "path", "body"}
WORDS: Final = frozenset({"text", "subject"})
"""What may hold any character: it has no place in a header."""
MEANINGS: Final = ("accepted", "permanent", "temporary", "in_doubt")
QUERY_MEANINGS: Final = ("taken", "never_came", "failed", "in_doubt")
UNDER_WAY: Final = "under_way"
STATES: Final = ("delivered", "failed", UNDER_WAY)
STALE_SECONDS_MAX = 3600
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_NOTHING = re.compile("(?!)()")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in a text: a JSON pointer, or a regular expression whose group it is."""

    pointer: tuple[str, ...] | None
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What an answer means that has one of these statuses, and in `field`, where that is given, one of the values `among`."""

    statuses: frozenset[int]
    field: Place | None
    among: frozenset[str] | None
    means: str
    reference: Place | None
    code: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, all its texts templates, and the meaning of its answers: the first rule that fits; none: it is in doubt."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] | None
    json: Any
    answers: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How requests say who sends them: headers; with `over` an HMAC-SHA256 over it under the secret is `{signature}` in them."""

    over: str | None
    encoding: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How a receipt shows whom it is from: by a secret in its path, or by a header with an HMAC-SHA256 over `over`."""

    over: str | None
    encoding: str
    header: str
    value: str
    timestamp: str | None
    seconds_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """How a receipt is read: as JSON, a form or a query, one or a list of them at `items`; by `id`, `reference` or both."""

    proof: Proof
    form: str
    items: Place | None
    id: Place | None
    reference: Place | None
    state: Place
    code: Place | None
    states: Mapping[str, str]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """All that a document says of a provider."""

    name: str
    signing: Signing | None
    send: Call
    query: Call | None
    receipts: Receipts | None

    def uses(self, name: str) -> bool:
        """Return whether a request shows the placeholder."""
        calls = [self.send, *([self.query] if self.query else [])]
        texts = [text for call in calls for text in _texts((call.path, call.headers, call.query, call.form, call.json))]
        texts += [*self.signing.headers.values(), self.signing.over or ""] if self.signing else []
        return any(f"{{{name}}}" in text for text in texts)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a template with its values; other braces stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def load(document: Any) -> Provider:
    """Return what a parsed document says; raises `DocumentError` with all its faults."""
    return Node.read(document, _provider)


def _provider(root: Node) -> Provider:
    root.keys("id title sign send query receipts")
    root.get("title").text()
    sign, query, receipts = root.maybe("sign"), root.maybe("query"), root.maybe("receipts")
    return Provider(
        name=root.get("id").text(),
        signing=_signing(sign) if sign else None,
        send=_call(root.get("send"), MEANINGS),
        query=_call(query, QUERY_MEANINGS) if query else None,
        receipts=_receipts(receipts) if receipts else None,
    )


def _signing(node: Node) -> Signing:
    node.keys("by over encoding headers")
    signed = node.get("by").choice("headers", "hmac_sha256") == "hmac_sha256"
    if not signed and ("over" in node or "encoding" in node):
        node.refuse("value_wrong", "over and encoding belong to hmac_sha256")
    return Signing(
        over=_template(node.get("over"), SIGNED - {"secret"}) if signed else None,
        encoding=node.get("encoding").choice("hex", "base64") if signed else "hex",
        headers=_headers(node.get("headers"), PLACEHOLDERS | ({"signature"} if signed else frozenset())),
    )


def _call(node: Node, meanings: tuple[str, ...]) -> Call:
    node.keys("method path headers query form json answers")
    headers, query, form, json = (node.maybe(name) for name in ("headers", "query", "form", "json"))
    if form and json:
        node.refuse("value_wrong", "a body is either a form or JSON")
    method = node.get("method").choice("GET", "POST", "PUT")
    if method == "GET" and (form or json):
        node.refuse("value_wrong", "GET has no body")
    path = _template(node.get("path"), PLACEHOLDERS - WORDS)
    if not path.startswith("/") or "?" in path or "#" in path:
        node.get("path").refuse("value_wrong", "a path begins with / and has its query in `query`")
    return Call(
        method=method,
        path=path,
        headers=_headers(headers, PLACEHOLDERS) if headers else {},
        query=_templates(query) if query else {},
        form=_templates(form) if form else None,
        json=_json(json) if json else None,
        answers=tuple(_rule(each, meanings) for each in node.get("answers").items()),
    )


def _rule(node: Node, meanings: tuple[str, ...]) -> Rule:
    node.keys("status field is means reference code")
    field, among, reference, code = (node.maybe(name) for name in ("field", "is", "reference", "code"))
    if among and not field:
        node.refuse("value_wrong", "`is` says what `field` holds")
    return Rule(
        statuses=frozenset(each.whole(100, 599) for each in node.get("status").items()),
        field=_place(field) if field else None,
        among=frozenset(among.texts()) if among else None,
        means=node.get("means").choice(*meanings),
        reference=_place(reference) if reference else None,
        code=_place(code) if code else None,
    )


def _receipts(node: Node) -> Receipts:
    node.keys("proof as items id reference state code states answer")
    items, own, reference, code, answer = (node.maybe(n) for n in ("items", "id", "reference", "code", "answer"))
    if not own and not reference:
        node.refuse("value_wrong", "a receipt is found by `id` or by `reference`")
    return Receipts(
        proof=_proof(node.get("proof")),
        form=node.get("as").choice("json", "form", "query"),
        items=_place(items) if items else None,
        id=_place(own) if own else None,
        reference=_place(reference) if reference else None,
        state=_place(node.get("state")),
        code=_place(code) if code else None,
        states={name: state.choice(*STATES) for name, state in node.get("states").fields()},
        answer=answer.text() if answer else "",
    )


def _proof(node: Node) -> Proof:
    node.keys("by over encoding header value timestamp seconds_max")
    if node.get("by").choice("path", "hmac_sha256") == "path":
        node.keys("by")
        return Proof(over=None, encoding="hex", header="", value="", timestamp=None, seconds_max=0)
    over, value, stamped = (
        _template(node.get("over"), frozenset({"timestamp", "body"})),
        node.maybe("value"),
        "timestamp" in node,
    )
    if stamped != ("{timestamp}" in over):
        node.refuse("value_wrong", "`timestamp` names the header of {timestamp}, which `over` holds")
    if "{body}" not in over:
        node.get("over").refuse("value_wrong", "what does not cover the body proves nothing")
    return Proof(
        over=over,
        encoding=node.get("encoding").choice("hex", "base64"),
        header=node.get("header").text(),
        value=_template(value, frozenset({"signature", "timestamp"})) if value else "{signature}",
        timestamp=node.get("timestamp").text() if stamped else None,
        seconds_max=node.get("seconds_max").whole(1, STALE_SECONDS_MAX) if stamped else 0,
    )


def _place(node: Node) -> Place:
    text = node.text()
    if text.startswith("/"):
        return Place(tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")), _NOTHING)
    try:
        pattern = re.compile(text)
    except re.error as error:
        node.refuse("value_wrong", str(error))
        return Place(None, _NOTHING)
    if pattern.groups != 1:
        node.refuse("value_wrong", "a JSON pointer, or a regular expression with one group")
    return Place(None, pattern)


def _template(node: Node, known: frozenset[str]) -> str:
    text = node.text()
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            node.refuse("name_unknown", f"{{{name}}}; known here: {', '.join(sorted(known))}")
    return text


def _templates(node: Node, known: frozenset[str] = PLACEHOLDERS) -> dict[str, str]:
    return {name: _template(value, known) for name, value in node.fields()}


def _headers(node: Node, known: frozenset[str]) -> dict[str, str]:
    found = _templates(node, known - WORDS)
    for name, value in node.fields():
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[ -~]*", found[name]):
            value.refuse("value_wrong", "a header is visible ASCII")
    return found


def _json(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {name: _json(value) for name, value in node.fields()}
    if isinstance(node.value, list):
        return [_json(value) for value in node.items()]
    return _template(node, PLACEHOLDERS) if isinstance(node.value, str) and node.value else node.value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
