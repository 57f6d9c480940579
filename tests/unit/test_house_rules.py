"""The tree keeps the house rules, and every rule fires where it must."""

import re
import subprocess
from pathlib import Path

import pytest

from tests import house_rules
from tests.lints import layout, purity, writing

ROOT = Path(__file__).parents[2]
DOMAIN = "services/billing/bills/domain/example.py"
STORE = "services/billing/bills/store/example.py"
USE_CASE = "services/billing/bills/use_cases.py"
SCHEMAS, API = "services/billing/bills/schemas.py", "services/billing/bills/api.py"
VIEW = "services/billing/views/store.py"

BAD = [
    ("DOMAIN-CLOCK", DOMAIN, "from datetime import datetime\nx = datetime.now()\n"),
    ("DOMAIN-CLOCK", DOMAIN, "import datetime\nx = datetime.date.today()\n"),
    ("DOMAIN-FLOAT", DOMAIN, "x = 0.1\n"),
    ("DOMAIN-FLOAT", DOMAIN, "x = float(1)\n"),
    ("DOMAIN-FLOAT", DOMAIN, "import numpy\nx = numpy.float64\n"),
    ("DOMAIN-ASYNC", DOMAIN, "async def f(): ...\n"),
    ("PURE-IMPORT", DOMAIN, "import pydantic\n"),
    ("PURE-IMPORT", DOMAIN, "import time\n"),
    ("PURE-IMPORT", DOMAIN, "from shared import ids\n"),
    ("PURE-IMPORT", DOMAIN, "from shared import db\n"),
    ("PURE-IMPORT", DOMAIN, "from shared.events import billing\n"),
    ("PURE-IMPORT", DOMAIN, "from services.billing.bills import store\n"),
    ("PURE-IMPORT", DOMAIN, "from services.reading.usage.domain import chain\n"),
    ("PURE-IMPORT", "shared/money.py", "import numpy\n"),
    ("PURE-IMPORT", "shared/money.py", "from shared import settings\n"),
    ("COMMIT", STORE, "async def f(session): await session.commit()\n"),
    ("COMMIT", "shared/bus/relay.py", "async def f(connection): await connection.commit()\n"),
    ("COMMIT", "shared/bus/consumer.py", "async def f(tx): await tx.commit()\n"),
    ("ROW-BY-ROW", STORE, "def f(session, row): session.add(row)\n"),
    ("ROW-BY-ROW", STORE, "def f(self, rows): self.session.add_all(rows)\n"),
    ("ROW-BY-ROW", STORE, "from sqlmodel import Relationship\nx = Relationship()\n"),
    ("SQL", USE_CASE, "from sqlalchemy import and_, select\n"),
    ("SQL", USE_CASE, "from sqlmodel import select\n"),
    ("SQL", USE_CASE, "import sqlalchemy\n"),
    ("SQL", USE_CASE, "from shared.db import bulk\n"),
    ("SQL", "services/billing/main.py", "from sqlalchemy import text\n"),
    ("SQL", "services/command/data.py", "from sqlalchemy import delete\n"),
    ("SQL", "shared/web/auth.py", "from sqlalchemy import update\n"),
    ("TABLES", USE_CASE, "from services.billing.bills import tables\n"),
    ("TABLES", STORE, "from services.billing.runs.tables import RUN\n"),
    ("TABLES", "services/reading/views/store.py", "from services.billing.runs.tables import RUN\n"),
    ("VIEWS-READ", VIEW, "from sqlalchemy import update\n"),
    ("VIEWS-READ", VIEW, "async def f(view): await bulk.insert_rows(view, T, {})\n"),
    ("VIEWS-READ", "services/billing/views/api.py", "from shared.db.engine import Tx, View\n"),
    ("ROOM", "services/billing/bills/helpers.py", "x = 1\n"),
    ("ROOM", "services/billing/bills/adapters/store.py", "x = 1\n"),
    ("TUPLE-ROW", STORE, "def f(row): return Bill(*row)\n"),
    ("TUPLE-ROW", STORE, "def f(head): return bills.Bill(*tuple(head))\n"),
    ("TUPLE-ROW", STORE, "def f(bill_row): return Bill(1, *bill_row)\n"),
    ("TUPLE-ROW", STORE, "def f(row): return Bill._make(row)\n"),
    ("DIALECT", STORE, 'def f(tx): return tx.dialect == "sqlite"\n'),
    ("DIALECT", STORE, "from sqlalchemy.dialects import postgresql\n"),
    ("BARE-DATE", SCHEMAS, "class A(In):\n    day: date\n"),
    ("BARE-DATE", SCHEMAS, "class A(In): ...\nclass B(A):\n    at: Annotated[datetime | None, Field()]\n"),
    ("BARE-DATE", "shared/events/billing.py", "class A(Reference):\n    day: date\n"),
    ("BARE-DATE", API, "@router.get('/x', policy=READ)\nasync def f(day: date | None = None): ...\n"),
    ("ASCII-DIGITS", SCHEMAS, "x = r'^\\d{4}$'\n"),
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
    (DOMAIN, "from services.billing.contracts.domain import Account\nfrom shared.money import Fen\n"),
    (STORE, "def f(seen): seen.add(1)\n"),
    (STORE, "from sqlalchemy import select, update\nfrom shared.db import bulk\n"),
    (STORE, "from services.billing.bills.tables import BILL\n"),
    (STORE, "def f(row, pair): return Bill(no=row.no), Exact(*pair), min(*row)\n"),
    (USE_CASE, "from sqlalchemy.exc import IntegrityError\nfrom services.billing.runs import store\n"),
    (VIEW, "from sqlalchemy import select\nfrom services.billing.runs.tables import RUN\n"),
    (VIEW, "async def f(view): return await bulk.select_in(view, T, {})\n"),
    ("services/billing/bills/tables.py", "from sqlalchemy import Index, text\n"),
    ("services/billing/main.py", "from services.billing.runs import tables\n"),
    ("services/billing/migrations/versions/0001_start.py", "from sqlalchemy import text\nx = op.get_bind().dialect\n"),
    ("services/billing/rating/bulk/two_part.py", "x = 1\n"),
    ("services/billing/settings.py", "x = 1\n"),
    ("shared/db/locks.py", "def f(tx): return tx.dialect\n"),
    ("shared/web/idempotency.py", "from sqlalchemy import select\n"),
    (
        STORE,
        'def f():\n    """Bring it."""\ndef g():\n    """Process it."""\ndef h(): ...\ndef _i():\n    """Gives it."""\n',
    ),
    (STORE, 'class C:\n    """Gives it."""\n    @property\n    def f(self):\n        """The rows of a page."""\n'),
    (SCHEMAS, "class A(BaseModel):\n    day: date\nclass B(In):\n    day: Day\nx = '[0-9]'\n"),
    (API, "@router.get('/x', policy=READ)\nasync def f(day: Day): ...\ndef g(day: date): ...\n"),
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


def test_every_allowance_is_for_something_that_is_there() -> None:
    pure = [name.replace(".", "/") for name in purity.PURE_SHARED]
    paths = [*layout.ROOMS_OF_THEIR_OWN, *layout.SQL_IN_SHARED, *purity.PURE_PACKAGES, *purity.EDGE_OF_PURE_PACKAGE]
    paths += [purity.ARRAYS, *writing.UNIT_OF_WORK]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [path for path in pure if not (ROOT / path).is_dir() and not (ROOT / f"{path}.py").is_file()] == []


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
