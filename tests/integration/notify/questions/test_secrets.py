"""Where tokens and addresses do not stand."""

import hashlib
import logging
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.db.engine import Database
from shared.testing.smtp import SmtpServer
from tests.kits.links import LINKED, asked, asking, opened, path_in
from tests.kits.told_facts import proposed


async def test_neither_database_nor_log_nor_fact_nor_metric_holds_a_token_or_an_address(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1), proposed(2))
            first, second = map(path_in, server.mails)
            await opened(api, "POST", first, "answer=yes")
            await opened(api, "POST", first, "answer=no")
            await opened(api, "POST", second, "answer=maybe")
            metrics = (await api.call("GET", "/metrics")).text
            answers = [(await api.call("GET", path)).text for path in ("/v1/questions", "/v1/notices")]
            kept = await everything(api.notify.database)
    for token in (path.rpartition("/")[2] for path in (first, second)):
        own = [record.getMessage() + repr(vars(record)) for record in caplog.records if _is_ours(record.name)]
        assert own
        for where, content in {"log": "".join(own), "metrics": metrics, "http": "".join(answers), "rows": kept}.items():
            assert token not in content, where
        assert hashlib.sha256(token.encode()).hexdigest() in kept
    for content in (metrics, *answers):
        assert "example.org" not in content


def _is_ours(logger: str) -> bool:
    return logger.startswith(("shared", "services"))


async def everything(database: Database) -> str:
    """Return all rows of all tables as text."""
    async with database.view() as view:
        names = [row.name for row in await view.all(text(TABLES[database.dialect]))]
        return "".join([str(await view.all(text(f'SELECT * FROM "{name}"'))) for name in names])


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
}
