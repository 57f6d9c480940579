"""What a mail that came back says, as servers of the field write it, and odd ones."""

import pytest

from services.notify.sending.domain.bounces import STAMP_LENGTH_MAX, Bounce, NotUnderstood, Stamps, read
from tests.kits.bounces import AUTOREPLY, QUESTION, SHAPES, reply, report, returned

STAMPS = Stamps(b"b" * 40)
NOTICE = "019c1c0a-5400-8000-8abc-0123456789ab"
IDS = (NOTICE, f"{NOTICE}.3")


def message_id(of: str = NOTICE, stamps: Stamps = STAMPS) -> str:
    return f"<{stamps.stamp(of)}@utility.example>"


@pytest.mark.parametrize("of", IDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_report_of_each_server_names_the_message_that_it_is_about(shape: str, of: str) -> None:
    assert read(report(shape, message_id(of)), STAMPS) == Bounce(of, "failed", "smtp.5.1.1")


@pytest.mark.parametrize("of", IDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_without_the_headers_that_it_is_about_the_address_that_it_came_to_names_the_message(
    shape: str, of: str
) -> None:
    to = f"bounces+{STAMPS.stamp(of)}@utility.example"
    assert read(report(shape, to=to, headers=b"X-Nothing: here"), STAMPS) == Bounce(of, "failed", "smtp.5.1.1")
    assert read(report(shape, to=to.upper(), headers=b""), STAMPS) == Bounce(of, "failed", "smtp.5.1.1")
    assert read(report(shape, headers=b"X-Nothing: here"), STAMPS) == NotUnderstood("not_ours")


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        ("failed", "5.1.1", ("failed", "smtp.5.1.1")),
        ("failed", "4.4.7", ("failed", "smtp.4.4.7")),
        ("FAILED", "5", ("failed", "smtp.came_back")),
        ("delayed", "4.4.1", ("under_way", "")),
        ("relayed", "2.1.9", ("under_way", "")),
        ("expanded", "2.0.0", ("under_way", "")),
        ("delivered", "2.1.5", ("delivered", "")),
        ("", "5.2.2", ("failed", "smtp.5.2.2")),
        ("", "4.2.2", ("under_way", "")),
        ("", "2.0.0", ("delivered", "")),
    ],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_action_says_what_became_of_it_and_without_one_the_class_of_the_status(
    shape: str, action: str, status: str, said: tuple[str, str]
) -> None:
    result, code = said
    assert read(report(shape, message_id(), action=action, status=status), STAMPS) == Bounce(NOTICE, result, code)  # type: ignore[arg-type]


@pytest.mark.parametrize("action", ["", "lost"])
def test_a_report_without_a_status_says_nothing(action: str) -> None:
    assert read(report("postfix", message_id(), action=action, status=""), STAMPS) == NotUnderstood("no_status")


def test_where_it_was_handed_on_to_several_one_that_got_it_is_enough() -> None:
    two = report("exim", message_id()).replace(
        b"Status: 5.1.1\r\n",
        b"Status: 5.1.1\r\n\r\nFinal-Recipient: rfc822;b@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n",
    )
    assert read(two, STAMPS) == Bounce(NOTICE, "delivered", "")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_report_that_nobody_stamped_is_no_proof(shape: str) -> None:
    forged = message_id(stamps=Stamps(b"o" * 40))
    assert read(report(shape, forged), STAMPS) == NotUnderstood("not_proved")
    other = message_id().replace("019c1c0a", "019c1c0b")
    assert read(report(shape, other), STAMPS) == NotUnderstood("not_proved")
    next_way = message_id(f"{NOTICE}.3").replace(".3.", ".4.")
    assert read(report(shape, next_way), STAMPS) == NotUnderstood("not_proved")
    bare = f"<{NOTICE}@utility.example>"
    assert read(report(shape, bare), STAMPS) == NotUnderstood("not_ours")


def test_what_people_and_their_machines_answer_is_no_report() -> None:
    assert read(reply(AUTOREPLY, message_id()), STAMPS) == NotUnderstood("autoreply")
    assert read(reply(QUESTION, message_id()), STAMPS) == NotUnderstood("not_a_report")
    assert read(b"", STAMPS) == NotUnderstood("not_a_report")
    assert read(bytes(range(256)) * 100, STAMPS) == NotUnderstood("not_a_report")


def test_a_report_that_somebody_forwards_within_another_mail_is_none() -> None:
    inner = report("postfix", message_id())
    forwarded = (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n%b\r\n--x--\r\n"
    )
    assert read(forwarded % inner, STAMPS) == NotUnderstood("not_a_report")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mail_that_is_cut_off_anywhere_never_raises_and_never_says_another_thing(shape: str) -> None:
    whole = report(shape, message_id())
    for length in range(0, len(whole), 7):
        said = read(whole[:length], STAMPS)
        assert isinstance(said, NotUnderstood) or said.message_id == NOTICE


def test_broken_mime_and_other_charsets_are_read_as_far_as_they_go() -> None:
    whole = report("exchange", message_id(), headers=returned(message_id(), subject="\u7535\u8d39\u8d26\u5355"))
    assert read(whole, STAMPS) == Bounce(NOTICE, "failed", "smtp.5.1.1")
    for broken in (
        whole.replace(b'boundary="8ee6', b'boundary="9ee6', 1),
        whole.replace(b"Content-Type: message/delivery-status", b"Content-Type: message/delivery-stat\xff", 1),
        whole.replace(b"\r\n\r\n", b"\r\n"),
    ):
        assert isinstance(read(broken, STAMPS), NotUnderstood)
    koi = whole.replace(b'charset="gb2312"', b'charset="x-nobody-knows"')
    assert read(koi, STAMPS) == Bounce(NOTICE, "failed", "smtp.5.1.1")
    deep = b"".join(b"Content-Type: multipart/report; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    assert isinstance(read(deep, STAMPS), NotUnderstood)


def test_a_stamp_has_room_in_the_name_of_a_mailbox() -> None:
    assert len(STAMPS.stamp(f"{NOTICE}.999")) == STAMP_LENGTH_MAX
    assert len("bouncesbox") + 1 + STAMP_LENGTH_MAX <= 64


def test_a_mail_full_of_stamps_is_looked_at_in_part() -> None:
    forged = message_id(stamps=Stamps(b"o" * 40)).encode() + b" "
    mail = report("exim", headers=b"X-Many: " + forged * 2000 + b"\nMessage-ID: " + message_id().encode())
    assert read(mail, STAMPS) == NotUnderstood("not_proved")
