"""Ids of reads."""

from datetime import UTC, datetime

import pytest

from services.reading.network.domain.refusal import Refused
from services.reading.reads.domain import identity


def test_a_read_id_spells_its_natural_key_and_anything_else_is_unknown() -> None:
    key = ("M-1", datetime(2026, 1, 31, 16, tzinfo=UTC), "remote")
    assert identity.natural_key(identity.read_id(*key)) == key
    for wrong in ("", "M~1", "M~20269931T160000Z~remote", "a~b~c~d"):
        with pytest.raises(Refused):
            identity.natural_key(wrong)
