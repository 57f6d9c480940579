"""The web side of every service: `web.create_app`, `web.Router`, and the modules auth, errors, idempotency, pagination."""

from shared.web.app import App, create_app
from shared.web.routing import Json, Route, Router, policies
from shared.web.state import ControlTotals, Db, Gauges, Tracer, Web

__all__ = [
    "App",
    "ControlTotals",
    "Db",
    "Gauges",
    "Json",
    "Route",
    "Router",
    "Tracer",
    "Web",
    "create_app",
    "policies",
]
