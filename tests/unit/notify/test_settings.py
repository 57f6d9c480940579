"""Settings of the notify service that are refused, each with its name."""

import pytest

from services.notify.settings import NotifySettings
from shared.settings import SettingsError

BASE = {"WATTLINE_TOKEN_KEY": "k" * 40, "WATTLINE_PERSONAL_KEY": "v" * 40}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"NOTICE_LEASE_SECONDS": "80"}, "NOTICE_LEASE_SECONDS"),
        ({"SMTP_USERNAME": "me"}, "SMTP_PASSWORD"),
        ({"SMTP_PASSWORD": "secret"}, "SMTP_PASSWORD"),
        ({"SMTP_USERNAME": "me", "SMTP_PASSWORD": "secret"}, "SMTP_PASSWORD"),
        ({"SMTP_SENDER": "nobody"}, "SMTP_SENDER"),
        ({"SMTP_SECURITY": "maybe"}, "SMTP_SECURITY"),
        ({"NOTICE_SENDERS": "33"}, "NOTICE_SENDERS"),
        ({"PERSONAL_KEY": "secret"}, "PERSONAL_KEY"),
        ({"PERSONAL_KEY_PREVIOUS": "v" * 40}, "PERSONAL_KEY_PREVIOUS"),
        ({"PUBLIC_URL": "https://answers.example"}, "LINK_KEY"),
        ({"PUBLIC_URL": "https://answers.example", "LINK_KEY": "secret"}, "LINK_KEY"),
        ({"PUBLIC_URL": "http://answers.example", "LINK_KEY": "secret" * 8}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://answers.example/?q=secret", "LINK_KEY": "k" * 40}, "PUBLIC_URL"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name_and_without_its_value(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=f"WATTLINE_{named}") as refused:
        NotifySettings.load(BASE | {f"WATTLINE_{name}": value for name, value in given.items()})
    assert "secret" not in str(refused.value)


def test_an_empty_login_is_none() -> None:
    settings = NotifySettings.load(BASE | {"WATTLINE_SMTP_USERNAME": "", "WATTLINE_SMTP_PASSWORD": ""})
    assert (settings.smtp_username, settings.smtp_password) == (None, None)


def test_a_login_over_tls_is_taken() -> None:
    login = {"SMTP_USERNAME": "me", "SMTP_PASSWORD": "secret", "SMTP_SECURITY": "starttls"}
    settings = NotifySettings.load(BASE | {f"WATTLINE_{name}": value for name, value in login.items()})
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "given", ["https://answers.example", "https://answers.example:8443/power/", "http://127.0.0.1:8004", ""]
)
def test_an_address_for_links_is_taken_with_its_key_and_none_is_none(given: str) -> None:
    settings = NotifySettings.load(BASE | {"WATTLINE_PUBLIC_URL": given, "WATTLINE_LINK_KEY": "secret" * 8})
    assert settings.public_url == (given.rstrip("/") or None)
    assert "secret" not in repr(settings)
