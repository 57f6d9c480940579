"""The declaration of who may call what, as `docs/access.md` has it."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "access.md"
UTILITY, ROWS, OBJECT, ITEMS, NOBODYS, ASKERS = "whole utility", "rows", "object", "items", "nobody's", "the asker's"
EVERYBODY, CHANNEL, DEVICE, TOKEN = "everybody", "the channel", "a device", "a token"
OWN, FOREIGN = "zj/hangzhou", "zj/ningbo"
UNITS = {"foreign": (FOREIGN,), "none": (), "own": (OWN,), "parent": ("zj",), "all": ("*",)}
"""The org units that a caller can have, seen from a thing of `OWN`."""

_ROW = re.compile(r"\| `(?P<method>[A-Z]+) (?P<path>\S+)` \| (?P<who>[^|]+) \| (?P<whose>[^|]+) \|")


@dataclass(frozen=True, slots=True)
class Declared:
    who: str
    whose: str

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(re.findall(r"`([^`]+)`", self.who))


def declared(service: str) -> dict[tuple[str, str], Declared]:
    """Return what is declared of each route of a service, by method and path."""
    found = {}
    title = ""
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ").lower()
        elif title in ("every service", service) and (row := _ROW.fullmatch(line)):
            assert row["whose"] in (UTILITY, ROWS, OBJECT, ITEMS, NOBODYS, ASKERS), line
            found[row["method"], row["path"]] = Declared(row["who"], row["whose"])
    return found
