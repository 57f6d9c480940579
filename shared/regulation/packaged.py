"""The dated policy documents that come with the product: supply rules with their legal rates."""

import json
from importlib import resources
from typing import Any


def policies() -> list[dict[str, Any]]:
    """Read every packaged policy document."""
    root = resources.files(__package__) / "policies"
    paths = sorted((p for p in root.iterdir() if p.name.endswith(".json")), key=lambda p: p.name)
    return [json.loads(p.read_text(encoding="utf-8")) for p in paths]
