"""The kinds of notices (通知类别), a file each: whatever is particular to a kind stands there, and nowhere else."""

from importlib import import_module
from pkgutil import iter_modules

from services.notify.templates.domain import Kind


def load() -> dict[str, Kind]:
    """Return the `KIND` of every file here, by name."""
    return {name: import_module(f"{__name__}.{name}").KIND for name in sorted(m.name for m in iter_modules(__path__))}
