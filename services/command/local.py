"""What the command knows of the installation that it runs in: settings, services, tokens."""

import importlib
import importlib.util
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import jwt

from shared import settings as settings_module
from shared.bus.ports import EventLog
from shared.service import Service
from shared.settings import Settings, SettingsError
from shared.web import auth, scopes

TOKEN = "WATTLINE_TOKEN"
SIGNING_KEY_FILE = "WATTLINE_TOKEN_SIGNING_KEY_FILE"
TOKEN_SECONDS = 900
OPERATOR = "operator"
SCOPES = (
    "reading:read",
    "reading:write",
    "reading:field",
    "reading:upload",
    "reading:keys",
    "billing:read",
    "billing:write",
    "billing:review",
    "billing:release",
    "collection:read",
    "collection:write",
    "collection:cashier",
    "notify:read",
    "notify:write",
    "notify:answers",
    "notify:letters",
    *scopes.OPERATING,
)


def settings_of(service: str, *, development: bool = False, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a service from the environment: the process's own unless one is given."""
    return settings_module.settings_class(service).load(environment, development=development)


def build(service: str, settings: Settings, event_log: EventLog) -> Service:
    """Return the service as its main builds it."""
    main = importlib.import_module(f"services.{service}.main")
    return cast(Service, main.build(settings, event_log=event_log))


def part(service: str, module: str, name: str) -> Any:
    """Return a name from a module of a service, or None where it has no such module or name."""
    path = f"services.{service}.{module}"
    try:
        return getattr(importlib.import_module(path), name, None) if importlib.util.find_spec(path) else None
    except ModuleNotFoundError:  # not even the package that would hold the module
        return None


def token(settings: Settings) -> Callable[[], str]:
    """Return where the command's token comes from: `WATTLINE_TOKEN`, or signed with the installation's own secret."""
    given = os.environ.get(TOKEN)
    if given:
        return lambda: given
    return lambda: mint(settings, subject=OPERATOR, scopes=SCOPES)


def mint(
    settings: Settings,
    *,
    subject: str,
    scopes: Sequence[str],
    org_units: Sequence[str] = ("*",),
    seconds: int = TOKEN_SECONDS,
) -> str:
    """Return a token signed by the installation itself; raises `SettingsError` where it has nothing to sign with."""
    try:
        return auth.mint(
            key=_signing_key(settings),
            algorithm=settings.token_algorithm,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            subject=subject,
            scopes=scopes,
            org_units=org_units,
            seconds=seconds,
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        raise SettingsError(
            f"wrong setting: {SIGNING_KEY_FILE}: no private key for {settings.token_algorithm}"
        ) from None


def _signing_key(settings: Settings) -> str:
    """Return what tokens are signed with: the secret that services share, or the private key that none of them has."""
    if settings.token_algorithm == "HS256" and settings.token_key is not None:
        return settings.token_key.get_secret_value()
    if SIGNING_KEY_FILE not in os.environ:
        raise SettingsError(f"{TOKEN} is missing, and so is {SIGNING_KEY_FILE}: nothing here signs tokens")
    try:
        text = Path(os.environ[SIGNING_KEY_FILE]).read_text()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"wrong setting: {SIGNING_KEY_FILE}: the file cannot be read") from None
    if "PRIVATE KEY" not in text:
        raise SettingsError(f"wrong setting: {SIGNING_KEY_FILE}: no private key in PEM form")
    return text


def client_settings() -> Settings:
    """Return the settings for a command that only calls the services.

    With a token of its own it needs no secret, so where nothing verifies tokens a random key fills its place.
    """
    environment = dict(os.environ)
    if environment.get(TOKEN):
        if not {"WATTLINE_TOKEN_KEY", "WATTLINE_TOKEN_KEY_FILE", "WATTLINE_TOKEN_KEYS_URL"} & set(environment):
            environment["WATTLINE_TOKEN_KEY"] = secrets.token_urlsafe(32)
        return Settings.load(environment)
    return own_settings()


def own_settings() -> Settings:
    """Return the settings of this installation with its own secrets, none of which is made up."""
    environment = dict(os.environ)
    return Settings.load(environment, development=_has_development_secrets(environment))


def _has_development_secrets(environment: dict[str, str]) -> bool:
    directory = environment.get(settings_module.PREFIX + "DATA_DIR", "var")
    return os.path.exists(f"{directory}/token_key.secret")
