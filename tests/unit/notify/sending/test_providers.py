"""A provider of SMS is a document: what it asks, what its answers and receipts mean, and what is refused in it."""

import copy
import hashlib
import hmac
import json
from typing import Any

import pytest

from services.notify.sending.domain import providers, wire
from services.notify.sending.domain.wire import Meaning, Said, Unreadable
from services.notify.settings import NotifySettings
from shared.document import DocumentError

FOLDER = NotifySettings.model_fields["sms_provider"].default.parent
NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))
VALUES = {
    "id": "n1",
    "to": "+8613800138000",
    "digits": "8613800138000",
    "text": "应缴 100.01 元 & {more}%",
    "subject": "账单",
    "sender": "95598",
    "user": "me",
    "secret": "s3cret",
    "receipts": "https://us.example/v1/receipts/sms/xyz",
    "timestamp": "1769994000",
    "milliseconds": "1769994000000",
}


def document(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def provider(name: str) -> providers.Provider:
    return providers.load(document(name))


def changed(name: str, pointer: str, value: Any) -> Any:
    made = copy.deepcopy(document(name))
    *way, last = pointer.removeprefix("/").split("/")
    place = made
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[last] = value
    return made


@pytest.mark.parametrize("name", NAMES)
def test_the_documents_that_ship_are_whole_and_hold_no_secret_and_no_host(name: str) -> None:
    assert provider(name).name == name
    text = json.dumps(document(name))
    assert "http" not in text.replace('"callbackUrl"', "")


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/proxy", "x"),
        ("/send/url", "https://other.example"),
        ("/send/answers/0/then", "final"),
        ("/sign/key", "s3cret"),
        ("/receipts/phone", "/mobile"),
        ("/receipts/proof/key", "s3cret"),
        ("/send/json/to", "{phone}"),
        ("/send/headers", {"X-Text": "{text}"}),
        ("/send/headers", {"X-A": "a\r\nX-B: c"}),
        ("/send/path", "messages"),
        ("/send/path", "/messages?to={to}"),
        ("/send/path", "/messages/{text}"),
        ("/send/method", "DELETE"),
        ("/send/answers/0/status", [99]),
        ("/send/answers/0/means", "delivered"),
        ("/query/answers/0/means", "accepted"),
        ("/send/answers/0/reference", "^no group$"),
        ("/send/answers/0/reference", "^(broken"),
        ("/receipts/states/failed", "lost"),
        ("/receipts/proof/over", "{timestamp}"),
        ("/receipts/proof/timestamp", None),
        ("/sign/over", "{secret}{body}"),
    ],
)
def test_what_a_document_may_not_say_is_refused_with_its_place(pointer: str, value: Any) -> None:
    with pytest.raises(DocumentError) as refused:
        providers.load(changed("wattline", pointer, value))
    places = [fault.pointer for fault in refused.value.faults]
    assert any(place.startswith(pointer) or pointer.startswith(place) for place in places), places


def test_our_own_contract_signs_what_it_asks() -> None:
    own = provider("wattline")
    asked = wire.request(own.send, own.signing, VALUES)
    assert (asked.method, asked.target) == ("PUT", "/messages/n1")
    assert json.loads(asked.body) == {"to": VALUES["to"], "text": VALUES["text"], "sender": "95598"}
    over = b"1769994000.PUT./messages/n1." + asked.body
    assert asked.headers["X-Signature"] == hmac.new(b"s3cret", over, hashlib.sha256).hexdigest()
    assert "s3cret" not in str(asked.headers)
    assert VALUES["to"] not in repr(asked)


def test_a_value_cannot_leave_its_place_in_a_path_a_query_or_a_form() -> None:
    text = {**VALUES, "id": "../x?y#z", "text": "a&to=b c\r\n%00"}
    own = provider("wattline")
    assert wire.request(own.send, None, text).target == "/messages/..%2Fx%3Fy%23z"
    target = wire.request(provider("kannel").send, None, text).target
    assert "text=a%26to%3Db%20c%0D%0A%2500" in target
    form = changed("wattline", "/send/json", None)
    form["send"]["form"] = {"text": "{text}"}
    assert wire.request(providers.load(form).send, None, text).body == b"text=a%26to%3Db+c%0D%0A%2500"


@pytest.mark.parametrize(
    ("name", "status", "body", "meant"),
    [
        ("wattline", 202, b'{"reference": "r-1"}', Meaning("accepted", "r-1", "202")),
        ("wattline", 202, b"{}", Meaning("in_doubt", "", "202")),
        ("wattline", 202, b"[" * 5000, Meaning("in_doubt", "", "202")),
        ("wattline", 422, b'{"code": "to.unknown"}', Meaning("permanent", "", "to.unknown")),
        ("wattline", 422, b'{"code": "no such number 13800138000"}', Meaning("permanent", "", "422")),
        ("wattline", 422, b'{"code": "13800138000"}', Meaning("permanent", "", "422")),
        ("wattline", 503, b"", Meaning("temporary", "", "503")),
        ("wattline", 302, b"", Meaning("in_doubt", "", "302")),
        ("wattline", 500, b"", Meaning("in_doubt", "", "500")),
        ("kannel", 202, b"0: Accepted for delivery", Meaning("accepted", "", "202")),
        ("kannel", 202, b"3: Queued for later delivery", Meaning("accepted", "", "202")),
        ("kannel", 403, b"Authorization failed for sendsms", Meaning("temporary", "", "403")),
        ("json_account", 200, b'{"code": "0", "msgId": "1704"}', Meaning("accepted", "1704", "200")),
        ("json_account", 200, b'{"code": "107", "errorMsg": "x"}', Meaning("permanent", "", "107")),
        ("json_account", 200, b'{"code": "102"}', Meaning("temporary", "", "102")),
        ("json_account", 502, b"", Meaning("in_doubt", "", "502")),
    ],
)
def test_an_answer_means_what_the_first_rule_that_fits_says_and_else_nobody_knows(
    name: str, status: int, body: bytes, meant: Meaning
) -> None:
    assert wire.meaning(provider(name).send, status, body) == meant


def test_receipts_of_our_own_contract_are_a_signed_list() -> None:
    read = provider("wattline").receipts
    assert read is not None
    body = b'{"receipts": [{"id": "n1", "state": "delivered"}, {"reference": "r2", "state": "failed", "code": "E7"}]}'
    assert wire.receipts(read, "", body) == [Said("n1", "", "delivered", "delivered"), Said("", "r2", "failed", "E7")]
    headers = {
        "x-timestamp": "1769994000",
        "x-signature": hmac.new(b"s3cret", b"1769994000." + body, hashlib.sha256).hexdigest(),
    }
    assert wire.proved(read.proof, "s3cret", headers, body, 1769994100)
    assert not wire.proved(read.proof, "s3cret", headers, body, 1769994301), "an old one is not taken again"
    assert not wire.proved(read.proof, "s3cret", headers, body + b" ", 1769994100)
    assert not wire.proved(read.proof, "other", headers, body, 1769994100)
    assert not wire.proved(read.proof, "s3cret", {}, body, 1769994100)


def test_receipts_by_query_name_our_id_and_a_state_that_is_not_known_says_so() -> None:
    read = provider("kannel").receipts
    assert read is not None
    assert wire.receipts(read, "id=n1.2&state=1", b"") == [Said("n1.2", "", "delivered", "1")]
    assert wire.receipts(read, "id=n1.2&state=16", b"") == [Said("n1.2", "", "failed", "16")]
    assert wire.receipts(read, "id=n1.2&state=99", b"") == [Said("n1.2", "", None, "99")]


@pytest.mark.parametrize("query", ["", "state=1", "id=&state=1", f"id={'n' * 81}&state=1", "id=n%201&state=1"])
def test_a_receipt_of_nothing_is_none(query: str) -> None:
    read = provider("kannel").receipts
    assert read is not None
    with pytest.raises(Unreadable):
        wire.receipts(read, query, b"")


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'{"receipts": [[]]}', b'{"receipts": null}', b"[" * 100_000])
def test_a_body_that_is_no_list_of_receipts_is_none(body: bytes) -> None:
    read = provider("wattline").receipts
    assert read is not None
    with pytest.raises(Unreadable):
        wire.receipts(read, "", body)
