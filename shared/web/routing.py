"""Routes that declare who may call them."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import BusinessError
from shared.web import errors, openapi, refusals
from shared.web.admission import PLACE
from shared.web.auth import NOBODY, Policy
from shared.web.errors import Problem
from shared.web.state import Web

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def nul_character() -> Problem:
    return Problem(status=400, code="request.nul_character", title="A text holds the character U+0000")


class Json(Response):
    """A JSON response by orjson: return it from a hot route with content that is JSON already."""

    media_type = "application/json"
    refused: Mapping[str, int] = MappingProxyType({})
    """How many items of a batch were refused, by code."""

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


class JsonRequest(Request):
    """A request whose JSON is read by orjson, and whose texts hold no NUL, which PostgreSQL cannot store."""

    async def json(self) -> Any:
        body = await self.body()
        if b"\\u0000" in body:
            raise nul_character()
        return orjson.loads(body)


class Route(APIRoute):
    """A route that checks its policy before it reads the body."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        policy: Policy,
        raises: Sequence[type[BusinessError]] = (),
        media_types: Sequence[str] = (),
        seconds_max: float | None = None,
        heavy: bool = False,
        any_query: bool = False,
        **options: Any,
    ) -> None:
        if not isinstance(policy, Policy):
            raise TypeError(f"the route {path} declares no policy")
        self.policy = policy
        self.media_types = tuple(media_types)
        self.seconds_max = seconds_max
        self.heavy = heavy
        self.any_query = any_query
        super().__init__(path, endpoint, **options)
        has_body = self.body_field is not None or bool(media_types)
        self.responses = openapi.problems(policy, has_body=has_body, raises=raises) | self.responses
        if security := policy.openapi():
            self.openapi_extra = {"security": security} | (self.openapi_extra or {})

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        policy, media_types, seconds_max, heavy = self.policy, self.media_types, self.seconds_max, self.heavy
        any_query = self.any_query
        has_body = self.body_field is not None or bool(media_types)
        parameters = frozenset(_query_names(self.dependant))
        template = self.path_format

        async def told(request: Request) -> Response:
            request.state.caller = NOBODY
            try:
                response = await checked(request)
            except Exception as error:
                status, code = errors.refusal(error)
                if 400 <= status < 500:
                    refusals.tell(request.method, template, request.state.caller, status, code)
                raise
            if codes := getattr(response, "refused", None):
                refusals.tell_items(request.method, template, request.state.caller, codes)
            return response

        async def checked(request: Request) -> Response:
            request = JsonRequest(request.scope, request.receive, request._send)
            web: Web = request.app.state.web
            async with asyncio.timeout(seconds_max or web.settings.request_seconds_max):
                request.state.caller = caller = await policy.check(request, web.authenticator)
                web.rates.pay(caller)
                if heavy and (place := request.scope[PLACE]):
                    place.grow()
                if b"%00" in request.scope["query_string"] or "\0" in request.scope["path"]:
                    raise nul_character()
                if request.scope["query_string"] and not any_query:
                    _check_query(request.scope["query_string"], parameters)
                if has_body:
                    _check_media_type(request, media_types)
                elif await _has_content(request):
                    raise Problem(status=400, code="request.body_not_taken", title="This route takes no body")
                return await handle(request)

        return told


def _query_names(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _query_names(inner)


def _check_query(query: bytes, known: Collection[str]) -> None:
    """Refuse what would be ignored: a mistyped filter, one without a value, or one of two, would answer with everything."""
    seen: set[str] = set()
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise _bad_query(
                "request.unknown_parameter", "The query has a parameter that this route does not know", names
            )
        if name in seen:
            raise _bad_query("request.repeated_parameter", "The query has a parameter twice", name)
        if not value:
            raise _bad_query("request.empty_parameter", "The query has a parameter without a value", name)
        seen.add(name)


def _bad_query(code: str, title: str, detail: str) -> Problem:
    return Problem(status=400, code=code, title=title, detail=detail)


def _check_media_type(request: Request, media_types: Sequence[str]) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given == "application/json" or given in media_types:
        return
    if not given and request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return  # no body at all: validation says what is missing
    raise Problem(
        status=415,
        code="request.unsupported_media_type",
        title="The body's media type is not one that this route reads",
    )


async def _has_content(request: Request) -> bool:
    if "transfer-encoding" in request.headers:
        return bool(await request.body())
    return request.headers.get("content-length", "0") != "0"


class Router:
    """Collects the routes of one part of a service; `create_app` adds them.

    Every method takes FastAPI's route options and: `policy`, who may call; `raises`, the business errors that OpenAPI shall
    name; `media_types`, what the body may be where it is not JSON; `seconds_max`, where the usual time-out is too short; `heavy`,
    where a small body makes the work of a batch, to be shed as one; `any_query`, where a caller that is not ours decides what the
    query holds; `example`, a JSON body that an integrator can start from.
    """

    def __init__(self, prefix: str = "", tags: Sequence[str] = ()) -> None:
        self.prefix = prefix
        self.tags = list(tags)
        self.routes: list[Route] = []

    def get(self, path: str, *, policy: Policy, **options: Any) -> Callable[[Endpoint], Endpoint]:
        return self._route("GET", path, policy, options)

    def post(self, path: str, *, policy: Policy, **options: Any) -> Callable[[Endpoint], Endpoint]:
        return self._route("POST", path, policy, options)

    def put(self, path: str, *, policy: Policy, **options: Any) -> Callable[[Endpoint], Endpoint]:
        return self._route("PUT", path, policy, options)

    def delete(self, path: str, *, policy: Policy, **options: Any) -> Callable[[Endpoint], Endpoint]:
        return self._route("DELETE", path, policy, options)

    def _route(self, method: str, path: str, policy: Policy, options: dict[str, Any]) -> Callable[[Endpoint], Endpoint]:
        def register(endpoint: Endpoint) -> Endpoint:
            if "example" in options:
                content = {"application/json": {"example": options.pop("example")}}
                options["openapi_extra"] = {"requestBody": {"content": content}}
            # FastAPI's own default for the model is the annotation of the return value
            options.setdefault("response_model", _returned(endpoint))
            options.setdefault("tags", self.tags)
            self.routes.append(Route(self.prefix + path, endpoint, policy=policy, methods=[method], **options))
            return endpoint

        return register


def _returned(endpoint: Callable[..., Any]) -> Any:
    annotation = endpoint.__annotations__.get("return")
    is_response = isinstance(annotation, type) and issubclass(annotation, Response)
    return None if is_response else annotation


def add(app: FastAPI, routers: Iterable[Router]) -> None:
    """Add the routes to the app, flat: nested routers would match every request once per level."""
    for router in routers:
        app.router.routes.extend(router.routes)


def policies(app: FastAPI) -> list[tuple[str, str, Policy]]:
    """Return (method, path, policy) of every route; raises for a route that declares none."""
    found: list[tuple[str, str, Policy]] = []
    for route in app.router.routes:
        if not isinstance(route, Route):
            raise TypeError(f"the route {getattr(route, 'path', route)!r} declares no policy")
        found.extend((method, route.path, route.policy) for method in sorted(route.methods or ()))
    return found
