"""Databases of these tests have the schema of collection."""

import pytest


@pytest.fixture(scope="session")
def schema_of() -> str:
    return "collection"
