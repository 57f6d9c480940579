"""The routes that every service has: health, metrics, jobs, audit entries, control totals, trace."""

import asyncio
import logging
from datetime import date, datetime
from typing import Annotated, Any

import orjson
from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from shared import health
from shared.db import audit, audit_chain, contents, edges, jobs
from shared.db.audit import AuditEntry
from shared.fields import Day, Month
from shared.trace import Origin as TraceOrigin
from shared.web import auth, business_day, errors, pagination, scopes, vitals
from shared.web.routing import Json, Router
from shared.web.state import Current, Web

JOB_SECONDS_MAX = 600.0  # a job goes on where it was cut when it is posted again
GAUGE_SECONDS_MAX = 5.0  # below the scrape time-out
METRICS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

logger = logging.getLogger(__name__)
router = Router(tags=["platform"])
Name = Annotated[str, Path(min_length=1, max_length=64)]


class Live(BaseModel):
    status: str


class Readiness(BaseModel):
    ready: bool
    degraded: bool = Field(description="requests are answered, but a part stands still: facts are not read")
    checks: dict[str, bool]


@router.get("/health/live", policy=auth.public("the orchestrator's probe has no token"), response_model=Live)
async def live() -> Response:
    """Say that the process answers."""
    return Json({"status": "live"})


@router.get(
    "/health/ready",
    policy=auth.public("the orchestrator's probe has no token"),
    response_model=Readiness,
    responses={503: {"description": "A part does not work", "content": {"application/json": {}}}},
)
async def ready(web: Current) -> Response:
    """Say which parts work; 503 while one does not without which no request is answered."""
    results = await health.run({**web.checks, **web.degrading})
    passed = all(results[name] for name in web.checks)
    degraded = not all(results[name] for name in web.degrading)
    return Json({"ready": passed, "degraded": degraded, "checks": results}, 200 if passed else 503)


@router.get(
    "/metrics",
    policy=auth.public("Prometheus scrapes without a token; the port is not routed from outside"),
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(web: Current) -> Response:
    """Return the metrics in Prometheus' text format."""
    answers = await health.run({"database": web.checks["database"]})
    web.metrics.gauge("database_up").set(answers["database"])
    vitals.show_process(web.metrics, web.database, web.settings)
    await _refresh(web)
    return Response(web.metrics.exposition(), media_type=METRICS_MEDIA_TYPE)


async def _refresh(web: Web) -> None:
    try:
        async with asyncio.timeout(GAUGE_SECONDS_MAX), web.database.view() as view:
            await vitals.show_jobs(view, web.metrics, web.jobs)
            for gauges in web.gauges:
                for name, value in (await gauges(view)).items():
                    web.metrics.gauge(name).set(value)
    except Exception as error:  # a scrape without the database still shows the rest, and that these are missing
        web.metrics.counter("gauge_failures_total").inc()
        logger.warning("metrics.gauges_failed", exc_info=error, extra={"repeats": True})


@router.get("/openapi.json", policy=auth.public("the interface is no secret"), include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Return this interface as an OpenAPI document."""
    return Json(request.app.openapi())


class JobRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    business_date: Day


class JobSummary(BaseModel):
    job: str
    business_date: date
    chunks_done: int
    chunks_already_done: int
    chunks_claimed_elsewhere: int
    counts: dict[str, int]
    reason: str | None = Field(description="Why the date had nothing to do.")


class JobRun(BaseModel):
    job: str
    business_date: date
    chunk: str
    state: str
    counts: dict[str, int]
    started_at: datetime
    finished_at: datetime | None


def _job(web: Web, name: str) -> jobs.Job:
    if name not in web.jobs:
        raise errors.not_found("job")
    return web.jobs[name]


@router.post(
    "/v1/jobs/{job}/runs",
    policy=auth.scope(scopes.JOBS_RUN, whole_utility=True),
    seconds_max=JOB_SECONDS_MAX,
    heavy=True,
    raises=(business_day.InTheFuture,),
    example={"business_date": "2026-02-02"},
)
async def run_job(job: Name, request: JobRequest, caller: auth.Current, web: Current) -> JobSummary:
    """Do what is left of a job for a business date; posting it again does nothing twice."""
    found = _job(web, job)
    business_day.check(web, request.business_date)
    entity_id = f"{job}/{request.business_date}"
    async with web.database.begin() as tx:
        tx.audit([AuditEntry(action="run", entity_kind="job", entity_id=entity_id, actor=caller.subject)])
    with vitals.run_of(web.metrics, job):
        result = await jobs.run(web.database, found, request.business_date)
    return JobSummary(**vars(result))


@router.get("/v1/jobs/{job}/runs", policy=auth.scope(scopes.JOBS_READ, whole_utility=True))
async def list_job_runs(
    job: Name, web: Current, wanted: pagination.Query_, business_date: Day | None = None
) -> pagination.Page[JobRun]:
    """List the chunks of a job by date, with what each of them did."""
    name = _job(web, job).name
    after = wanted.last_as(date, str)
    async with web.database.view() as view:
        rows = await jobs.list_runs(view, name, business_date=business_date, after=after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.business_date, row.chunk), item=_job_run)


def _job_run(row: Any) -> JobRun:
    return JobRun(**{**row._mapping, "counts": orjson.loads(row.counts)})


class AuditLine(BaseModel):
    id: int
    at: datetime
    actor: str
    action: str
    entity_kind: str
    entity_id: str
    reason: str
    before_version: int | None
    after_version: int | None
    correlation_id: str
    before: dict[str, Any] | None = Field(
        description="the rows that the command changed, by table, as they were; personal data are …"
    )
    after: dict[str, Any] | None = Field(description="the same rows as the command left them")


@router.get("/v1/audit-entries", policy=auth.scope(scopes.AUDIT_READ, whole_utility=True))
async def list_audit_entries(
    web: Current,
    wanted: pagination.Query_,
    entity_kind: Annotated[str, Query(min_length=1, max_length=64)],
    entity_id: Annotated[str, Query(min_length=1, max_length=160)],
) -> pagination.Page[AuditLine]:
    """List who did what to one object, oldest first."""
    (after,) = wanted.last_as(int) or (0,)
    async with web.database.view() as view:
        rows = await audit.list_page(
            view, entity_kind=entity_kind, entity_id=entity_id, after_id=after, limit=wanted.fetch
        )
    reader = web.database.contents.get(entity_kind, contents.NONE)

    def item(row: dict[str, Any]) -> AuditLine:
        return AuditLine(**row | {side: contents.shown(row[side], reader) for side in ("before", "after")})

    return wanted.page(rows, key=lambda row: (row["id"],), item=item)


class AuditHead(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    seq: int = Field(description="how many entries are sealed")
    hash: str = Field(description="over all of them: who keeps it outside can prove later that none was changed")
    sealed_at: datetime | None


@router.get("/v1/audit-head", policy=auth.scope(scopes.AUDIT_READ, whole_utility=True))
async def audit_head(web: Current) -> AuditHead:
    """Return the head of the chain over the audit entries, to be kept outside."""
    async with web.database.view() as view:
        return AuditHead.model_validate(await audit_chain.head(view, web.service))


@router.get("/v1/control-totals", policy=auth.scope(scopes.TOTALS_READ, whole_utility=True))
async def control_totals(web: Current, cycle: Annotated[Month, Query()]) -> dict[str, int]:
    """Return this service's totals of a cycle, to be compared with the other services'."""
    async with web.database.view() as view:
        found = [await totals(view, cycle) for totals in web.control_totals]
    return {name: value for totals in found for name, value in totals.items()}


class ControlDocument(BaseModel):
    """A document that another service has too. `amount`: Wh of a usage, fen of a bill or difference, else 0."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    subject: str = Field(description="whose it is: service point or account")
    amount: int
    stands: bool = Field(description="not withdrawn or taken back")
    corrects: bool = Field(False, description="issued by a correction, by no run of bills")


@router.get("/v1/control-documents/{kind}", policy=auth.scope(scopes.TOTALS_READ, whole_utility=True))
async def control_documents(
    web: Current, kind: Name, cycle: Annotated[Month, Query()], wanted: pagination.Query_
) -> pagination.Page[ControlDocument]:
    """List the documents of a kind and cycle, to be compared with another service's one by one."""
    documents = web.control_documents.get(kind)
    if documents is None:
        raise errors.not_found("kind of documents")
    (after,) = wanted.last_as(str) or ("",)
    async with web.database.view() as view:
        rows = await documents(view, cycle, after, wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.id,), item=ControlDocument.model_validate)


class Origin(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    service: str
    kind: str
    id: str


class TracedDocument(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    kind: str
    id: str
    service: str
    document: dict[str, Any]
    derived_from: list[Origin] = Field(description="where to ask next")


@router.get("/v1/trace/{kind}/{id:path}", policy=auth.scope(scopes.TRACE_READ))
async def trace(
    kind: Name, id: Annotated[str, Path(min_length=1, max_length=160)], caller: auth.Current, web: Current
) -> TracedDocument:
    """Return one document of the caller's org units and what it was derived from."""
    tracer = web.tracers.get(kind)
    if tracer is None:
        raise errors.not_found("document")
    async with web.database.view() as view:
        node = await tracer(view, id)
        origins = [] if node is None else [*node.derived_from, *await edges.origins(view, web.edges, kind, id)]
    if node is None or not (node.org_unit is None or caller.may_see(node.org_unit)):
        raise errors.not_found("document")
    return TracedDocument(
        kind=node.kind,
        id=node.id,
        service=node.service,
        document=dict(node.document),
        derived_from=[Origin.model_validate(each) for each in dict.fromkeys(origins)],
    )


@router.get("/v1/derived/{service}/{kind}/{id:path}", policy=auth.scope(scopes.TRACE_READ))
async def list_derived(
    service: Name,
    kind: Name,
    id: Annotated[str, Path(min_length=1, max_length=160)],
    caller: auth.Current,
    web: Current,
    wanted: pagination.Query_,
) -> pagination.Page[Origin]:
    """List the documents of this service, of the caller's org units, that were derived from one of this or another service.

    By kind; empty also where this service knows nothing of the document: each service knows what it made of it.
    """
    origin = TraceOrigin(service, kind, id)
    after = wanted.last_as(str, str) or ("", "")
    async with web.database.view() as view:
        rows = await edges.derived(view, web.edges, origin, visible=caller.visible, after=after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: row, item=lambda row: Origin(service=web.service, kind=row[0], id=row[1]))
