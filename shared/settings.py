"""Settings from the environment: `WATTLINE_<NAME>`, or `WATTLINE_<NAME>_FILE` for a secret in a file.

A wrong or unknown setting is refused at start with its name. All services share one environment, so each knows the names of the
others and ignores them.
"""

import importlib
import importlib.util
import os
import re
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr, ValidationError, field_validator, model_validator

from shared import webhooks
from shared.business_calendar import Calendar, folder

SERVICES = ("reading", "billing", "collection", "notify")
PORTS = {"reading": 8001, "billing": 8002, "collection": 8003, "notify": 8004}
PREFIX = "WATTLINE_"
OF_TOOLS = (  # of the test run and of the command, not of a service
    "WATTLINE_REQUIRE",
    "WATTLINE_TOKEN",
    "WATTLINE_TOKEN_SIGNING_KEY_FILE",
)
TEST_PREFIX = "WATTLINE_TEST_"
GENERATED_SECRETS = ("token_key", "device_master_key", "link_key", "personal_key")


T = TypeVar("T")
_Service = Annotated[str, Field(pattern=f"^({'|'.join(SERVICES)})$")]
_Head = Annotated[str, Field(pattern="^[0-9]{1,18}:[0-9a-f]{64}$")]


OUTSIDE = r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?"
INSIDE = (
    r"http://([A-Za-z0-9-]+|(127|10)(\.[0-9]{1,3}){3}|192\.168(\.[0-9]{1,3}){2})(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?"
)
"""In the open only within a network of one's own: a name without dots, or a private address."""


class SettingsError(Exception):
    """The environment holds a wrong, unknown or missing setting; the text names it and holds no value."""


class Settings(BaseModel):
    """What every service is told from outside. A service adds its own in `services/<name>/settings.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path = Field(Path("var"), description="where the embedded defaults keep databases, events and secrets")
    database_url: str = Field(
        "sqlite+aiosqlite:///{data_dir}/{service}.db", description="may name {service}, {data_dir}"
    )
    database_password: SecretStr | None = Field(None, description="put into database_url, so that it stays out of it")
    database_owner: str | None = Field(
        None,
        description="`migrate` on PostgreSQL: the role that owns the tables, may name {service}; none: that of database_url",
    )
    database_owner_password: SecretStr | None = Field(
        None, description="for `migrate` alone: a service refuses to have it"
    )
    database_tls: bool = Field(False, description="PostgreSQL over TLS alone, its certificate and host name checked")
    database_certificates: Path | None = Field(
        None, description="authorities to trust for database_tls, PEM; default: the system's"
    )
    event_log: str = Field("embedded:///{data_dir}/events.db", description="embedded:///path or kafka://host:port,…")
    kafka_tls: bool = Field(False, description="brokers over TLS alone, their certificate and host name checked")
    kafka_certificates: Path | None = Field(
        None, description="authorities to trust for kafka_tls, PEM; default: the system's"
    )
    kafka_username: str | None = Field(None, min_length=1, description="SASL (SCRAM-SHA-512), with kafka_tls alone")
    kafka_password: SecretStr | None = None
    kafka_replication_factor: int = Field(1, ge=1, le=9, description="of topics that `topics create` makes")
    instance: str = Field(
        default_factory=socket.gethostname,
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="names this replica for ever, so that a restart takes its partitions back",
    )
    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0: that of the service's own URL")
    token_key: SecretStr | None = Field(
        None, description="HS256: a secret of 32 bytes or more; else the issuer's public key in PEM"
    )
    token_algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = Field("HS256", description="of token_key")
    token_keys_url: str | None = Field(
        None, description="instead of token_key: the issuer's key set (JWKS) at https://… or in file:///…, read again"
    )
    token_keys_certificates: Path | None = Field(
        None, description="authorities to trust for token_keys_url, PEM; default: the system's"
    )
    token_issuer: str = Field("wattline", min_length=1, description="the `iss` that every token must have")
    token_audience: str = Field("wattline", min_length=1, description="the `aud` that every token must have")
    token_seconds_max: int = Field(86_400, ge=60, le=31_622_400, description="the longest life of a token")
    utility_timezone: str = "Asia/Shanghai"
    business_calendar: Path = Field(
        folder.DOCUMENTS, description="folder of business-day documents, one a year, the same for all"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    body_bytes_max: int = Field(4 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    bodies_bytes_max: int = Field(
        64 * 1024 * 1024,
        ge=1024,
        description="of all bodies that are received or worked on, which stay in memory: 16 of the largest, 400 usual batches",
    )
    requests_max: int = Field(
        256, ge=1, description="worked on at a time; with more, each would wait longer than its caller does"
    )
    batches_max: int = Field(
        8,
        ge=1,
        description="of them over 16 KiB of body, or heavy as a job is: fewer than the pool's connections: a payment finds one",
    )
    client_requests_per_second: int = Field(
        200, ge=1, description="of one token subject, ten seconds' worth at once; a third of what one process answers"
    )
    device_requests_per_second: int = Field(
        50, ge=1, description="of one device, ten seconds' worth at once; a head-end sends 500 reads in each"
    )
    stranger_requests_per_second: int = Field(
        100,
        ge=1,
        description="refused 401 from one address, ten seconds' worth at once; a proxy's address must be in FORWARDED_ALLOW_IPS, "
        "or all behind it are one",
    )
    request_seconds_max: float = Field(30.0, gt=0, le=300)
    consumer_batch_facts: int = Field(2000, ge=1, le=10_000, description="facts of one consumer transaction")
    dead_letters_max: int = Field(
        100,
        ge=1,
        description="with so many poison facts the consumer stops: they are no accident, and the day would be set aside",
    )
    journal_days: int = Field(400, ge=1, description="how long the journal can republish")
    audit_since: Json[dict[_Service, _Head]] = Field(
        "{}",
        validate_default=True,
        description='kept heads from which on chains are verified at night, instead of their start: {"billing": "SEQ:HASH"}',
    )
    reading_url: str = "http://127.0.0.1:8001"
    billing_url: str = "http://127.0.0.1:8002"
    collection_url: str = "http://127.0.0.1:8003"
    notify_url: str = "http://127.0.0.1:8004"

    @field_validator("utility_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as unknown:
            raise ValueError("not a time zone of the IANA database") from unknown
        return value

    @field_validator("event_log")
    @classmethod
    def _known_event_log(cls, value: str) -> str:
        if not value.startswith(("embedded:///", "kafka://")):
            raise ValueError("must be embedded:///path or kafka://host:port")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite:///")):
            raise ValueError("must be postgresql+asyncpg://… or sqlite+aiosqlite:///…")
        return value

    @field_validator(
        "token_key",
        "device_master_key",
        "device_master_key_previous",
        "link_key",
        "personal_key",
        "personal_key_previous",
        "bounce_key",
        check_fields=False,
    )
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < 32:
            raise ValueError("must be at least 32 bytes long")
        return value

    @field_validator("token_keys_url")
    @classmethod
    def _keys_that_nobody_changes_on_the_way(cls, value: str | None) -> str | None:
        local = tuple(f"http://{host}{end}" for host in ("127.0.0.1", "localhost", "[::1]") for end in (":", "/"))
        if value is not None and not value.startswith(("https://", "file:///", *local)):
            raise ValueError("must be https://… or file:///… (http://… on this machine alone)")
        return value

    @model_validator(mode="after")
    def _what_is_secret_goes_over_tls(self) -> Self:
        for certificates, tls in (("database_certificates", "database_tls"), ("kafka_certificates", "kafka_tls")):
            if getattr(self, certificates) is not None and not getattr(self, tls):
                raise ValueError(f"{_variable(certificates)} needs {_variable(tls)}=true")
        if (self.kafka_username is None) != (self.kafka_password is None):
            raise ValueError("WATTLINE_KAFKA_USERNAME and WATTLINE_KAFKA_PASSWORD come together")
        if self.kafka_username is not None and not self.kafka_tls:
            raise ValueError(
                "WATTLINE_KAFKA_USERNAME needs WATTLINE_KAFKA_TLS=true: a password is not shown in the open"
            )
        return self

    @model_validator(mode="after")
    def _one_way_to_verify_tokens(self) -> Self:
        if self.token_key is None and self.token_keys_url is None:
            raise ValueError("WATTLINE_TOKEN_KEY is missing, and so is WATTLINE_TOKEN_KEYS_URL")
        if self.token_key is not None and self.token_keys_url is not None:
            raise ValueError("WATTLINE_TOKEN_KEY and WATTLINE_TOKEN_KEYS_URL exclude each other")
        if self.token_keys_url is not None and "token_issuer" not in self.model_fields_set:
            raise ValueError("WATTLINE_TOKEN_ISSUER is missing: WATTLINE_TOKEN_KEYS_URL needs the issuer's name")
        return self

    def database_url_of(self, service: str) -> str:
        """Return the URL with the service's name, the data directory and the password in it. A secret: never log it."""
        from sqlalchemy.engine import make_url

        text = self.database_url.replace("{service}", service).replace("{data_dir}", str(self.data_dir.absolute()))
        url = make_url(text)
        if self.database_password is not None:
            url = url.set(password=self.database_password.get_secret_value())
        return url.render_as_string(hide_password=False)

    def owner_url_of(self, service: str) -> str:
        """Return `database_url_of` as the role that owns the tables uses it. A secret: never log it."""
        from sqlalchemy.engine import make_url

        url = make_url(self.database_url_of(service))
        if self.database_owner is not None:
            password = self.database_owner_password.get_secret_value() if self.database_owner_password else None
            url = url.set(username=self.database_owner.replace("{service}", service), password=password)
        return url.render_as_string(hide_password=False)

    def role_of(self, service: str) -> str | None:
        """Return the role that gets its rights from the owner; None where it owns the tables itself."""
        from sqlalchemy.engine import make_url

        return make_url(self.database_url_of(service)).username if self.database_owner is not None else None

    @property
    def event_log_url(self) -> str:
        """The address of the event log with the data directory in it."""
        return self.event_log.replace("embedded:///{data_dir}", f"embedded://{self.data_dir.absolute()}")

    def port_of(self, service: str) -> int:
        """Return where a service listens: `port`, or else where the others look for it."""
        return self.port or urlsplit(self.url_of(service)).port or PORTS[service]

    def url_of(self, service: str) -> str:
        """Return the base URL of a service, as others reach it."""
        return str(getattr(self, f"{service}_url")).rstrip("/")

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.utility_timezone)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, *, development: bool = False) -> Self:
        """Return the settings of the environment; raises `SettingsError` with the name of what is wrong.

        `development` (only `wattline up` and `demo`): secrets that are missing are generated into `data_dir`, mode 0600.
        """
        environment = os.environ if environment is None else environment
        given = _given(environment)
        unknown = sorted(set(given) - known_names() - set(cls.model_fields))
        if unknown:
            raise SettingsError("unknown setting: " + ", ".join(_variable(name) for name in unknown))
        values = {name: value for name, value in given.items() if name in cls.model_fields}
        if development:
            others = {"token_key"} if "token_keys_url" in values else set()
            wanted = [n for n in GENERATED_SECRETS if n in cls.model_fields and n not in values and n not in others]
            values |= _development_secrets(Path(values.get("data_dir", "var")), wanted)
        try:
            return cls.model_validate(values)
        except ValidationError as wrong:
            texts = [_fault(e["loc"], str(e["type"]), str(e["msg"])) for e in wrong.errors(include_input=False)]
            raise SettingsError("wrong setting: " + "; ".join(texts)) from None


def _fault(location: Sequence[str | int], kind: str, message: str) -> str:
    reason = "is missing" if kind == "missing" else message.removeprefix("Value error, ")
    # a rule over several settings has no place of its own: its text names them
    return f"{_variable(str(location[0]))} {reason}" if location else reason


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def known_names() -> set[str]:
    """Return the setting names of all services."""
    names = set(Settings.model_fields)
    for service in SERVICES:
        names |= set(settings_class(service).model_fields)
    return names


def settings_class(service: str) -> type[Settings]:
    """Return the settings class of a service: the subclass of `Settings` in its settings module."""
    path = f"services.{service}.settings"
    if importlib.util.find_spec(path) is None:
        return Settings
    module = importlib.import_module(path)
    own = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Settings)]
    return max(own, key=lambda found: len(found.__mro__), default=Settings)


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return setting name -> text, with the content of files for `_FILE` variables."""
    given: dict[str, str] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in OF_TOOLS or variable.startswith(TEST_PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name.endswith("_file"):
            name = name.removesuffix("_file")
            try:
                text = Path(text).read_text().strip()
            except (OSError, UnicodeDecodeError):
                raise SettingsError(f"wrong setting: {variable}: the file cannot be read") from None
        if name in given:
            raise SettingsError(f"wrong setting: {_variable(name)} is given twice, by value and by file")
        given[name] = text
    return given


def _development_secrets(data_dir: Path, names: Sequence[str]) -> dict[str, str]:
    data_dir.mkdir(parents=True, exist_ok=True)
    made = {}
    for name in names:
        file = data_dir / f"{name}.secret"
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_urlsafe(48))
        made[name] = file.read_text().strip()
    return made


def calendar(settings: Settings) -> Calendar:
    """Return the business-day calendar of the settings; raises `SettingsError` where its documents cannot be used."""
    name = _variable("business_calendar")
    try:
        return folder.load(settings.business_calendar)
    except OSError as fault:
        raise SettingsError(f"wrong setting: {name}: {fault.strerror}") from fault
    except ValueError as fault:
        raise SettingsError(f"wrong setting: {name}: {fault}") from fault


def document(name: str, path: Path, load: Callable[[Any], T]) -> T:
    """Return what `load` makes of the JSON file that the setting `name` names; raises `SettingsError` where it is not usable."""
    try:
        return load(orjson.loads(path.read_bytes()))
    except OSError as fault:
        raise SettingsError(f"wrong setting: {name}: {fault.strerror}") from fault
    except ValueError as fault:
        raise SettingsError(f"wrong setting: {name}: {fault}") from fault


def not_in_the_open(value: str | None) -> str | None:
    """Return an address that is called, without its last slash. Raises ValueError where what is said there could be overheard."""
    if value is not None and not re.fullmatch(f"{OUTSIDE}|{INSIDE}", value):
        raise ValueError(
            "must be https://host or https://host/path (http:// to a private address or a name without dots)"
        )
    return value.rstrip("/") if value else None


def webhook_key(value: SecretStr | None) -> SecretStr | None:
    """Return a secret that has the form of Standard Webhooks. Raises ValueError."""
    if value is not None and not re.fullmatch(webhooks.SECRET, value.get_secret_value()):
        raise ValueError("must be whsec_ and 24 to 64 bytes in base64")
    return value
