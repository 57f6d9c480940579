"""A small service with one route per promise of the web platform, for the tests of shared/web."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from starlette.requests import Request
from starlette.responses import Response

from shared import web
from shared.db import bulk, platform
from shared.db.engine import Database, Tx, View
from shared.db.jobs import Job
from shared.errors import BusinessError
from shared.settings import Settings
from shared.trace import Origin, TraceNode
from shared.web import auth, conditional, devices, errors, idempotency, pagination

KEY = "k" * 40
TOKEN_SECONDS = 86_400  # made when a module of tests is loaded, used when its turn comes, maybe hours later
METADATA = MetaData()
PLATFORM = platform.tables(METADATA)
NOTES = Table(
    "note",
    METADATA,
    Column("note_no", String(64), primary_key=True),
    Column("org_unit", String(128), nullable=False),
    Column("version", Integer, nullable=False),
)
ENVIRONMENT = {
    "WATTLINE_TOKEN_KEY": KEY,
    "WATTLINE_DEVICE_MASTER_KEY": KEY,
    "WATTLINE_PERSONAL_KEY": KEY,
    "WATTLINE_BODY_BYTES_MAX": "4096",
    "WATTLINE_STRANGER_REQUESTS_PER_SECOND": "10000",  # tests come with many odd tokens at once
}

router = web.Router("/v1", tags=["notes"])
No = Annotated[str, Path(min_length=1, max_length=64)]


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note_no: str = Field(min_length=1, max_length=64)
    org_unit: str = Field(min_length=1, max_length=128)
    version: int = Field(1, ge=1, le=1_000_000)


class AlreadyThere(BusinessError):
    status = 409
    code = "note.already_there"
    title = "There is a note with this number"


@router.get("/notes", policy=auth.scope("notes:read"))
async def list_notes(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[Note]:
    async with db.view() as view:
        rows = await view.all(
            select(NOTES)
            .where(caller.visible(NOTES.c.org_unit), wanted.after(NOTES.c.note_no))
            .order_by(NOTES.c.note_no)
            .limit(wanted.fetch)
        )
    return wanted.page(rows, key=lambda row: (row.note_no,), item=lambda row: Note(**row._mapping))


@router.post(
    "/notes",
    policy=auth.scope("notes:write"),
    raises=(AlreadyThere, idempotency.KeyReused),
    status_code=201,
    response_model=Note,
)
async def add_note(note: Note, key: idempotency.Key, caller: auth.Current, db: web.Db) -> Response:
    caller.require(note.org_unit)

    async def add() -> Note:
        if not await insert(tx, [note]):
            raise AlreadyThere
        return note

    async with db.begin() as tx:
        answer = await idempotency.once(
            tx, caller=caller, key=key, route="POST /v1/notes", body=note, status=201, action=add
        )
    return answer.response()


@router.post("/notes/{note_no}/decisions", policy=auth.scope("notes:write"), raises=conditional.RAISES)
async def decide(note_no: No, seen: conditional.VersionSeen, caller: auth.Current, db: web.Db) -> Note:
    async with db.view() as view:
        row = await view.first(select(NOTES).where(NOTES.c.note_no == note_no))
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("note")
    conditional.require(seen, row.version)
    return Note(**row._mapping)


@router.post(
    "/pushes",
    policy=auth.device(or_scope="notes:write"),
    raises=(devices.ReplayedMessage,),
    response_model=Note,
)
async def push(
    note: Note, caller: auth.Current, db: web.Db, tag: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    async with db.begin() as tx:
        await devices.remember_nonce(tx, caller.device)
        await insert(tx, [note])
    return web.Json(note.model_dump())


@router.post("/files", policy=auth.scope("notes:write"), media_types=("text/csv",))
async def upload(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@router.get("/hangs", policy=auth.public("a test"), seconds_max=0.05)
async def hang() -> dict[str, int]:
    await asyncio.sleep(30)
    return {}


@router.get("/fails", policy=auth.public("a test"), include_in_schema=False)
async def fail() -> dict[str, int]:
    raise RuntimeError("the phone number is 13800000000")


async def insert(tx: Tx, notes: Sequence[Note]) -> Sequence[Any]:
    columns = {name: [getattr(note, name) for note in notes] for name in ("note_no", "org_unit", "version")}
    return await bulk.insert_ignore(tx, NOTES, columns, key=("note_no",))


async def one_chunk(_read: View, _business_date: date) -> Sequence[str]:
    return ["all"]


async def count_notes(tx: Tx, _business_date: date, _chunk: str) -> dict[str, int]:
    return {"notes": len(await tx.all(select(NOTES.c.note_no)))}


async def control_totals(_view: View, cycle: str) -> dict[str, int]:
    return {"notes": 3 if cycle == "2026-01" else 0}


async def trace_note(_view: View, document_id: str) -> TraceNode | None:
    return TraceNode("tiny", "note", document_id, {"amount_fen": 1}, (Origin("tiny", "cause", "c-1"),))


@dataclass(frozen=True)
class FixedClock:
    at: datetime

    def now(self) -> datetime:
        return self.at


async def known_devices(device_id: str) -> devices.DeviceRecord | None:
    return {
        "headend-1": devices.DeviceRecord(key_ids=("1",), active=True, org_unit="zj"),
        "headend-stolen": devices.DeviceRecord(key_ids=("1",), active=False, org_unit="zj"),
    }.get(device_id)


async def create_tables(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)


def build(database: Database, **options: Any) -> FastAPI:
    """Return the app; the tables exist already."""
    given: dict[str, Any] = {
        "settings": Settings.load(ENVIRONMENT),
        "routers": [router],
        "jobs": [Job("count-notes", one_chunk, count_notes)],
        "devices": devices.Devices(KEY, known_devices),
        "control_totals": [control_totals],
        "tracers": {"note": trace_note},
    }
    return web.create_app(service="tiny", database=database, **given | options)


def token(*scopes: str, org_units: Sequence[str] = ("*",), subject: str = "staff-1") -> str:
    claims: dict[str, Any] = {"subject": subject, "scopes": scopes, "org_units": org_units}
    return auth.mint(key=KEY, audience="wattline", seconds=TOKEN_SECONDS, **claims)


def bearer(*scopes: str, **options: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(*scopes, **options)}"}


def signed_anyhow() -> str:
    """Return the header of a device message that is well formed and of now, as anybody can write it."""
    return f'{devices.SCHEME} device="d",timestamp="{int(time.time())}",nonce="{"n" * 16}",signature="{"0" * 64}"'


@asynccontextmanager
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    # an error that the app does not answer itself must show
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://tiny") as opened:
        yield opened


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem document of an answer that must be one."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["code"] == code
    assert document["status"] == status
    assert document["type"] == f"urn:wattline:problem:{code}"
    assert document["correlation_id"] == answer.headers["x-correlation-id"]
    assert ("www-authenticate" in answer.headers) == (status == 401)
    return document
