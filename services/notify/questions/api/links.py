"""The pages by which a customer answers: whoever has the link may, once. Looking answers nothing: mail scanners follow links.

No line of a log, metric or refusal holds a token: they name the route by its template.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

from fastapi import Query
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.notify import context
from services.notify.context import Context
from services.notify.questions.domain import pages
from services.notify.questions.domain.links import token_hash
from services.notify.questions.domain.pages import Entry
from services.notify.questions.domain.states import ANSWERED, OPEN
from services.notify.questions.store import links, questions
from services.notify.questions.use_cases import answering
from services.notify.questions.use_cases.answering import Given
from services.notify.templates.domain import Template, render
from shared.errors import BusinessError
from shared.web import auth, refusals
from shared.web.rates import network
from shared.web.routing import Router
from shared.web.state import Current, Web

router = Router(prefix="/v1/links", tags=["notify"])
BEARER = auth.public(
    "who has the link that was sent to a customer may answer one question by it, and sees nothing else"
)
ROUTE = "/v1/links/{token}"
FORM = "application/x-www-form-urlencoded"
FORM_BYTES_MAX = 4096  # an answer is a code, with some figures of a meter at most; what is longer is none
FIGURE = "figure."
"""What the names of the figures in a form begin with."""
STATUS = {"open": 200, "answered": 200, "already_answered": 409, "expired": 410, "withdrawn": 410}
STILL: Final[Mapping[str, str]] = MappingProxyType({"answered": "answered_still", "expired": "expired_still"})
"""What a page says where an answer is taken still that overrules the one that there is, or comes after the last day."""
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
Language = Annotated[Literal["zh", "en"] | None, Query(description="None: that of the contact.")]


def _html(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


def _either(description: str) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}, **problem}}


PAGES: dict[int | str, dict[str, Any]] = {
    200: _html("The question, or what was answered"),
    404: _either("No such link"),
    410: _html("The question has expired, or was withdrawn"),
}
ANSWER_PAGES: dict[int | str, dict[str, Any]] = {
    **PAGES,
    409: _html("There is another answer already"),
    422: _either("The question has no such answer, or a figure is none: the page says which"),
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["answer"],
                    "properties": {"answer": {"type": "string"}},
                    "patternProperties": {r"^figure\.": {"type": "string"}},
                },
                "example": {"answer": "yes"},
            }
        },
    }
}


@router.get("/{token}", policy=BEARER, response_class=HTMLResponse, responses=PAGES)
async def show_link(
    token: str, request: Request, web: Current, own: context.Own, lang: Language = None
) -> HTMLResponse:
    """Show the question of a link with its answers, or how it was answered. Nothing is answered by looking."""
    row = await _find(token, request, web, own)
    if row is None:
        return _unknown()
    return _page(row, own, lang, _standing(row, own.today()))


@router.post(
    "/{token}",
    policy=BEARER,
    media_types=(FORM,),
    openapi_extra=BODY,
    response_class=HTMLResponse,
    responses=ANSWER_PAGES,
)
async def answer_link(
    token: str, request: Request, web: Current, own: context.Own, lang: Language = None
) -> HTMLResponse:
    """Answer the question of a link, once; the same answer again shows the same page."""
    row = await _find(token, request, web, own)
    if row is None:
        refusals.tell(request.method, ROUTE, auth.NOBODY, 404, "link.unknown")
        return _unknown()
    answer, typed = _said(await request.body())
    given = Given(
        answer=answer,
        figures=typed,
        answered_on=max(own.today(), row.asked_on),  # what is asked for tomorrow may be told today
        way="link",
        notice_id=row.link_notice_id,
    )
    refusal: BusinessError | None = None
    try:
        async with web.database.begin() as tx:
            await answering.answer(tx, row.question_id, given, own.catalogue.kinds)
    except answering.REFUSALS as error:
        refusal = error
    async with web.database.view() as view:
        row = await links.find(view, token_hash(token))
    assert row is not None
    standing = _standing(row, own.today())
    if refusal is None:
        return _page(row, own, lang, standing)
    if standing == ANSWERED:
        standing = "already_answered"
    if standing == OPEN:
        faults = refusal.wrong if isinstance(refusal, answering.BadFigures) else {}
        page = _page(row, own, lang, standing, typed=typed, faults=faults, status=422)
    else:
        page = _page(row, own, lang, standing, status=STATUS[standing])
    refusals.tell(request.method, ROUTE, auth.NOBODY, page.status_code, refusal.code)
    return page


async def _find(token: str, request: Request, web: Web, own: Context) -> Row[Any] | None:
    """Return the link with its question; who comes with one that nobody knows is a stranger who guesses."""
    hashed = token_hash(token)
    own.link_rate.check(hashed)
    own.link_rate.charge(hashed)
    async with web.database.view() as view:
        row = await links.find(view, hashed)
    if row is None and request.client is not None:
        web.rates.strangers.charge(network(request.client.host))
    return row


def _standing(question: Row[Any], today: date) -> str:
    """Return how a question stands: past its last day it is no longer open, whenever the job comes that says so."""
    return "expired" if question.state == OPEN and today > question.answer_by else str(question.state)


def _said(body: bytes) -> tuple[str, dict[str, str]]:
    """Return the answer in the body of a form, and its figures by name; empty where there is none, or more than one."""
    if len(body) > FORM_BYTES_MAX:
        return "", {}
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    once = {name: values[0] for name, values in fields.items() if len(values) == 1}
    figures = {name.removeprefix(FIGURE): value for name, value in once.items() if name.startswith(FIGURE)}
    return once.get("answer", ""), figures


def _page(
    row: Row[Any],
    own: Context,
    lang: str | None,
    standing: str,
    *,
    typed: Mapping[str, str] = NOTHING,
    faults: Mapping[str, str] = NOTHING,
    status: int | None = None,
) -> HTMLResponse:
    language = lang or row.language
    template = own.catalogue.on(row.template, row.day)
    text = render(template, language, answering.shown(row))
    figures = {
        "answer_by": row.answer_by.isoformat(),
        "closed_on": row.closed_on.isoformat() if row.closed_on else "",
        "answer": _words(template, language, "answer", row.answer or ""),
    }
    still = answering.overruling(row, own.catalogue.kinds) if standing in STILL else []
    offered = answering.answers(row) if standing == OPEN else still
    asked = questions.asked(row)
    if standing == OPEN and asked:
        said = "bad_figures" if faults else "open_figures"
    else:
        said = STILL[standing] if still else standing
    values = typed if standing == OPEN else questions.given(row)
    content = pages.page(
        language=language,
        title=text.subject,
        text=text.body,
        message=pages.said(language, said, figures),
        answers=[(code, _words(template, language, "answer", code)) for code in offered],
        entries=[
            Entry(
                asked=each,
                label=_words(template, language, "figure", each.name),
                value=values.get(each.name, "")[: pages.VALUE_LENGTH_MAX],
                fault=faults.get(each.name),
            )
            for each in asked
        ],
    )
    return HTMLResponse(content, status or (200 if still else STATUS[standing]), dict(pages.HEADERS))


def _words(template: Template, language: str, figure: str, code: str) -> str:
    """Return an answer, or a figure that is asked for, in the words of the template."""
    words = template.texts[language].words[figure]
    return words.get(code, words["*"]).format_map({figure: code})


def _unknown() -> HTMLResponse:
    return HTMLResponse(pages.unknown(), 404, dict(pages.HEADERS))
