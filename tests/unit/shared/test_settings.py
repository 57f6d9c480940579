from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from shared import settings as module
from shared.settings import Settings, SettingsError

KEY = "k" * 40
GIVEN = {"WATTLINE_TOKEN_KEY": KEY}


def test_an_unknown_setting_is_refused_with_its_name() -> None:
    with pytest.raises(SettingsError, match="WATTLINE_BODY_BYTES_MAXX"):
        Settings.load(GIVEN | {"WATTLINE_BODY_BYTES_MAXX": "1"})


def test_a_wrong_setting_is_refused_with_its_name_and_without_its_value() -> None:
    with pytest.raises(SettingsError, match="WATTLINE_PORT") as refused:
        Settings.load(GIVEN | {"WATTLINE_PORT": "eighty-eighty"})
    assert "eighty" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATTLINE_UTILITY_TIMEZONE", "Asia/Nowhere"),
        ("WATTLINE_EVENT_LOG", "rabbit://x"),
        ("WATTLINE_DATABASE_URL", "mysql://x"),
        ("WATTLINE_TOKEN_KEY", "short-secret"),
        ("WATTLINE_TOKEN_ALGORITHM", "none"),
        ("WATTLINE_INSTANCE", "a b"),
        ("WATTLINE_REQUEST_SECONDS_MAX", "0"),
        ("WATTLINE_AUDIT_SINCE", "12:ab"),
        ("WATTLINE_AUDIT_SINCE", '{"billing": "12:ab"}'),
        ("WATTLINE_AUDIT_SINCE", f'{{"biling": "12:{"a" * 64}"}}'),
    ],
)
def test_every_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        Settings.load(GIVEN | {name: value})
    assert value == "0" or value not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"WATTLINE_DATABASE_CERTIFICATES": "ca.pem"}, "needs WATTLINE_DATABASE_TLS"),
        ({"WATTLINE_KAFKA_CERTIFICATES": "ca.pem"}, "needs WATTLINE_KAFKA_TLS"),
        ({"WATTLINE_KAFKA_TLS": "true", "WATTLINE_KAFKA_USERNAME": "billing"}, "come together"),
        ({"WATTLINE_KAFKA_USERNAME": "billing", "WATTLINE_KAFKA_PASSWORD": KEY}, "needs WATTLINE_KAFKA_TLS"),
    ],
)
def test_no_password_is_shown_and_no_certificate_given_where_nothing_is_encrypted(
    changes: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        Settings.load(GIVEN | changes)


@pytest.mark.parametrize("missing", GIVEN)
def test_a_missing_secret_is_refused(missing: str) -> None:
    with pytest.raises(SettingsError, match=f"{missing} is missing"):
        Settings.load({name: value for name, value in GIVEN.items() if name != missing})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"WATTLINE_TOKEN_KEY": KEY}, "exclude each other"),
        ({"WATTLINE_TOKEN_KEYS_URL": "http://issuer.example/keys"}, "WATTLINE_TOKEN_KEYS_URL must be"),
        ({"WATTLINE_TOKEN_KEYS_URL": "http://localhost.example/keys"}, "WATTLINE_TOKEN_KEYS_URL must be"),
        ({"WATTLINE_TOKEN_ISSUER": ""}, "WATTLINE_TOKEN_ISSUER"),
        ({"WATTLINE_TOKEN_SECONDS_MAX": "59"}, "WATTLINE_TOKEN_SECONDS_MAX"),
    ],
)
def test_how_tokens_are_verified_is_said_in_one_way(changes: dict[str, str], told: str) -> None:
    given = {
        "WATTLINE_TOKEN_KEYS_URL": "https://issuer.example/keys",
        "WATTLINE_TOKEN_ISSUER": "https://issuer.example",
    }
    assert Settings.load(given).token_key is None
    with pytest.raises(SettingsError, match=told):
        Settings.load(given | changes)


def test_a_key_set_needs_the_name_of_its_issuer() -> None:
    with pytest.raises(SettingsError, match="WATTLINE_TOKEN_ISSUER is missing"):
        Settings.load({"WATTLINE_TOKEN_KEYS_URL": "file:///etc/keys.json"})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("f" * 40 + "\n")
    loaded = Settings.load({"WATTLINE_TOKEN_KEY_FILE": str(file)})
    assert loaded.token_key == SecretStr("f" * 40)


def test_a_secret_file_that_cannot_be_read_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WATTLINE_TOKEN_KEY_FILE"):
        Settings.load(GIVEN | {"WATTLINE_TOKEN_KEY_FILE": str(tmp_path / "none")})


def test_a_setting_given_by_value_and_by_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    with pytest.raises(SettingsError, match=r"WATTLINE_TOKEN_KEY .*twice"):
        Settings.load(GIVEN | {"WATTLINE_TOKEN_KEY_FILE": str(file)})


def test_secrets_are_not_printed() -> None:
    loaded = Settings.load(GIVEN | {"WATTLINE_DATABASE_PASSWORD": "hunter22"})
    assert KEY not in repr(loaded)
    assert "hunter22" not in repr(loaded)


def test_the_settings_of_tests_and_of_the_command_are_let_pass() -> None:
    Settings.load(GIVEN | {"WATTLINE_REQUIRE": "kafka", "WATTLINE_TEST_POSTGRES_URL": "x", "WATTLINE_TOKEN": "x"})


def test_a_setting_of_another_service_is_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(Settings):
        smtp_server: str = "x"

    monkeypatch.setattr(module, "settings_class", lambda name: Other if name == "notify" else Settings)
    assert not hasattr(Settings.load(GIVEN | {"WATTLINE_SMTP_SERVER": "mail"}), "smtp_server")
    assert Other.load(GIVEN | {"WATTLINE_SMTP_SERVER": "mail"}).smtp_server == "mail"


def test_a_rule_over_several_settings_is_refused_with_its_own_words() -> None:
    from pydantic import model_validator

    class Pair(Settings):
        low: int = 1
        high: int = Field(2)

        @model_validator(mode="after")
        def _ordered(self) -> "Pair":
            if self.low > self.high:
                raise ValueError("low must be below high")
            return self

    with pytest.raises(SettingsError, match="low must be below high"):
        Pair.load(GIVEN | {"WATTLINE_LOW": "3"})


def test_the_password_goes_into_the_database_url_quoted() -> None:
    loaded = Settings.load(
        GIVEN
        | {
            "WATTLINE_DATABASE_URL": "postgresql+asyncpg://{service}@db:5432/{service}",
            "WATTLINE_DATABASE_PASSWORD": "p@ss/word",
        }
    )
    assert loaded.database_url_of("billing") == "postgresql+asyncpg://billing:p%40ss%2Fword@db:5432/billing"


def test_the_embedded_defaults_live_in_the_data_directory(tmp_path: Path) -> None:
    loaded = Settings.load(GIVEN | {"WATTLINE_DATA_DIR": str(tmp_path)})
    assert loaded.database_url_of("billing") == f"sqlite+aiosqlite:///{tmp_path}/billing.db"
    assert loaded.event_log_url == f"embedded://{tmp_path}/events.db"


def test_development_generates_secrets_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    environment = {"WATTLINE_DATA_DIR": str(tmp_path / "var")}
    first, second = Settings.load(environment, development=True), Settings.load(environment, development=True)
    assert first.token_key == second.token_key
    assert {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "var").iterdir()} == {
        "token_key.secret": 0o600
    }


def test_development_makes_no_key_where_an_issuer_has_its_own(tmp_path: Path) -> None:
    environment = {
        "WATTLINE_DATA_DIR": str(tmp_path / "var"),
        "WATTLINE_TOKEN_KEYS_URL": "https://issuer.example/keys",
        "WATTLINE_TOKEN_ISSUER": "https://issuer.example",
    }
    assert Settings.load(environment, development=True).token_key is None


def test_the_key_of_the_devices_is_known_to_reading_alone(tmp_path: Path) -> None:
    environment = {"WATTLINE_DATA_DIR": str(tmp_path / "var"), "WATTLINE_DEVICE_MASTER_KEY": "d" * 40}
    for name in module.SERVICES:
        loaded = module.settings_class(name).load(environment, development=True)
        assert ("d" * 40 in loaded.model_dump_json() or hasattr(loaded, "device_master_key")) == (name == "reading")


def test_reading_is_not_started_without_the_key_of_the_devices() -> None:
    reading = module.settings_class("reading")
    with pytest.raises(SettingsError, match="WATTLINE_DEVICE_MASTER_KEY is missing"):
        reading.load(GIVEN)
    with pytest.raises(SettingsError, match="WATTLINE_DEVICE_MASTER_KEY must be"):
        reading.load(GIVEN | {"WATTLINE_DEVICE_MASTER_KEY": "short"})


@pytest.mark.parametrize(("previous", "fault"), [("short", "must be at least 32"), ("n" * 40, "give a new master key")])
def test_a_previous_key_of_the_devices_is_another_one_and_as_long(previous: str, fault: str) -> None:
    told = GIVEN | {"WATTLINE_DEVICE_MASTER_KEY": "n" * 40, "WATTLINE_DEVICE_MASTER_KEY_PREVIOUS": previous}
    with pytest.raises(SettingsError, match=fault):
        module.settings_class("reading").load(told)


def test_every_service_has_its_own_port() -> None:
    loaded = Settings.load(GIVEN)
    assert [loaded.port_of(name) for name in module.SERVICES] == [8001, 8002, 8003, 8004]
    assert Settings.load(GIVEN | {"WATTLINE_PORT": "9000"}).port_of("billing") == 9000
    elsewhere = Settings.load(GIVEN | {"WATTLINE_BILLING_URL": "http://127.0.0.1:9002/"})
    assert [elsewhere.port_of(name) for name in ("reading", "billing")] == [8001, 9002]


def test_every_secret_has_a_secret_type() -> None:
    fields = {name: f for service in module.SERVICES for name, f in module.settings_class(service).model_fields.items()}
    for name, field in fields.items():
        if name.endswith(("_key", "_password")):
            assert SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ())), name
