"""A request that outlasts the time which a stop gives it: its caller, the metrics and the log are told that it was cut."""

import asyncio
import logging

import pytest

from shared import service
from shared.db.engine import Database
from tests.attack.sockets import code_of, send, serving
from tests.attack.working import Work, app_of, post


async def test_a_request_that_a_stop_cuts_is_answered_counted_and_logged(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "GRACE_SECONDS", 0.1)
    work = Work()
    app = app_of(database, work)
    async with serving(app) as port:
        cut = asyncio.create_task(send(port, [post(100)]))
        await work.until_begun(1)
    answer = await cut
    assert code_of(answer) == (503, "request.stopped")
    counted = 'wattline_http_requests_total{method="POST",route="/v1/work",status="503"} 1.0'
    assert counted in app.state.web.metrics.exposition().decode()
    [line] = [record for record in caplog.records if record.getMessage() == "request.stopped"]
    assert (line.levelno, vars(line)["route"], vars(line)["method"]) == (logging.WARNING, "/v1/work", "POST")
