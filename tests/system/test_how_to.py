"""Each guide of docs/how-to is followed to the letter in a copy of the checkout, its own tests and the house rules included."""

from pathlib import Path

import pytest

from tests.kits import guide

GUIDES = sorted(path for path in (guide.ROOT / "docs" / "how-to").glob("*.md") if path.stem != "README")


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_a_guide_can_be_followed_to_the_letter(path: Path, tmp_path: Path) -> None:
    assert any(step.language == "sh" for step in guide.steps(path)), "a guide ends with a command that proves it"
    checkout = tmp_path / "checkout"
    guide.copy(checkout)
    guide.follow(path, checkout)
