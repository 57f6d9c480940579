"""The command that makes a year's business-day document."""

from pathlib import Path

import pytest

from services.__main__ import main
from shared.business_calendar.folder import DOCUMENTS


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_shipped_documents_are_those_that_the_command_makes(tmp_path: Path, year: int) -> None:
    assert main(["calendar", "make", str(year), "--folder", str(tmp_path)]) == 0
    assert (tmp_path / f"{year}.json").read_bytes() == (DOCUMENTS / f"{year}.json").read_bytes()


@pytest.mark.parametrize("year", ["2099", "0"])
def test_a_year_whose_swapped_days_are_not_known_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], year: str
) -> None:
    assert main(["calendar", "make", year, "--folder", str(tmp_path)]) == 1
    assert "calendar.year_unknown" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calendar", "make", "2026", "--folder", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err
