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
        ({"SMTP_TIMEOUT_SECONDS": "30"}, "NOTICE_LEASE_SECONDS"),
        ({"GATEWAY_TIMEOUT_SECONDS": "30", "APP_URL": "http://app", "APP_SECRET": "k" * 44}, "NOTICE_LEASE_SECONDS"),
        ({"SMS_URL": "https://sms.example"}, "SMS_SECRET"),
        ({"SMS_URL": "http://sms.example", "SMS_SECRET": "secret"}, "SMS_URL"),
        ({"SMS_URL": "https://me:secret@sms.example", "SMS_SECRET": "s"}, "SMS_URL"),
        ({"SMS_RECEIPT_SECRET": "secret"}, "SMS_URL"),
        ({"APP_URL": "https://app.example"}, "APP_SECRET"),
        ({"APP_URL": "https://app.example", "APP_SECRET": "secret"}, "APP_SECRET"),
        ({"APP_SECRET_PREVIOUS": f"whsec_{'secr' * 8}"}, "APP_SECRET"),
        ({"WECHAT_APP_ID": "wx1"}, "WECHAT_SECRET"),
        ({"WECHAT_APP_ID": "wx1", "WECHAT_SECRET": "secret"}, "WECHAT_TEMPLATES"),
        ({"WECHAT_TOKEN": "secret"}, "WECHAT_APP_ID"),
        ({"IMAP_HOST": "imap.example"}, "IMAP_USERNAME"),
        ({"IMAP_HOST": "imap.example", "IMAP_USERNAME": "me"}, "IMAP_PASSWORD"),
        ({"IMAP_HOST": "imap.example", "IMAP_USERNAME": "me", "IMAP_PASSWORD": "secret"}, "BOUNCE_KEY"),
        ({"IMAP_SECURITY": "none"}, "IMAP_SECURITY"),
        ({"IMAP_FOLDER": "IN BOX"}, "IMAP_FOLDER"),
        ({"BOUNCE_KEY": "secret"}, "BOUNCE_KEY"),
        ({"BOUNCE_ADDRESS": "bounces@utility.example"}, "BOUNCE_KEY"),
        ({"BOUNCE_ADDRESS": "a.name.too.long@utility.example", "BOUNCE_KEY": "k" * 40}, "BOUNCE_ADDRESS"),
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
    login = {"SMTP_USERNAME": "me", "SMTP_PASSWORD": "planted", "SMTP_SECURITY": "starttls"}
    settings = NotifySettings.load(BASE | {f"WATTLINE_{name}": value for name, value in login.items()})
    assert "planted" not in repr(settings)


@pytest.mark.parametrize(
    "given", ["https://answers.example", "https://answers.example:8443/power/", "http://127.0.0.1:8004", ""]
)
def test_an_address_for_links_is_taken_with_its_key_and_none_is_none(given: str) -> None:
    settings = NotifySettings.load(BASE | {"WATTLINE_PUBLIC_URL": given, "WATTLINE_LINK_KEY": "planted" * 8})
    assert settings.public_url == (given.rstrip("/") or None)
    assert "planted" not in repr(settings)


@pytest.mark.parametrize(
    "url", ["http://kannel:13013", "http://127.0.0.1:13013/", "http://10.0.0.7", "https://sms.example/v1"]
)
def test_a_gateway_is_reached_over_tls_or_in_a_network_of_ones_own(url: str) -> None:
    settings = NotifySettings.load(BASE | {"WATTLINE_SMS_URL": url, "WATTLINE_SMS_SECRET": "planted"})
    assert settings.sms_url == url.rstrip("/")
    assert "planted" not in repr(settings)
