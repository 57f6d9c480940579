"""Errors over HTTP: RFC 9457 problem documents with stable codes, and never the text of an exception.

`type` is `urn:wattline:problem:<code>`; `code` is what clients compare. Values that a caller sent are not repeated, because
they may be personal data.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from shared import correlation
from shared.db import access
from shared.db.transient import is_transient
from shared.errors import BusinessError

__all__ = ["BusinessError", "Problem"]

MEDIA_TYPE = "application/problem+json"
FINDINGS_MAX = 100  # a batch of 500 broken items needs no more to be understood
RETRY_AFTER_SECONDS = 1
AWAY_SECONDS = 10  # a database that is restarted, or whose standby takes over, takes about as long
CODE_OF_STATUS = {
    400: "request.malformed",
    404: "request.unknown_route",
    405: "request.method_not_allowed",
    413: "request.body_too_large",
    415: "request.unsupported_media_type",
    500: "internal_error",
}

logger = logging.getLogger(__name__)


class Problem(HTTPException):
    """A refusal by the web layer itself; business code raises a `BusinessError`."""

    def __init__(
        self, *, status: int, code: str, title: str, detail: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.title = title


def not_found(kind: str) -> Problem:
    """Return the problem of an object that is not there, or that the caller may not see: the two look the same."""
    return Problem(status=404, code=f"{kind}.unknown", title=f"There is no such {kind}")


def response(
    status: int,
    code: str,
    title: str,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    form: str = "",
) -> Response:
    """Return the problem document as a response."""
    document: dict[str, Any] = {"type": f"urn:wattline:problem:{code}", "title": title, "status": status, "code": code}
    if detail:
        document["detail"] = detail
    if errors:
        document["errors"] = errors
    if form:
        document["form"] = form
    if current := correlation.current():
        document["correlation_id"] = current
    if status == 401:
        headers = {
            "WWW-Authenticate": 'Bearer realm="wattline"',
            **(headers or {}),
        }  # RFC 9110 §11.6.1: every 401 has it
    return Response(orjson.dumps(document), status, headers, MEDIA_TYPE)


def internal_error() -> Response:
    return response(500, CODE_OF_STATUS[500], "An internal error; the correlation id finds it in the logs")


def busy(code: str, title: str, *, seconds: int = RETRY_AFTER_SECONDS) -> Response:
    return response(503, code, title, headers={"Retry-After": str(seconds)})


def response_of(problem: Problem) -> Response:
    return response(problem.status_code, problem.code, problem.title, problem.detail, headers=problem.headers)


def cut_off() -> Response:
    return response(400, "request.cut_off", "The caller went away before its body was complete")


def stopped(scope: Mapping[str, Any]) -> Response:
    """Return the answer to a request whose work is cut because the service ends, and log that it was."""
    logger.warning("request.stopped", extra=_where(scope))
    return busy("request.stopped", "The service is being stopped; whether the request was applied is not known")


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document."""
    handlers: dict[Any, Callable[[Request, Any], Awaitable[Response]]] = {
        HTTPException: _http_exception,
        BusinessError: _business_error,
        RequestValidationError: _validation_error,
        DBAPIError: _database_error,
        PoolTimeout: _pool_timeout,
        TimeoutError: _timeout,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def refusal(error: Exception) -> tuple[int, str]:
    """Return the status and code of the answer to an error that has a handler here; 500 for any other."""
    if isinstance(error, Problem | BusinessError):
        return (error.status_code if isinstance(error, Problem) else error.status), error.code
    if isinstance(error, HTTPException):
        return error.status_code, CODE_OF_STATUS.get(error.status_code, "request.refused")
    if isinstance(error, RequestValidationError):
        found = error.errors()
        is_json = not found or found[0]["type"] != "json_invalid"
        return (422, "request.invalid") if is_json else (400, "request.malformed_json")
    return 500, CODE_OF_STATUS[500]


async def _http_exception(request: Request, error: HTTPException) -> Response:
    if isinstance(error, Problem):
        return response_of(error)
    status, code = refusal(error)
    headers = dict(error.headers or {})
    if status == 405:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    return response(status, code, HTTPStatus(status).phrase, headers=headers)


def _allowed_methods(request: Request) -> list[str]:
    scope = dict(request.scope)
    matching = (route for route in request.app.router.routes if route.matches(scope)[0] is not Match.NONE)
    return sorted({method for route in matching for method in route.methods or ()})


async def _business_error(_request: Request, error: BusinessError) -> Response:
    return response(error.status, error.code, error.title, error.detail, errors=error.faults, form=error.form)


async def _validation_error(_request: Request, error: RequestValidationError) -> Response:
    status, code = refusal(error)
    if status == 400:
        return response(status, code, "The body is not JSON")
    found = error.errors()[:FINDINGS_MAX]
    errors = [{"pointer": _pointer(e["loc"]), "code": e["type"], "message": _message(e)} for e in found]
    return response(status, code, "The request does not fit its schema", errors=errors)


def _pointer(location: Sequence[str | int]) -> str:
    """Return where the fault is: the part of the request, then a JSON pointer (RFC 6901) into it."""
    part, *rest = [str(step).replace("~", "~0").replace("/", "~1") for step in location] or ["body"]
    return "/".join([part, *rest])


def _message(error: Mapping[str, Any]) -> str:
    # pydantic's own texts name the rule; a validator's own text might name the value
    return "the value is not allowed here" if error["type"] in {"value_error", "assertion_error"} else str(error["msg"])


async def _database_error(request: Request, error: DBAPIError) -> Response:
    if is_transient(error):
        return busy("database.busy", "The database is busy; try again")
    log_unhandled(request.scope, error)
    return internal_error()


def unexpected(scope: Mapping[str, Any], error: Exception) -> Response:
    """Return the answer where nobody expected an error: the caller learns nothing but the correlation id.

    A server that is away (its connection refused, or itself starting up) is expected all the same, and comes back.
    """
    if is_transient(error):
        logger.warning(
            "request.server_away", extra={"error": access.reason(error) or type(error).__name__, "repeats": True}
        )
        return busy("database.away", "The database does not answer; try again", seconds=AWAY_SECONDS)
    log_unhandled(scope, error)
    return internal_error()


async def _pool_timeout(_request: Request, _error: PoolTimeout) -> Response:
    return busy("database.busy", "The database is busy; try again")


async def _timeout(_request: Request, _error: TimeoutError) -> Response:
    return busy("request.timed_out", "The request took too long; whether it was applied is not known")


def log_unhandled(scope: Mapping[str, Any], error: BaseException) -> None:
    """Log an error that nobody expected: route, class and stack, never its text."""
    logger.error("request.failed", extra=_where(scope), exc_info=error)


def _where(scope: Mapping[str, Any]) -> dict[str, object]:
    return {"route": getattr(scope.get("route"), "path_format", ""), "method": scope["method"]}
