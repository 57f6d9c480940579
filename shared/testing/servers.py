"""Real PostgreSQL and Apache Kafka servers for tests and benches: started, stopped, killed and wiped from Python.

Both listen on 127.0.0.1 only and keep their data in a directory of their own, so several can run side by side.
"""

import asyncio
import atexit
import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil

DEPLOY = Path(__file__).parents[2] / "deploy"
KAFKA_SCRIPT = DEPLOY / "kafka" / "kafka.sh"
POSTGRES_SETTINGS = DEPLOY / "postgres" / "postgresql.conf"
SUPERUSER = "postgres"
START_SECONDS = 60
STOP_SECONDS = 30
INSTALL_SECONDS = 600
SQL_SECONDS = 60
PORT_TRIALS = 100


class ServerUnavailable(Exception):
    """The server cannot be had on this machine; the text says what is missing."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that was free a moment ago, for a server that is stopped and started again.

    It lies below the ports that the kernel gives to clients (32768 on Linux): there, a client that knocks at the port of a
    stopped server can be connected to itself, and the server finds its port taken when it comes back.
    """
    for _ in range(PORT_TRIALS):
        port = 15_000 + secrets.randbelow(15_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: old connections do not count
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise ServerUnavailable(f"no free port in {PORT_TRIALS} trials")


def run_anywhere(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end from anywhere: a thread of its own does not mind a loop that runs already."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(asyncio.run, work).result()


class _Guard:
    """Run a shell command when this process ends without having dismissed the guard, however it ends: killed, too."""

    def __init__(self, command: str, environment: dict[str, str]) -> None:
        # The guard waits for the end of a pipe that only this process holds open.
        self._process = subprocess.Popen(
            ["bash", "-c", f"read -r _; {command}"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        self._process.kill()
        self._process.communicate()


class PostgresDatabases:
    """Fresh databases on a server that runs already, given by the URL of a role that may create them."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url.replace("postgresql+asyncpg://", "postgresql://"))

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one database."""
        return urlunsplit(self._url._replace(scheme="postgresql+asyncpg", path=f"/{database}"))

    def execute(self, *statements: str, database: str | None = None) -> None:
        """Run statements one by one, each in its own transaction, in the maintenance database unless told."""

        async def work() -> None:
            parts = self._url if database is None else self._url._replace(path=f"/{database}")
            connection = await asyncpg.connect(urlunsplit(parts), timeout=10, command_timeout=SQL_SECONDS)
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        run_anywhere(work())

    def create_database(self, name: str | None = None, *, template: str | None = None) -> str:
        """Create a database and return its SQLAlchemy URL; without a name it gets a random one.

        It is empty, or a copy of the one whose URL is given as `template`, which nobody may be using. Its files are copied:
        through the log it takes twice as long.
        """
        name = name or f"test_{secrets.token_hex(6)}"
        origin = _name(template) if template else "template0"
        self.execute(f'CREATE DATABASE "{_checked(name)}" TEMPLATE "{origin}" STRATEGY FILE_COPY')
        return self.url(name)

    def create_role(self, name: str) -> None:
        """Create a role that may log in and owns nothing, unless it is there."""
        create = f"CREATE ROLE {_checked(name)} LOGIN PASSWORD '{name}'"
        self.execute(f"DO $$ BEGIN {create}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")

    def url_as(self, role: str, url: str) -> str:
        """Return the URL of a database as a role of `create_role` uses it."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        return urlunsplit(urlsplit(url)._replace(netloc=f"{role}:{role}@{host}"))

    def drop_database(self, *urls: str) -> None:
        """Drop databases by their URLs, ending the sessions that still use them."""
        self.execute(*(f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)' for url in urls))


def _name(url: str) -> str:
    return _checked(urlsplit(url).path.removeprefix("/"))


def _checked(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise ValueError(f"not a plain database name: {name!r}")
    return name


class _Temporary(ABC):
    """A server of our own in a temporary directory, `_base`; `_guard` deletes that where we cannot."""

    _base: Path
    _guard: "_Guard | None" = None

    @abstractmethod
    def start(self) -> Self:
        """Start the server and wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the server cleanly; the data stay."""

    def remove(self) -> None:
        """Stop the server and delete everything it left on disk."""
        atexit.unregister(self.remove)
        self.stop()
        shutil.rmtree(self._base, ignore_errors=True)
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.remove()


class PostgresServer(PostgresDatabases, _Temporary):
    """A PostgreSQL of our own in a temporary directory, with the settings shipped in `deploy/postgres`.

    Durable by default; `durable=False` turns fsync off for tests that never crash it.
    Start it from the main thread: the server ends with the thread that started it, so that none is left behind.
    """

    def __init__(self, *, durable: bool = True, settings: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self._durable = durable
        self._settings = settings or {}
        self._base = Path(tempfile.mkdtemp(prefix="wattline-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres")

    @staticmethod
    def binaries() -> Path:
        """Return the directory of the newest installed server; raises `ServerUnavailable`."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        if found:
            return found[-1].parent
        in_path = shutil.which("initdb")
        if in_path is None:
            raise ServerUnavailable("PostgreSQL is not installed (Debian package postgresql)")
        return Path(in_path).resolve().parent

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        if self._process is None:
            raise RuntimeError("PostgreSQL is not running")
        return self._process.pid

    def start(self) -> Self:
        """Create the cluster when there is none, start the server and wait until it answers."""
        if self._process is not None:
            raise RuntimeError("PostgreSQL is running already")
        data = self._base / "data"
        if not data.exists():
            self._initialise(data)
        if self._guard is None:  # the server itself ends with us, see below
            self._guard = _Guard('sleep 10; rm -rf "$BASE"', os.environ | {"BASE": str(self._base)})
        options = {
            **shipped_settings(),
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            **({} if self._durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
            **self._settings,
        }
        command = [str(self.binaries() / "postgres"), "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self._base / "server.log").open("ab") as log:
            # SIGINT is PostgreSQL's fast shutdown; setpriv sends it when the test process dies, however it dies.
            self._process = subprocess.Popen(
                [*_as_postgres("--pdeathsig", "INT"), *command],
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # an interrupt at the terminal goes to the tests, which then stop the server
            )
        atexit.register(self.remove)
        self._wait_until_it_answers()
        return self

    def stop(self) -> None:
        """Stop the server cleanly, by force after the time limit; the data stay."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the postmaster and all its children at once, as a power cut would; `start` then recovers."""
        if self._process is None:
            return
        # Backends have sessions of their own, and one that outlives the postmaster keeps `start` from recovering.
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, STOP_SECONDS)
        self._process.wait(STOP_SECONDS)
        self._process = None

    def wipe(self) -> None:
        """Delete the whole cluster; the next `start` makes an empty one."""
        self.stop()
        shutil.rmtree(self._base / "data", ignore_errors=True)

    def _initialise(self, data: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(self._base, SUPERUSER, SUPERUSER)
        command = [str(self.binaries() / "initdb"), "-D", str(data), "-U", SUPERUSER, "--auth=trust"]
        command += ["--locale=C.UTF-8", "--encoding=UTF8", *([] if self._durable else ["--no-sync"])]
        done = subprocess.run(
            [*_as_postgres(), *command], capture_output=True, text=True, cwd="/", timeout=START_SECONDS, check=False
        )
        if done.returncode:
            raise ServerUnavailable(f"initdb failed: {done.stderr.strip()[-500:]}")

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
                return
            except (OSError, asyncpg.PostgresError, TimeoutError) as refused:
                tail = (self._base / "server.log").read_text(errors="replace")[-500:]
                if self._process.poll() is not None:
                    self._process = None
                    raise ServerUnavailable(f"PostgreSQL ended while starting: {tail}") from refused
                if time.monotonic() > deadline:
                    self.kill()
                    raise ServerUnavailable(f"PostgreSQL does not answer after {START_SECONDS} s: {tail}") from refused
                time.sleep(0.05)


def shipped_settings() -> dict[str, str]:
    """Return the PostgreSQL settings of `deploy/postgres/postgresql.conf` by name."""
    lines = (line.split("#")[0].strip() for line in POSTGRES_SETTINGS.read_text().splitlines())
    pairs = (line.split("=", 1) for line in lines if line)
    return {name.strip(): value.strip().strip("'") for name, value in pairs}


def _as_postgres(*options: str) -> list[str]:
    """PostgreSQL refuses to run as root: change to the user that its package made."""
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(SUPERUSER)
        except KeyError:
            raise ServerUnavailable(f"running as root, and there is no user {SUPERUSER!r} to run it as") from None
        options = (f"--reuid={SUPERUSER}", f"--regid={SUPERUSER}", "--init-groups", *options)
    return ["setpriv", *options] if options else []


class KafkaBroker(_Temporary):
    """One Apache Kafka broker from `deploy/kafka`, with ports and a data directory of its own.

    `security`: the folder that `kafka.sh` calls KAFKA_SECURITY; without it, the broker takes anybody.
    """

    def __init__(self, *, security: Path | None = None) -> None:
        self.port, controller_port = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._base = Path(tempfile.mkdtemp(prefix="wattline-kafka-"))
        self._environment = os.environ | {
            "KAFKA_PORT": str(self.port),
            "KAFKA_CONTROLLER_PORT": str(controller_port),
            "KAFKA_DATA": str(self._base),
            **({"KAFKA_SECURITY": str(security)} if security else {}),
        }

    @staticmethod
    def install() -> None:
        """Fetch the broker's jars unless they are there; raises `ServerUnavailable`."""
        if shutil.which("java") is None:
            raise ServerUnavailable("Java is not installed (Debian package default-jre-headless)")
        _script("install", dict(os.environ), INSTALL_SECONDS)

    @property
    def pid(self) -> int:
        """The process id of the broker."""
        return int((self._base / "broker.pid").read_text())

    def start(self) -> Self:
        """Start the broker and wait until it accepts clients."""
        self.install()
        atexit.register(self.remove)
        if self._guard is None:
            self._guard = _Guard(f'"{KAFKA_SCRIPT}" stop; rm -rf "$KAFKA_DATA"', self._environment)
        _script("start", self._environment, START_SECONDS * 2)
        return self

    def stop(self) -> None:
        """Stop the broker cleanly; the records stay."""
        _script("stop", self._environment, STOP_SECONDS * 2)

    def kill(self) -> None:
        """End the broker at once, as a power cut would; `start` then recovers."""
        os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + STOP_SECONDS
        while _port_is_open(self.port):
            if time.monotonic() > deadline:
                raise RuntimeError("the killed broker still accepts connections")
            time.sleep(0.05)

    def wipe(self) -> None:
        """Stop the broker and delete all topics, records and offsets."""
        self.stop()
        _script("wipe", self._environment, STOP_SECONDS)


def _port_is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _script(verb: str, environment: dict[str, str], limit_seconds: int) -> None:
    # Output goes to a file: the broker would keep a pipe open, and we would wait for its end.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(KAFKA_SCRIPT), verb], env=environment, stdout=output, stderr=output, timeout=limit_seconds, check=False
        )
        output.seek(0)
        if done.returncode:
            text = output.read().decode(errors="replace").strip()
            raise ServerUnavailable(f"kafka.sh {verb} failed: {text[-500:]}")
