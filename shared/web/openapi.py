"""What OpenAPI says about every route beside its own schema: problem documents and security schemes."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from shared.errors import BusinessError
from shared.web.auth import Policy

PROBLEM_SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem document; `code` is stable and what clients compare",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "examples": ["request.invalid"]},
        "detail": {"type": "string"},
        "correlation_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "message")},
            },
        },
    },
}
SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "channel": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Channel-Signature",
        "description": "HMAC-SHA256 of the body under the channel's secret, in hex.",
    },
    "device": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": (
            'WATTLINE-HMAC-SHA256 device="…",timestamp="…",nonce="…",signature="…". The timestamp is in whole seconds since '
            "1970; a nonce has 16 to 64 letters, digits, - and _ and is used once; the signature is, in hex, the HMAC-SHA256 "
            "under the device's key of these five, joined by newlines: method, path with query, SHA-256 of the body in hex, "
            "timestamp, nonce. `wattline device-key DEVICE_ID` prints the key, in hex."
        ),
    },
}
ALWAYS = (400, 404, 405, 422, 429, 500, 503)
OF_A_BODY = (408, 413, 415)
OF_A_CALLER = (401, 403)
TOLD_WHEN = (429, 503)
RETRY_AFTER = "Seconds after which it may be sent again; what came sooner would be refused again."


def problems(
    policy: Policy, *, has_body: bool, raises: Sequence[type[BusinessError]] = ()
) -> dict[int | str, dict[str, Any]]:
    """Return the documented problem responses of a route."""
    codes: dict[int, list[str]] = {status: [] for status in ALWAYS}
    if has_body:
        codes.update({status: [] for status in OF_A_BODY})
    if policy.openapi():
        codes.update({status: [] for status in OF_A_CALLER})
    for error in raises:
        codes.setdefault(error.status, []).append(f"`{error.code}`: {error.title}")
    return {status: _problem(status, texts) for status, texts in sorted(codes.items())}


def _problem(status: int, texts: Sequence[str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "description": "; ".join(texts) or HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in TOLD_WHEN:
        document["headers"] = {"Retry-After": {"description": RETRY_AFTER, "schema": {"type": "integer", "minimum": 1}}}
    return document


def complete(document: dict[str, Any]) -> Mapping[str, Any]:
    """Add the shared schemas that the routes refer to."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components["securitySchemes"] = SECURITY_SCHEMES
    return document
