"""What is sealed is opened by its key alone, and is found by the same value however it is written."""

import pytest

from services.notify.vault import CannotBeOpened, Vault

OLD, NEW = b"o" * 40, b"n" * 40


def test_what_is_sealed_is_another_text_each_time_and_opens_to_the_same() -> None:
    vault = Vault(OLD)
    first, second = vault.seal("李明"), vault.seal("李明")
    assert first != second
    assert "李明" not in first
    assert vault.open(first) == vault.open(second) == "李明"


def test_with_a_new_key_what_the_one_before_sealed_still_opens_and_without_it_not() -> None:
    sealed = Vault(OLD).seal("li@example.org")
    assert Vault(NEW, OLD).open(sealed) == "li@example.org"
    with pytest.raises(CannotBeOpened):
        Vault(NEW).open(sealed)


def test_what_was_changed_does_not_open() -> None:
    vault = Vault(OLD)
    with pytest.raises(CannotBeOpened):
        vault.open(vault.seal("li@example.org")[:-4] + "AAA=")


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("mobile", "+8613800000000", "138 0000-0000"),
        ("mobile", "008613800000000", "１３８００００００００"),
        ("landline", "0571-8888 0000", "057188880000"),
        ("email", "Li@Example.org", "li@example.org "),
        ("name", "李 明", "李明"),
        ("postal", "西湖区１号", "西湖区 1 号"),
    ],
)
def test_a_value_is_found_however_it_is_written(kind: str, one: str, other: str) -> None:
    vault = Vault(OLD)
    assert vault.index(kind, one) == vault.index(kind, other)


def test_an_index_says_nothing_without_the_key_and_differs_by_kind() -> None:
    assert Vault(OLD).index("mobile", "13800000000") != Vault(NEW).index("mobile", "13800000000")
    assert Vault(OLD).index("mobile", "13800000000") != Vault(OLD).index("landline", "13800000000")
    assert set(Vault(NEW, OLD).indexes("name", "x")) == {Vault(OLD).index("name", "x"), Vault(NEW).index("name", "x")}
