"""Debian's Dovecot (an IMAP server) with one mailbox: what lies in its folders."""

import asyncio
import contextlib
import getpass
import imaplib
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.notify.sending.gateways.mailbox import ImapServer
from shared.testing.servers import free_port
from tests.kits.certificates import Authority

READY_SECONDS_MAX = 60
USER, PASSWORD = "bounces", "mailbox-secret-planted"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
mail_location = maildir:{folder}/mail
mail_uid = {mail}
mail_gid = {mail_group}
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = yes
{more}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={mail} gid={mail_group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot; `server` is how its mailbox is read."""

    server: ImapServer
    starttls: ImapServer

    def put(self, mails: Iterable[bytes], folder: str = "INBOX") -> None:
        with self._session() as imap:
            for mail in mails:
                assert imap.append(folder, "", "", mail)[0] == "OK"

    def count(self, folder: str) -> int:
        with self._session() as imap:
            status, (said,) = imap.select(folder, readonly=True)
            return int(said or b"0") if status == "OK" else 0

    def mails(self, folder: str) -> list[bytes]:
        with self._session() as imap:
            if imap.select(folder, readonly=True)[0] != "OK":
                return []
            return [item[1] for item in imap.fetch("1:*", "(BODY.PEEK[])")[1] if isinstance(item, tuple)]

    @contextlib.contextmanager
    def _session(self) -> Iterator[imaplib.IMAP4]:
        context = ssl.create_default_context(cafile=self.server.certificates)
        with imaplib.IMAP4_SSL(self.server.host, self.server.port, ssl_context=context, timeout=20) as imap:
            imap.login(USER, PASSWORD)
            yield imap


@asynccontextmanager
async def running(more: str = "") -> AsyncIterator[Dovecot]:
    """Run Dovecot in a folder of its own, which its own users must enter; `more`: further lines of its configuration."""
    folder, ports, authority = _prepared(more)
    process = await asyncio.create_subprocess_exec("dovecot", "-F", "-c", str(folder / "dovecot.conf"))
    try:
        await _listening(ports["tls"])
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "username": USER,
            "password": PASSWORD,
            "folder": "INBOX",
            "timeout_seconds": 20.0,
            "certificates": str(authority.file),
        }
        tls = ImapServer(port=ports["tls"], security="tls", **given)
        yield Dovecot(tls, replace(tls, port=ports["starttls"], security="starttls"))
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _prepared(more: str) -> tuple[Path, dict[str, int], Authority]:
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    root, me, group = os.geteuid() == 0, getpass.getuser(), str(os.getgid())
    users = ("dovecot", "dovenull", "dovecot", "nobody", "nogroup") if root else (me, me, group, me, group)
    names = dict(zip(("internal", "login", "group", "mail", "mail_group"), users, strict=True))
    ports = {"tls": free_port(), "starttls": free_port()}
    authority = Authority(folder)
    key, certificate = authority.give("127.0.0.1")
    (folder / "key.pem").write_bytes(key)
    (folder / "cert.pem").write_bytes(certificate)
    for name in ("mail", "home"):
        (folder / name).mkdir()
        if root:
            shutil.chown(folder / name, "nobody", "nogroup")
    folder.chmod(0o755)
    (folder / "dovecot.conf").write_text(CONFIG.format(folder=folder, password=PASSWORD, more=more, **names, **ports))
    return folder, ports, authority


async def _listening(port: int) -> None:
    async with asyncio.timeout(READY_SECONDS_MAX):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
