"""The house rules that neither ruff nor import-linter can say, as small checks over the syntax tree.

Each rule has a code. A line that has a reason to break one says so: `# lint: skip=CODE reason`, on the line or alone on
the line before it; a skip without a reason, of an unknown code, or that skips nothing is a finding itself.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.lints import coming_in, layout, purity, writing
from tests.lints.source import Source, Violation

SKIP = re.compile(r"#\s*lint:\s*skip=(?P<code>[A-Z-]+)(?P<reason>.*)")


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code}: {self.text}"


RULES: dict[str, Callable[[Source], Iterator[Violation]]] = {
    "DOMAIN-CLOCK": purity.domain_reads_no_clock,
    "DOMAIN-FLOAT": purity.domain_has_no_float,
    "DOMAIN-ASYNC": purity.domain_does_not_wait,
    "PURE-IMPORT": purity.pure_modules_import_only_pure_modules,
    "COMMIT": writing.only_the_unit_of_work_commits,
    "ROW-BY-ROW": writing.nobody_writes_row_by_row,
    "SQL": layout.sql_stands_in_stores_and_views,
    "TABLES": layout.tables_are_named_by_their_store_and_by_views,
    "VIEWS-READ": layout.views_only_read,
    "ROOM": layout.capabilities_have_layers_only,
    "TUPLE-ROW": layout.rows_are_read_by_name,
    "DIALECT": layout.the_dialect_is_asked_in_one_place,
    "LONG-FUNCTION": writing.functions_fit_on_a_screen,
    "LONG-FILE": writing.files_are_short,
    "BARE-DATE": coming_in.days_that_come_in_are_in_range,
    "ASCII-DIGITS": coming_in.digits_are_ascii,
    "DOC-VERB": writing.docstrings_begin_with_a_verb,
}


def _skips(source: Source) -> dict[tuple[int, str], tuple[int, str]]:
    """Return (skipped line, code) -> (line of the comment, reason)."""
    found = dict[tuple[int, str], tuple[int, str]]()
    if "lint:" not in source.text:
        return found  # nearly always; to take a file apart costs more than all rules
    lines = source.text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT and (match := SKIP.match(token.string)):
            line = token.start[0]
            alone = lines[line - 1].lstrip().startswith("#")
            found[(line + 1 if alone else line, match["code"])] = (line, match["reason"].strip())
    return found


def check(path: str, text: str) -> list[Finding]:
    """Return what one file does against the house rules, in the order of its lines."""
    source = Source(path, text, ast.parse(text, path))
    skips = _skips(source)
    findings, used = [], set()
    for code, rule in RULES.items():
        for line, message in rule(source):
            if (line, code) in skips:
                used.add((line, code))
            else:
                findings.append(Finding(path, line, code, message))
    for key, (line, reason) in skips.items():
        if key[1] not in RULES:
            findings.append(Finding(path, line, "SKIP", f"no rule is called {key[1]}"))
        elif key not in used:
            findings.append(Finding(path, line, "SKIP", f"nothing to skip here for {key[1]}"))
        elif not reason:
            findings.append(Finding(path, line, "SKIP", f"say why {key[1]} is skipped"))
    return sorted(findings, key=lambda finding: (finding.line, finding.code))
