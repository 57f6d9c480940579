"""What docker-compose.yml says, and the settings of its containers."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from shared import settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if str(one["image"]).startswith("wattline:")}
RUN_ONCE = {name: one for name, one in OURS.items() if name not in settings.SERVICES}
PROMETHEUS = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
OF_OTHERS = {
    "imap_password",
    "sms_secret",
    "sms_receipt_secret",
    "app_secret",
    "app_secret_previous",
    "wechat_secret",
    "wechat_token",
}
"""Secrets that are empty where the mailbox or gateway is not set up."""
OF_HEAD_END = {"supply_secret", "supply_secret_previous"}
"""Secrets of reading that have a form, like those of the app."""
FROM_OPERATOR = {"WATTLINE_SMTP_HOST": "mail.example", "WATTLINE_SMTP_SENDER": "bills@utility.example"}


def scraped(job: str) -> dict[str, Any]:
    """Return what Prometheus scrapes as one job."""
    [found] = [config for config in PROMETHEUS["scrape_configs"] if config["job_name"] == job]
    return found


def substituted(value: str) -> str:
    """Return a value with what the operator gives, and the defaults, in place of ${NAME:?why} and ${NAME:-default}."""
    return re.sub(r"\$\{(\w+):([?-])([^}]*)\}", lambda m: FROM_OPERATOR[m[1]] if m[2] == "?" else m[3], value)


def load(
    name: str, folder: Path, *, username: str = "", secrets: Mapping[str, str] | None = None, **given: str
) -> settings.Settings:
    """Return the settings of one container, its secret files taken from a folder of this test.

    `secrets`: what stands in those that the product does not make; `given`: what the operator sets beside.
    """
    for secret in SERVICES[name]["secrets"]:
        text = f"{secret}-0123456789abcdef0123456789abcdef"
        if secret == "smtp_password" and not username:
            text = ""
        if secret in OF_OTHERS | OF_HEAD_END:
            text = (secrets or {}).get(secret, "")
        (folder / secret).write_text((json.dumps({"app": text}) if secret == "channel_secrets" else text) + "\n")
    environment = {
        key: substituted(value).replace("/run/secrets", str(folder))
        for key, value in SERVICES[name]["environment"].items()
    }
    if username:
        environment["WATTLINE_SMTP_USERNAME"] = username
    for key, value in given.items():
        assert environment[f"WATTLINE_{key}"] == "", "an operator may set it"
        environment[f"WATTLINE_{key}"] = value
    service = name.removeprefix("migrate-")
    known = settings.settings_class(service) if service in settings.SERVICES else settings.Settings
    return known.load(environment)
