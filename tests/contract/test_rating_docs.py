"""Every command and every document of the guide and the reference of rating does what the page says.

A block ```json NAME is the file NAME, a line `$ wattline …` of a ```console block a command beside these files, what follows it
the answer; `…` stands for any lines.
"""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.__main__ import main
from services.billing.rating import rating
from services.billing.rating.cases import advice, run
from services.billing.tariffs.documents import packaged
from shared.regulation import packaged as policies
from tests.unit.billing.rating.documents import PLAIN, changed

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / f"rating-{name}.md" for name in ("guide", "reference", "fields")]
BLOCK = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = [
    (page, name, text) for page in PAGES for kind, name, text in BLOCK.findall(page.read_text()) if kind == "json"
]
FAULTY = {"open.json"}  # shown to show what is wrong with it


def sessions(page: Path) -> Iterator[tuple[str, str]]:
    for kind, _, text in BLOCK.findall(page.read_text()):
        if kind == "console":
            for session in re.split(r"^\$ wattline ", text, flags=re.MULTILINE)[1:]:
                command, _, answer = session.partition("\n")
                yield command, answer


COMMANDS = [(page, *session) for page in PAGES for session in sessions(page)]


def pattern(answer: str) -> str:
    return "".join(r"(?:.*\n)*" if line == "…" else re.escape(line) + r"\n" for line in answer.splitlines())


@pytest.mark.parametrize(("page", "command", "answer"), COMMANDS, ids=[command for _, command, _ in COMMANDS])
def test_a_command_answers_what_the_page_shows(
    page: Path, command: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for at, name, text in DOCUMENTS:
        if at == page:
            (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    monkeypatch.chdir(tmp_path)

    code = main(shlex.split(command))

    shown = capsys.readouterr()
    assert re.fullmatch(pattern(answer), shown.out), shown.out
    assert (code, shown.err) == (1 if any(name in command for name in FAULTY) else 0, "")


def check(document: dict[str, Any]) -> None:
    if "charges" in document:
        assert advice.validate(document, [])["valid"]
    elif "series" in document:
        rating.load_series(document)
    elif "calendar" in document:
        rating.load_calendar(document)
    elif "table" in document:
        charge = {
            "name": "pf",
            "kind": "power_factor",
            "table": document["table"],
            "standard": "0.90",
            "on": ["energy"],
        }
        charge |= {"active": "import", "reactive": "reactive.import", "of": "exact"}
        tariff = changed(PLAIN, {"/charges/1": charge})
        assert rating.load_tariff(tariff, {document["table"]: document}).charges[-1].name == "pf"
    elif "alternatives" in document:
        answer = advice.compare(document, packaged.documents("sample"))
        assert not any(item["refusal"] for item in answer["alternatives"])
    else:
        answer = run.run(document, packaged.documents(), policies.policies())
        assert "expect" in document
        assert run.differences(document, answer) == []


@pytest.mark.parametrize(("page", "name", "text"), DOCUMENTS, ids=[name for _, name, _ in DOCUMENTS])
def test_a_document_is_what_it_is_shown_for(page: Path, name: str, text: str) -> None:
    if name in FAULTY:
        assert not advice.validate(json.loads(text), [])["valid"]
    else:
        check(json.loads(text))


def test_a_wrong_expectation_is_told_as_the_guide_says() -> None:
    guide = PAGES[0].read_text()
    case = json.loads(next(text for _, name, text in DOCUMENTS if name == "home-march.json"))
    case["expect"]["total"] = "150.00"
    (difference,) = run.differences(case, run.run(case, [], []))
    assert f"`DIFFERENT {difference}`" in guide


def test_no_block_of_the_pages_is_left_out() -> None:
    for page in PAGES:
        kinds = {kind for kind, _, _ in BLOCK.findall(page.read_text())}
        assert kinds == ({"json"} if page.stem == "rating-fields" else {"json", "console"}), (
            f"{page.name} has a block that nobody runs"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"`((?:services|shared|tests|docs)/[\w./-]+)`", page.read_text()))
    linked = {f"docs/{path}" for path in re.findall(r"\]\(([\w.-]+\.md)", page.read_text())}
    assert not sorted(path for path in named | linked if not (ROOT / path).exists())
