"""One service as a process that may be ordered to kill itself at a point, or to raise: `python -m tests.e2e.launch SERVICE`.

It is the service as `wattline service` runs it, with the event log and the unit of work wrapped from outside.
"""

import os
import signal
import sys
from pathlib import Path

from services.command import local, serve
from shared import logging as logs
from shared.testing.faults import ERRORS, CrashingTx, CrashPlan, FaultyEventLog

ORDERS = "WATTLINE_TEST_ORDERS"  # directory of the orders, one file for each service: POINT COUNT FAULT
KILL = "kill"
FAULTS = {
    error.__name__: error for error in ERRORS
}  # what is raised instead of a kill, by the name that an order has for it


class Orders(CrashPlan):
    """Obeys the order in a file: SIGKILL, or an error, when the point is passed for the n-th time since the order was given."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._given_at = 0

    def reach(self, point: str) -> None:
        try:
            given_at = self._file.stat().st_mtime_ns
            ordered, count, fault = self._file.read_text().split()
            if given_at != self._given_at:
                self._given_at, self.passed = given_at, {}
            self.passed[point] = self.passed.get(point, 0) + 1
            if point != ordered or self.passed[point] < int(count):
                return
            self._file.unlink()  # once
        except FileNotFoundError:  # none was given, or it was taken back
            return
        if fault != KILL:
            raise FAULTS[fault]
        os.kill(os.getpid(), signal.SIGKILL)


async def run(name: str) -> None:
    settings = local.settings_of(name)
    plan = Orders(Path(os.environ[ORDERS]) / name)
    async with serve.event_log(settings) as opened, serve.stop_on_signal() as stop:
        service = local.build(name, settings, FaultyEventLog(opened, plan=plan))
        CrashingTx.plan = plan
        service.database.unit = CrashingTx
        serve.settle()
        await service.serve(host=settings.host, port=settings.port_of(name), stop=stop)


if __name__ == "__main__":
    logs.configure("INFO")
    serve.run(run(sys.argv[1]))
