"""Questions that are asked by mail, and what a browser does with the links in them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from shared.testing.smtp import Mail, SmtpServer
from tests.kits.notify import Api, contact, started
from tests.kits.told_facts import account

PUBLIC = "https://answers.utility.example/power"
LINK = re.compile(rf"{re.escape(PUBLIC)}(/v1/links/[A-Za-z0-9_-]{{43}})\r?$", re.MULTILINE)
LINKED = {"WATTLINE_PUBLIC_URL": PUBLIC, "WATTLINE_LINK_KEY": "l" * 40}


@asynccontextmanager
async def asking(database_url: str, tmp_path: Path, server: SmtpServer, **given: str) -> AsyncIterator[Api]:
    settings = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port), **given}
    async with started(database_url, tmp_path, **settings) as api:
        await api.notify.put(contact(1), contact(2, language="zh"))
        await api.notify.handle(account(1), account(2))
        yield api


async def asked(api: Api, *facts: Any) -> None:
    await api.notify.handle(*facts)
    await api.send_all()


def path_in(mail: Mail) -> str:
    (found,) = LINK.finditer(mail.text)
    return found[1]


async def opened(api: Api, method: str, path: str, form: str | None = None) -> httpx.Response:
    """Call as a browser does: without a token, a cookie or a script."""
    transport = httpx.ASGITransport(api.service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        if form is None:
            return await client.request(method, path)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await client.request(method, path, content=form, headers=headers)


async def question(api: Api, question_id: str = "q0001") -> dict[str, Any]:
    found: dict[str, Any] = (await api.call("GET", f"/v1/questions/{question_id}")).json()
    return found


async def told(api: Api) -> list[dict[str, Any]]:
    return [fact for fact in await api.notify.published() if "question_id" in fact]
