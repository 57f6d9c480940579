"""The small town that several modules call: each has its own, because what one module does there another would find."""

from collections.abc import Iterator

import pytest

from tests.kits import installation
from tests.kits.installation import Installation


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation.running(tmp_path_factory.mktemp("town")) as running:
        installation.settle(running)
        yield running
