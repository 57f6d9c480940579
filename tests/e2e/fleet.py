"""The four services as processes that are killed by order and started again at once."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.settings import SERVICES
from shared.testing.servers import free_port
from tests.e2e.launch import KILL, ORDERS
from tests.kits.line import CHANNEL_SECRET

ROOT = Path(__file__).parents[2]
STOP_SECONDS_MAX = 60
COMMAND_SECONDS_MAX = 120
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Order:
    """To be killed in a step, or to raise an error, when a point is passed for the `count`-th time."""

    step: str
    service: str
    point: str
    count: int
    fault: str = KILL


def environment(work: Path, **own: str) -> dict[str, str]:
    """Return the environment of an installation on free ports, with settings of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WATTLINE_")}
    settings = {
        "data_dir": str(work / "var"),
        "token_key": "k" * 40,
        "device_master_key": "d" * 40,
        "personal_key": "v" * 40,
        "channel_secrets": f'{{"app": "{CHANNEL_SECRET}"}}',
        "log_level": "WARNING",
        **{f"{name}_url": f"http://127.0.0.1:{free_port()}" for name in SERVICES},
        **own,
    }
    named = {f"WATTLINE_{name.upper()}": value for name, value in settings.items()}
    return {**inherited, **named, "PYTHONPATH": str(ROOT)}


def wattline(environment: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the `wattline` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )


class Fleet:
    """Processes by name; what ends by an order is started again, what ends otherwise is told by `watch`."""

    def __init__(self, work: Path, environment: Mapping[str, str], orders: Iterable[Order] = ()) -> None:
        self.obeyed: list[Order] = []
        self.outright: list[Order] = []  # kills at no point: their step had no occasion left for what was ordered
        self._work = work
        self._environment = {**environment, ORDERS: str(work / "orders")}
        self._waiting = {name: deque(order for order in orders if order.service == name) for name in SERVICES}
        self._armed: dict[str, Order] = {}
        self._steps: set[str] = set()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        (work / "orders").mkdir(exist_ok=True)

    def start(self) -> None:
        """Start each service as a process of its own."""
        for name in SERVICES:
            self._start(name, "-m", "tests.e2e.launch", name)

    def start_together(self) -> None:
        """Start all services in one process, as the product does by default."""
        self._start("up", "-m", "services", "up")

    def _start(self, name: str, *command: str) -> None:
        with (self._work / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *command], env=self._environment, cwd=self._work, stdout=log, stderr=log
            )

    @property
    def left(self) -> list[Order]:
        """The orders of steps that have begun, and are not carried out yet."""
        waiting = [order for queue in self._waiting.values() for order in queue if order.step in self._steps]
        return [*self._armed.values(), *waiting]

    def begin(self, step: str) -> None:
        """Give out the orders of a step, each service one after the other."""
        self._steps.add(step)
        for name in SERVICES:
            self._arm(name)

    def _arm(self, name: str) -> None:
        queue = self._waiting[name]
        if name in self._armed or not queue or queue[0].step not in self._steps:
            return
        order = self._armed[name] = queue.popleft()
        draft = self._work / f"{name}.order"
        draft.write_text(f"{order.point} {order.count} {order.fault}")
        draft.replace(self._work / "orders" / name)

    def end_orders(self) -> None:
        """Kill at once who waits in vain for the point of its order; an error that has no occasion is taken back."""
        for name, order in list(self._armed.items()):
            try:
                (self._work / "orders" / name).unlink()
            except FileNotFoundError:
                continue  # it is being carried out
            del self._armed[name]
            if order.fault == KILL:
                self._processes[name].kill()
                self._processes[name].wait()
                self.outright.append(order)
                self._start_again(name)
            else:
                self._arm(name)

    async def watch(self) -> None:
        """Start again what was killed by order; raises where a process ended in another way."""
        while True:
            for name, process in self._processes.items():
                code = process.poll()
                order = self._armed.get(name)
                obeyed = order is not None and not (self._work / "orders" / name).exists()
                if code is not None and (code != -signal.SIGKILL or not obeyed):
                    tail = (self._work / f"{name}.log").read_text(errors="replace")[-3000:]
                    raise AssertionError(f"{name} ended by itself with {code}: {tail}")
                if order is None or not obeyed or (order.fault == KILL and code is None):
                    continue
                self.obeyed.append(self._armed.pop(name))
                if code is None:
                    self._arm(name)
                else:
                    self._start_again(name)
            await asyncio.sleep(LOOK_SECONDS)

    def _start_again(self, name: str) -> None:
        self._arm(name)
        self._start(name, "-m", "tests.e2e.launch", name)

    def stop(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
