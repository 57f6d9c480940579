"""Each secret is made, given to whom it concerns and to nobody else, in compose and in the files of systemd."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from services import __main__
from services.command import data, local
from services.notify.settings import NotifySettings
from services.reading.settings import ReadingSettings
from shared import settings
from shared.bus.embedded import EmbeddedEventLog
from tests.kits.compose import COMPOSE, OF_HEAD_END, OF_OTHERS, OURS, ROOT, SERVICES, load


def test_every_secret_is_made_given_and_used() -> None:
    declared = set(COMPOSE["secrets"])
    assert {secret for one in SERVICES.values() for secret in one.get("secrets", ())} == declared
    for name, one in SERVICES.items():
        named = set(re.findall(r"/run/secrets/(\w+)", str(one["environment"]))) if "environment" in one else set()
        assert named <= set(one.get("secrets", ())), name
    roles = {f"postgres_{name}{end}" for name in settings.SERVICES for end in ("", "_owner")}
    assert set(SERVICES["postgres"]["secrets"]) == {"postgres_superuser"} | roles


def test_no_secret_of_one_service_is_given_to_another() -> None:
    common = {"token_key"}
    own = {
        "reading": {"device_master_key", "device_master_key_previous", *OF_HEAD_END},
        "collection": {"channel_secrets"},
        "notify": {"smtp_password", "link_key", "personal_key", "personal_key_previous", "bounce_key", *OF_OTHERS},
    }
    for name in settings.SERVICES:
        mine = common | {f"postgres_{name}"} | own.get(name, set())
        assert set(SERVICES[name]["secrets"]) == mine
        assert set(SERVICES[f"migrate-{name}"]["secrets"]) == mine | {f"postgres_{name}_owner"}
    assert set(SERVICES["topics"]["secrets"]) == common


def test_no_secret_of_one_service_is_told_to_another() -> None:
    """The one that all share, `token_key`, verifies tokens."""
    for name, one in OURS.items():
        own = name.removeprefix("migrate-")
        others = [service for service in settings.SERVICES if service != own]
        given = set(one["secrets"]) - {"token_key"}
        assert not {secret for secret in given if any(other in secret for other in others)}, name
        assert ("device_master_key" in given) == (own == "reading"), name
        assert ("link_key" in given) == (own == "notify"), name
        assert ("supply_secret" in given) == (own == "reading"), name
        for secret in ("personal_key", "bounce_key", *OF_OTHERS):
            assert (secret in given) == (own == "notify"), name


def test_the_password_of_the_mail_server_comes_as_a_secret_where_it_wants_one(tmp_path: Path) -> None:
    told = load("notify", tmp_path, username="bills")
    assert isinstance(told, NotifySettings)
    assert told.smtp_username == "bills"
    assert told.smtp_password is not None
    assert told.smtp_password.get_secret_value().startswith("smtp_password-")


GIVEN = {
    "imap_password": {"IMAP_HOST": "imap.example", "IMAP_USERNAME": "bounces"},
    "sms_secret": {"SMS_URL": "https://sms.example"},
    "sms_receipt_secret": {},
    "app_secret": {"APP_URL": "https://app.example"},
    "app_secret_previous": {},
    "wechat_secret": {"WECHAT_APP_ID": "wx1", "WECHAT_TEMPLATES": "wechat.json"},
    "wechat_token": {},
}
"""What an operator sets beside each secret that comes from others."""


def test_the_mailbox_and_every_gateway_gets_its_secrets_in_compose(tmp_path: Path) -> None:
    assert set(GIVEN) == OF_OTHERS
    assert isinstance(bare := load("notify", tmp_path), NotifySettings)
    assert [name for name in GIVEN if getattr(bare, name) is not None] == []
    assert bare.bounce_key is not None
    secrets = {name: f"whsec_{'abcdefg'[at] * 32}" for at, name in enumerate(GIVEN)}
    told = load("notify", tmp_path, secrets=secrets, **{k: v for given in GIVEN.values() for k, v in given.items()})
    assert {name: getattr(told, name).get_secret_value() for name in GIVEN} == secrets


def test_the_head_end_gets_its_secret_in_compose(tmp_path: Path) -> None:
    assert isinstance(bare := load("reading", tmp_path), ReadingSettings)
    assert (bare.supply_url, bare.supply_secret) == (None, None)
    secrets = {name: f"whsec_{'ab'[at] * 32}" for at, name in enumerate(sorted(OF_HEAD_END))}
    told = load("reading", tmp_path, secrets=secrets, SUPPLY_URL="https://headend.example")
    assert {name: getattr(told, name).get_secret_value() for name in OF_HEAD_END} == secrets


def test_no_password_stands_in_the_compose_file() -> None:
    for name, one in SERVICES.items():
        for key, value in one.get("environment", {}).items():
            if re.search("PASSWORD|KEY|SECRET|TOKEN", key) and not key.endswith("_ALGORITHM"):
                assert value.startswith("/run/secrets/"), f"{name}: {key}"


def test_made_secrets_are_random_and_kept_on_the_second_run(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "make-secrets.sh"
    script.write_bytes((ROOT / "deploy" / "make-secrets.sh").read_bytes())
    found = []
    for _ in range(2):
        subprocess.run(["bash", script], check=True, timeout=60)
        found.append({path.name: path.read_text().strip() for path in (tmp_path / "var" / "secrets").iterdir()})
    assert found[0] == found[1]
    assert set(found[0]) == set(COMPOSE["secrets"]) | {"token_signing_key"}
    for name in ("smtp_password", *(OF_OTHERS - {"app_secret", "app_secret_previous"})):
        assert found[0].pop(name) == "", "only the operator knows it"
    for name in (
        "device_master_key_previous",
        "personal_key_previous",
        "app_secret_previous",
        "supply_secret_previous",
    ):
        assert found[0].pop(name) == "", "there is none before the first"
    assert len(set(found[0].values())) == len(found[0])
    assert min(map(len, found[0].values())) >= 32
    assert stat.S_IMODE((tmp_path / "var" / "secrets").stat().st_mode) == 0o700


def test_a_shared_secret_of_an_older_installation_is_not_taken_for_a_public_key(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token_key").write_text("k" * 48)
    script = ["bash", str(ROOT / "deploy" / "make-secrets.sh"), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "secrets/token_key" in done.stderr
    assert not list((tmp_path / "environments").iterdir())


async def test_services_verify_tokens_and_only_who_has_the_signing_key_makes_them(
    environments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing = environments.parent / "secrets" / "token_signing_key"
    assert stat.S_IMODE(signing.stat().st_mode) == 0o400
    for name in settings.SERVICES:
        text = (environments / f"{name}.env").read_text()
        assert signing.read_text().splitlines()[1] not in text
        own = settings.settings_class(name).load(data.environment(environments / f"{name}.env"))
        monkeypatch.delenv("WATTLINE_TOKEN_SIGNING_KEY_FILE", raising=False)
        with pytest.raises(settings.SettingsError, match="WATTLINE_TOKEN_SIGNING_KEY_FILE"):
            local.mint(own, subject="s", scopes=["reading:read"])
        monkeypatch.setenv("WATTLINE_TOKEN_SIGNING_KEY_FILE", str(signing))
        made = local.mint(own, subject="s", scopes=["reading:read"])
        service = local.build(name, own, EmbeddedEventLog(environments / "events.db"))
        assert (await service.app.state.web.authenticator.caller_of_token(made)).subject == "s"
        await service.database.close()


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    subprocess.run(["bash", ROOT / "deploy" / "make-secrets.sh", folder], check=True, timeout=60)
    return folder / "environments"


@pytest.mark.parametrize("name", settings.SERVICES)
def test_each_service_accepts_the_environment_file_that_is_made_for_it(name: str, environments: Path) -> None:
    for file in (environments / f"{name}.env", environments / f"{name}-migrate.env"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        told = local.settings_of(name, environment=data.environment(file))
        assert make_url(told.database_url_of(name)).username == name
        assert (told.database_owner_password is not None) == file.name.endswith("-migrate.env")


def test_the_environment_files_of_two_services_share_no_secret_but_the_common_ones(environments: Path) -> None:
    found = [
        {
            line
            for file in environments.glob(f"{name}*.env")
            for line in re.findall(
                r"^\w*(?:PASSWORD|MASTER_KEY|LINK_KEY|PERSONAL_KEY|BOUNCE_KEY|APP_SECRET|SECRETS)=.+$",
                file.read_text(),
                re.M,
            )
        }
        for name in settings.SERVICES
    ]
    assert sum(map(len, found)) == len(set().union(*found)) == 2 * len(settings.SERVICES) + 6


UNITS = {path.name: path.read_text() for path in (ROOT / "deploy" / "systemd").iterdir()}


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_runs_a_command_with_a_file_that_is_made(unit: str, environments: Path) -> None:
    told = dict(line.split("=", 1) for line in UNITS[unit].splitlines() if "=" in line and not line.startswith("#"))
    command = told["ExecStart"].replace("%i", "billing").split()
    assert command[0] == "/opt/wattline/bin/wattline"
    assert __main__._parser(command[1:]).parse_args(command[1:]).service == "billing"
    file = Path(told["EnvironmentFile"].replace("%i", "billing"))
    assert file.parent == Path("/etc/wattline/environments")
    assert (environments / file.name).exists()
    assert told["DynamicUser"] == told["NoNewPrivileges"] == "yes"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for name, text in UNITS.items():
        (tmp_path / name).write_text(text.replace("/opt/wattline/bin/wattline", "/bin/true"))
    command = [
        "systemd-analyze",
        "verify",
        "--man=no",
        *(str(tmp_path / name.replace("@", "@billing")) for name in UNITS),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
