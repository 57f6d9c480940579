"""The tree keeps the house rules, and every rule fires where it must."""

import re
import subprocess
from pathlib import Path

import pytest

from tests import house_rules

ROOT = Path(__file__).parents[2]
DOMAIN = "services/billing/domain/example.py"
STORE = "services/billing/adapters/store.py"

BAD = [
    ("DOMAIN-CLOCK", DOMAIN, "from datetime import datetime\nx = datetime.now()\n"),
    ("DOMAIN-CLOCK", DOMAIN, "import datetime\nx = datetime.date.today()\n"),
    ("DOMAIN-FLOAT", DOMAIN, "x = 0.1\n"),
    ("DOMAIN-FLOAT", DOMAIN, "x = float(1)\n"),
    ("DOMAIN-FLOAT", DOMAIN, "import numpy\nx = numpy.float64\n"),
    ("DOMAIN-ASYNC", DOMAIN, "async def f(): ...\n"),
    ("PURE-IMPORT", DOMAIN, "import sqlalchemy\n"),
    ("PURE-IMPORT", DOMAIN, "import time\n"),
    ("PURE-IMPORT", DOMAIN, "from shared import db\n"),
    ("PURE-IMPORT", DOMAIN, "from shared.events import billing\n"),
    ("PURE-IMPORT", DOMAIN, "from services.billing.adapters import store\n"),
    ("PURE-IMPORT", DOMAIN, "from services.reading.domain import usage\n"),
    ("PURE-IMPORT", "shared/money.py", "import numpy\n"),
    ("PURE-IMPORT", "shared/money.py", "from shared import settings\n"),
    ("COMMIT", STORE, "async def f(session): await session.commit()\n"),
    ("COMMIT", "shared/bus/relay.py", "async def f(connection): await connection.commit()\n"),
    ("COMMIT", "shared/bus/consumer.py", "async def f(tx): await tx.commit()\n"),
    ("ROW-BY-ROW", STORE, "def f(session, row): session.add(row)\n"),
    ("ROW-BY-ROW", STORE, "def f(self, rows): self.session.add_all(rows)\n"),
    ("ROW-BY-ROW", STORE, "from sqlmodel import Relationship\nx = Relationship()\n"),
    ("DOC-VERB", STORE, 'def f():\n    """Returns it."""\n'),
    ("DOC-VERB", STORE, 'async def f():\n    """Locking: waits for a row."""\n'),
    ("DOC-VERB", STORE, 'class C:\n    def f(self):\n        """The rows of a page."""\n'),
    ("LONG-FUNCTION", STORE, "def f():\n" + "    pass\n" * 70),
    ("LONG-FILE", STORE, "x = 1\n" * 401),
]

GOOD = [
    (
        DOMAIN,
        "import dataclasses\nfrom decimal import Decimal\nfrom shared import money, dated\nimport numpy as np\n",
    ),
    (DOMAIN, "from services.billing.domain import ladders\nfrom shared.money import Fen\n"),
    (STORE, "def f(seen): seen.add(1)\n"),
    (
        STORE,
        'def f():\n    """Bring it."""\ndef g():\n    """Process it."""\ndef h(): ...\ndef _i():\n    """Gives it."""\n',
    ),
    (STORE, 'class C:\n    """Gives it."""\n    @property\n    def f(self):\n        """The rows of a page."""\n'),
    (STORE, "def f():\n" + "    pass\n" * 69),
    ("shared/bus/kafka.py", "async def f(self): await self._consumer.commit({})\n"),
    ("shared/db/engine.py", "async def f(connection): await connection.commit()\n"),
    ("services/billing/migrations/versions/0001_start.py", "x = 1\n" * 401),
]


def codes(path: str, text: str) -> list[str]:
    return [finding.code for finding in house_rules.check(path, text)]


def product_files() -> list[str]:
    return sorted(
        str(path.relative_to(ROOT)) for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py")
    )


def test_the_tree_keeps_the_house_rules() -> None:
    findings = [finding for path in product_files() for finding in house_rules.check(path, (ROOT / path).read_text())]
    assert not findings, "\n" + "\n".join(map(str, findings))


@pytest.mark.parametrize(("code", "path", "text"), BAD)
def test_each_rule_fires_on_what_it_forbids(code: str, path: str, text: str) -> None:
    assert codes(path, text) == [code]


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_no_rule_fires_on_what_is_allowed(path: str, text: str) -> None:
    assert codes(path, text) == []


def test_a_skip_with_a_reason_silences_its_own_code_only() -> None:
    line = "async def f(session): await session.commit()"
    assert codes(STORE, f"{line}  # lint: skip=COMMIT the log's own file\n") == []
    assert codes(STORE, f"# lint: skip=COMMIT the log's own file\n{line}\n") == []
    assert codes(STORE, f"{line}  # lint: skip=LONG-FILE no\n") == ["COMMIT", "SKIP"]


@pytest.mark.parametrize("comment", ["COMMIT", "NO-SUCH-RULE because"])
def test_a_skip_without_a_reason_or_of_an_unknown_code_is_a_finding(comment: str) -> None:
    assert "SKIP" in codes(STORE, f"async def f(session): await session.commit()  # lint: skip={comment}\n")


def test_a_skip_that_skips_nothing_is_a_finding() -> None:
    assert codes(STORE, "x = 1  # lint: skip=COMMIT left over\n") == ["SKIP"]


# Spelled in parts, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.}>-])/(?:home|root|Users|" + "wor" + r"k)/\w")
REGISTRY_HOST = re.compile(
    "|".join(
        name.replace(" ", r"\.")
        for name in (
            "pypi org",
            "pythonhosted org",
            "registry npmjs org",
            "repo1? maven",
            "central sonatype",
            "proxy golang",
        )
    )
)


def tracked_files() -> list[Path]:
    # The checkout of a build machine often belongs to another user than the one who runs the tests.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_names_a_path_of_one_machine_or_a_package_registry() -> None:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode(errors="ignore")
        for pattern in (MACHINE_PATH, REGISTRY_HOST):
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(
                    f"{path.relative_to(ROOT)}:{line}: {text[match.start() : match.end() + 20].splitlines()[0]}"
                )
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [("see /" + "root/x", True), ("/" + "home/me", True), ("GET /v1/homes/3", False), ("$HOME/x", False)],
)
def test_a_machine_path_is_known_by_its_first_folder(text: str, found: bool) -> None:
    assert bool(MACHINE_PATH.search(text)) is found
