"""The commands that act over REST, against a real HTTP server."""

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from fastapi import FastAPI

from services.__main__ import main
from services.command import reconcile
from shared import web
from shared.bus import dead_letters
from shared.bus.dead_letters import DeadLetter
from shared.db.engine import Database, View
from shared.settings import SERVICES
from shared.trace import Origin, TraceNode
from shared.web import admission
from tests.kits import live, webapp

TREE = {
    ("payment", "p-1"): TraceNode(
        "collection",
        "payment",
        "p-1",
        {"amount_fen": 500},
        (Origin("billing", "bill", "b-1"), Origin("billing", "bill", "b-2")),
    ),
    ("bill", "b-1"): TraceNode("billing", "bill", "b-1", {"total_fen": 200}, (Origin("reading", "usage", "u-1"),)),
    ("bill", "b-2"): TraceNode("billing", "bill", "b-2", {"total_fen": 300}, (Origin("reading", "usage", "u-1"),)),
    ("usage", "u-1"): TraceNode("reading", "usage", "u-1", {"energy_wh": 9}, (Origin("billing", "bill", "b-1"),)),
    ("payment", "p-2"): TraceNode("collection", "payment", "p-2", {}, (Origin("billing", "bill", "gone"),)),
}
TOTALS = {name.partition(".")[2]: 0 for rule in reconcile.RULES for name in (*rule.left, *rule.right)} | {
    "issued_fen": 500,
    "documents_fen": 500,
    "posted_fen": 500,
}


def tracer(kind: str) -> web.Tracer:
    async def traced(_view: View, document_id: str) -> TraceNode | None:
        return TREE.get((kind, document_id))

    return traced


async def totals(_view: View, cycle: str) -> dict[str, int]:
    return TOTALS if cycle == "2026-01" else TOTALS | {"posted_fen": 499}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    async def build() -> tuple[FastAPI, Callable[[], Awaitable[None]]]:
        database = Database(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('command')}/tiny.db")
        await webapp.create_tables(database)
        async with database.begin() as tx:
            letters = [
                DeadLetter(
                    event_id=f"e-{n}",
                    item=0,
                    topic="wattline.billing",
                    partition=1,
                    type="x.v1",
                    key=f"k-{n}",
                    state="poison",
                    error="KeyError",
                    payload="{}",
                )
                for n in range(3)
            ]
            await dead_letters.put(tx, "wattline.tiny", letters)
        return webapp.build(
            database, tracers={kind: tracer(kind) for kind, _ in TREE}, control_totals=[totals]
        ), database.close

    with live.served(build) as base_url:
        yield base_url


@pytest.fixture(autouse=True)
def environment(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in webapp.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for service in SERVICES:
        monkeypatch.setenv(f"WATTLINE_{service.upper()}_URL", url)
    monkeypatch.setenv("WATTLINE_DATA_DIR", str(tmp_path))


def test_a_job_is_run_and_its_summary_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "billing", "count-notes", "--date", "2026-01-31"]) == 0
    assert json.loads(capsys.readouterr().out)["business_date"] == "2026-01-31"


def test_a_job_that_is_shed_is_tried_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shed = [admission.overloaded(0), admission.overloaded(0)]

    def grow(_place: admission.Place) -> None:
        if shed:
            raise shed.pop()

    monkeypatch.setattr(admission.Place, "grow", grow)
    assert main(["job", "billing", "count-notes", "--date", "2026-01-30"]) == 0
    assert json.loads(capsys.readouterr().out)["business_date"] == "2026-01-30"
    assert shed == []


def test_what_a_service_refuses_is_said_and_the_command_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "billing", "none", "--date", "2026-01-31"]) == 1
    assert "job.unknown" in capsys.readouterr().err


def test_a_job_for_a_day_that_has_not_come_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "billing", "count-notes", "--date", "2199-01-01"]) == 1
    assert "422 business_date.in_the_future" in capsys.readouterr().err


def test_dead_letters_are_listed_and_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "list", "billing"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [x["event_id"] for x in listed] == ["e-0", "e-1", "e-2"]
    assert main(["dead-letters", "replay", "billing", "--ids", str(listed[0]["id"])]) == 0
    assert json.loads(capsys.readouterr().out) == {"marked": 1, "not_set_aside": []}
    assert main(["dead-letters", "replay", "billing"]) == 0
    assert json.loads(capsys.readouterr().out) == {"marked": 3, "not_set_aside": []}


def test_a_trace_shows_each_document_behind_a_payment_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "p-1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "collection/payment/p-1  amount_fen=500",
        "  billing/bill/b-1  total_fen=200",
        "    reading/usage/u-1  energy_wh=9",
        "  billing/bill/b-2  total_fen=300",
    ]


def test_a_trace_begins_at_a_document_of_any_kind_and_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "bill", "b-2", "--service", "billing"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "billing/bill/b-2  total_fen=300"
    assert main(["trace", "bill", "b-2"]) == 1  # here all four answer
    assert "several services have it, say --service" in capsys.readouterr().err
    assert main(["trace", "bill", "none"]) == 1
    assert "document.unknown" in capsys.readouterr().err
    assert main(["trace", "a", "bill", "b-2"]) == 1


def test_a_trace_with_a_missing_document_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "p-2"]) == 1
    assert "billing/bill/gone  missing=True" in capsys.readouterr().out


def test_a_trace_of_an_unknown_payment_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "none"]) == 1
    assert "document.unknown" in capsys.readouterr().err


def test_reconcile_agrees_where_the_totals_do_and_fails_where_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile", "--cycle", "2026-01"]) == 0
    assert "DIFF" not in capsys.readouterr().out
    assert main(["reconcile", "--cycle", "2026-02"]) == 1
    assert "DIFF fen issued = posted + waiting: 500 | 499" in capsys.readouterr().out


def test_a_service_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WATTLINE_BILLING_URL", "http://127.0.0.1:1")
    assert main(["job", "billing", "count-notes", "--date", "2026-01-31"]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_token_that_is_given_is_used_and_needs_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "--subject", "s-9", "--scopes", "notes:read", "--org-units", "zj"]) == 0
    token = capsys.readouterr().out.strip()
    monkeypatch.delenv("WATTLINE_TOKEN_KEY")
    monkeypatch.setenv("WATTLINE_TOKEN", token)
    assert main(["dead-letters", "list", "billing"]) == 1
    assert "auth.missing_scope" in capsys.readouterr().err


def test_without_a_token_and_without_a_secret_the_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WATTLINE_TOKEN_KEY")
    assert main(["dead-letters", "list", "billing"]) == 2
    assert "WATTLINE_TOKEN_KEY is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["nothing"], ["service", "none"], ["job", "billing", "x", "--date", "tomorrow"]]
)
def test_wrong_use_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(SystemExit) as left:
        main(["republish", "billing", "--from", "2026-01-31T00:00:00"])
    assert left.value.code == 2


def test_no_key_is_made_up_where_the_installation_has_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("WATTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WATTLINE_TOKEN", "one that was given")
    monkeypatch.delenv("WATTLINE_TOKEN_KEY", raising=False)
    assert main(["token", "--subject", "s", "--scopes", "jobs:run"]) == 2
    assert "is missing" in capsys.readouterr().err


def test_a_token_is_signed_with_a_key_that_no_service_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path / "token_signing_key"
    file.write_bytes(private.private_bytes(*pem))
    public = private.public_key().public_bytes(pem[0], serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    monkeypatch.setenv("WATTLINE_TOKEN_ALGORITHM", "EdDSA")
    monkeypatch.setenv("WATTLINE_TOKEN_KEY", public)
    command = ["token", "--subject", "s-9", "--scopes", "notes:read"]
    assert main(command) == 2
    assert "WATTLINE_TOKEN_SIGNING_KEY_FILE" in capsys.readouterr().err
    for wrong in (tmp_path / "none", tmp_path / "no_key"):
        (tmp_path / "no_key").write_text(public)
        monkeypatch.setenv("WATTLINE_TOKEN_SIGNING_KEY_FILE", str(wrong))
        assert main(command) == 2
        assert "WATTLINE_TOKEN_SIGNING_KEY_FILE" in capsys.readouterr().err
    monkeypatch.setenv("WATTLINE_TOKEN_SIGNING_KEY_FILE", str(file))
    assert main(command) == 0
    token = capsys.readouterr().out.strip()
    assert jwt.decode(token, public, algorithms=["EdDSA"], audience="wattline", issuer="wattline")["sub"] == "s-9"
