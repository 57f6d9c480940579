"""What a process shows of itself at each scrape: its jobs, connections, disk and certificates."""

import platform
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from shared.db import jobs
from shared.db.engine import Database, View
from shared.metrics import Metrics
from shared.settings import Settings

DONE, FAILED = "done", "failed"


def begin(metrics: Metrics, *, version: str, job_names: Collection[str]) -> None:
    """Show what is known from the start, and count from 0 on: an alert cannot see a first count grow."""
    metrics.gauge("build_info").labels(version, platform.python_version()).set(1)
    for name in job_names:
        metrics.gauge("job_last_success_timestamp_seconds").labels(name).set(time.time())
        for result in (DONE, FAILED):
            metrics.counter("job_runs_total").labels(name, result)


@contextmanager
def run_of(metrics: Metrics, job: str) -> Iterator[None]:
    """Count a run of a job and its time; one that is cut at its time limit has failed."""
    began, result = time.monotonic(), FAILED
    try:
        yield
        result = DONE
    finally:
        metrics.counter("job_runs_total").labels(job, result).inc()
        metrics.gauge("job_last_duration_seconds").labels(job).set(time.monotonic() - began)


async def show_jobs(view: View, metrics: Metrics, job_names: Collection[str]) -> None:
    """Show when each job was completed last, by whatever process."""
    for name in job_names:
        if completed := await jobs.last_completed(view, name):
            metrics.gauge("job_last_success_timestamp_seconds").labels(name).set(completed.timestamp())


def show_process(metrics: Metrics, database: Database, settings: Settings) -> None:
    """Show connections, disk and certificates."""
    names = ("database_connections_in_use", "database_connections_max", "database_connections_waited_for")
    for name, value in zip(names, database.connections(), strict=True):
        metrics.gauge(name).set(value)
    usage = shutil.disk_usage(_there(settings.data_dir))
    metrics.gauge("data_dir_free_bytes").set(usage.free)
    metrics.gauge("data_dir_size_bytes").set(usage.total)
    for setting, ends_at in certificates(settings).items():
        metrics.gauge("certificate_expiry_timestamp_seconds").labels(setting).set(ends_at)


def certificates(settings: Settings) -> Mapping[str, float]:
    """Return for each setting that names a file of certificates when the first of them ends; 0 where none can be read."""
    files = {name: value for name, value in settings if "certificate" in name and isinstance(value, Path)}
    return {name: _first_end(file) for name, file in files.items()}


def _first_end(file: Path) -> float:
    try:
        return min(each.not_valid_after_utc.timestamp() for each in x509.load_pem_x509_certificates(file.read_bytes()))
    except (OSError, ValueError):
        return 0.0


def _there(folder: Path) -> Path:
    """Return a folder, or the nearest above it that is there: with other databases the data directory may never be made."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
