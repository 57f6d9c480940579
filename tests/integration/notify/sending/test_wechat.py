"""A WeChat official account by its published documents: tokens, template messages, their errors, the event at the end."""

import logging
from typing import Any

import pytest

from services.notify.sending.domain import wechat
from services.notify.sending.domain.inbox import Call, WeChatEvents
from services.notify.sending.domain.port import Attempt
from services.notify.sending.domain.wire import Said, Unreadable
from services.notify.sending.gateways.wechat import WeChat, WeChatAccount
from shared.document import DocumentError
from shared.outcalls import Server
from tests.kits.gateways import OPENID, Web, WeChatServer, event, message, serving, signed_query

DOCUMENT: dict[str, Any] = {
    "id": "wechat",
    "title": "ours",
    "templates": {
        "*": {"template_id": "T-any", "data": {"first": "{subject}", "remark": "{short}"}},
        "bill_issued": {"template_id": "T-bill", "data": {"thing1": "{subject}"}},
    },
}
TEMPLATE_SEND, TOKEN = "/cgi-bin/message/template/send", "/cgi-bin/stable_token"


def account(web: Web, *, secret: str = "wechat-secret") -> WeChat:
    made = WeChatAccount(app_id="wx1", secret=secret, shapes=wechat.load(DOCUMENT))
    return WeChat(Server(url=web.url, timeout_seconds=0.5), made)


def letter(**changes: Any) -> Any:
    return message(to=OPENID, **changes)


async def test_a_template_message_is_sent_in_the_template_of_its_kind_and_brings_its_msgid() -> None:
    async with serving(WeChatServer()) as web:
        gateway = account(web)
        assert await gateway.send(letter()) == Attempt("accepted", reference="200228332")
        assert await gateway.send(
            letter(id="n2", template="reminder", link="https://us.example/v1/links/x")
        ) == Attempt("accepted", reference="200228333")
    token, first, second = web.asked
    assert token.path == TOKEN
    assert first.json["template_id"] == "T-bill"
    assert first.json["data"] == {"thing1": {"value": message().subject}}
    assert "url" not in first.json
    assert second.json["template_id"] == "T-any"
    assert second.json["url"] == "https://us.example/v1/links/x"
    assert len({asked.json["client_msg_id"] for asked in (first, second)}) == 2
    assert all(len(asked.json["client_msg_id"]) <= 32 for asked in (first, second))


async def test_a_token_that_has_ended_is_asked_for_again_and_the_message_goes_out() -> None:
    server = WeChatServer()
    async with serving(server) as web:
        gateway = account(web)
        await gateway.send(letter())
        server.expire()
        assert (await gateway.send(letter(id="n2"))).result == "accepted"
        assert (await gateway.send(letter(id="n3"))).result == "accepted"
    assert server.tokens == 2
    assert [asked.path for asked in web.asked].count(TOKEN) == 2


async def test_a_token_that_is_never_taken_is_no_endless_loop() -> None:
    def refusing(asked: Any) -> Any:
        server.expire() if asked.path == TEMPLATE_SEND else None
        return server(asked)

    server = WeChatServer()
    async with serving(refusing) as web:
        assert await account(web).send(letter()) == Attempt("temporary", "wechat.42001")
    assert len(web.asked) == 4


@pytest.mark.parametrize(
    ("change", "ended"),
    [
        ({"followers": set()}, Attempt("permanent", "wechat.40003")),
        ({"unsubscribed": {OPENID}}, Attempt("permanent", "wechat.43004")),
        ({"left": 0}, Attempt("temporary", "wechat.45009")),
        ({"app_id": "other"}, Attempt("temporary", "wechat.token.40013")),
        ({"secret": "other"}, Attempt("temporary", "wechat.token.40125")),
        ({"faults": ["silent"]}, Attempt("in_doubt", "wechat.timeout")),
        ({"faults": ["drop"]}, Attempt("in_doubt", "wechat.connection_lost")),
    ],
)
async def test_an_error_is_final_only_where_it_is_of_this_person(change: dict[str, Any], ended: Attempt) -> None:
    async with serving(WeChatServer(**change)) as web:
        assert await account(web).send(letter()) == ended


async def test_a_message_in_doubt_that_is_sent_again_is_taken_once() -> None:
    server = WeChatServer(faults=["drop"])
    async with serving(server) as web:
        gateway = account(web)
        assert (await gateway.send(letter())).result == "in_doubt"
        assert await gateway.send(letter(again=True)) == Attempt("accepted", reference="200228332")
    assert len(server.taken) == 1


async def test_no_openid_and_no_secret_is_in_a_log_line_or_a_code(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(WeChatServer(followers=set())) as web:
        ended = await account(web).send(letter())
    assert not [text for text in (OPENID, "wechat-secret", "token-1") if text in caplog.text + str(ended)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"secret": "x"}, "/secret"),
        ({"templates": {}}, "/templates/*"),
        ({"templates": {"*": {"template_id": "T", "data": {"first": "{name}"}}}}, "/templates/*/data/first"),
        ({"templates": {"*": {"template_id": "T", "data": {}, "url": "x"}}}, "/templates/*/url"),
    ],
)
def test_templates_that_cannot_be_used_are_refused_with_their_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(DocumentError) as refused:
        wechat.load(DOCUMENT | change)
    assert place in [fault.pointer for fault in refused.value.faults]


def call(query: dict[str, str], body: bytes = b"", method: str = "POST", now: int = 1769994000) -> Call:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return Call(method=method, secret="", headers={}, query=text, body=body, now=now)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("success", Said("", "200228332", "delivered", "")),
        ("failed:user block", Said("", "200228332", "failed", "user_block")),
        ("failed: system failed", Said("", "200228332", "failed", "system_failed")),
        ("failed: of another sort", Said("", "200228332", "failed", "not_delivered")),
    ],
)
def test_the_event_at_the_end_says_what_became_of_a_message(status: str, said: Said) -> None:
    signed = call(signed_query("tok", 1769994000), event(200228332, status))
    assert WeChatEvents("tok").proved(signed)
    assert WeChatEvents("tok").read(signed) == [said]
    assert WeChatEvents("tok").answer(signed) == "success"


def test_another_event_says_nothing_of_a_message() -> None:
    assert WeChatEvents("tok").read(call({}, event(1, kind="subscribe"))) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml></xml>",
        event(1).replace(b"<MsgID>1</MsgID>", b""),
        event(1) + event(2),
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml>&a;</xml>',
    ],
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        WeChatEvents("tok").read(call({}, body))


def test_a_call_that_wechat_has_not_signed_is_not_proved() -> None:
    inbox, query = WeChatEvents("tok"), signed_query("tok", 1769994000)
    assert not inbox.proved(call(signed_query("other", 1769994000)))
    assert not inbox.proved(call(query | {"nonce": "n2"}))
    assert not inbox.proved(call(query, now=1769994301)), "an old one is not taken again"
    assert not inbox.proved(call({}))
    assert not inbox.proved(call(query | {"timestamp": "soon"}))


def test_wechat_checks_an_address_by_a_text_that_it_gets_back() -> None:
    given = call(signed_query("tok", 1769994000) | {"echostr": "5836258396034527"}, method="GET")
    assert WeChatEvents("tok").proved(given)
    assert (WeChatEvents("tok").read(given), WeChatEvents("tok").answer(given)) == ([], "5836258396034527")
    odd = call(signed_query("tok", 1769994000) | {"echostr": "%3Cscript%3E"}, method="GET")
    assert WeChatEvents("tok").answer(odd) == "success"
