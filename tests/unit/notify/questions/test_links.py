"""Links: what a token is made of, and that nothing shows its key."""

from services.notify.questions.domain.links import Links, token_hash

LINKS = Links(public_url="https://answers.example", key=b"k" * 32)


def test_a_token_follows_from_notice_and_key_and_from_nothing_else() -> None:
    token = LINKS.token("notice-1", "1", 1)
    assert token == Links(public_url=None, key=b"k" * 32).token("notice-1", "1", 1)
    others = [
        LINKS.token("notice-2", "1", 1),
        LINKS.token("notice-1", "1", 2),
        LINKS.token("notice-1", "2", 1),
        Links(public_url=None, key=b"l" * 32).token("notice-1", "1", 1),
    ]
    assert len({token, *others}) == 5
    assert {len(each) for each in (token, *others)} == {43}  # 256 bits


def test_an_address_holds_the_token_alone_and_what_is_kept_is_its_hash() -> None:
    token = LINKS.token("notice-1", "1", 1)
    assert LINKS.address(token) == f"https://answers.example/v1/links/{token}"
    assert len(token_hash(token)) == 64
    assert token not in token_hash(token)


def test_the_key_is_shown_by_nothing() -> None:
    assert "kkkk" not in repr(LINKS)
