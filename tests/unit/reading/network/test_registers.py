"""Faces of registers: what they show, what they refuse, how they become energy and pass their last number."""

import pytest

from services.reading.network.domain import registers
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import Register

FACE = Register("import", digits=8, scale=2)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("007", 700),
        ("0.01", 1),
        ("12345.67", 1_234_567),
        ("12345.6", 1_234_560),
        ("999999.99", 99_999_999),
        ("1.5000", 150),
    ],
)
def test_a_face_is_read_as_an_integer_count(text: str, count: int) -> None:
    assert FACE.count(text) == count


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-1", "reading.negative"),
        ("-0.01", "reading.negative"),
        ("1000000", "reading.too_many_digits"),
        ("1.001", "reading.too_many_digits"),
        ("", "reading.malformed_value"),
        (".5", "reading.malformed_value"),
        ("1.", "reading.malformed_value"),
        ("1e3", "reading.malformed_value"),
        ("１２", "reading.malformed_value"),
        ("1_000", "reading.malformed_value"),
        (" 1", "reading.malformed_value"),
        ("NaN", "reading.malformed_value"),
    ],
)
def test_a_value_that_the_face_cannot_show_is_refused_with_its_code(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        FACE.count(text)
    assert refused.value.code == code


def test_a_face_is_shown_as_it_is_read() -> None:
    assert FACE.text(1_234_567) == "12345.67"
    assert FACE.text(5) == "0.05"
    assert FACE.text(100_000_005) == "0.05"
    assert Register("import", 6, 0).text(42) == "42"


def test_the_multiplier_is_a_ratio_and_the_cumulative_value_is_rounded_half_up() -> None:
    assert Register("import", 8, 2, numerator=60).energy_wh(150) == 90_000
    assert Register("import", 9, 4).energy_wh(5) == 1  # 0.5 Wh
    assert Register("import", 9, 4).energy_wh(4) == 0  # 0.4 Wh
    assert Register("import", 6, 0, numerator=1, denominator=3).energy_wh(2) == 667


def test_all_registers_of_a_meter_are_read_together() -> None:
    faces = (FACE, Register("export", 8, 2))
    assert registers.counts(faces, {"export": "1", "import": "2"}) == (200, 100)
    for values, code in [
        ({"import": "1"}, "reading.missing_register"),
        ({"import": "1", "export": "1", "reactive": "1"}, "reading.unknown_register"),
        ({"import": "1", "reactive": "1"}, "reading.unknown_register"),
    ]:
        with pytest.raises(Refused) as refused:
            registers.counts(faces, values)
        assert refused.value.code == code


@pytest.mark.parametrize(("digits", "scale"), [(0, 0), (16, 0), (2, 2), (8, 7), (8, -1)])
def test_a_register_that_no_meter_has_is_refused(digits: int, scale: int) -> None:
    with pytest.raises(Refused, match="digits"):
        Register("import", digits, scale)


def test_a_meter_has_each_quantity_once_and_at_least_one() -> None:
    for wrong in ((), (FACE, FACE)):
        with pytest.raises(Refused, match="each quantity once"):
            registers.check(wrong)


def test_a_face_that_counts_more_energy_than_can_be_told_is_refused() -> None:
    assert Register("import", 8, 2, numerator=2_200_000).energy_wh(10**8) == 2_200_000 * 10**9
    with pytest.raises(Refused, match="energy"):
        Register("import", 15, 0, numerator=10)


def test_counts_of_other_faces_are_exact_or_refused() -> None:
    old = (FACE, Register("export", 8, 2))
    finer = (Register("peak", 6, 0), Register("export", 8, 2), Register("import", 9, 3))
    assert registers.reread(old, (12345, 7), finer) == (None, 7, 123450)
    assert registers.reread(finer, (None, 7, 123450), old) == (12345, 7)
    for shown, new in (
        ((12345, 7), (Register("import", 8, 1), old[1])),
        ((12345, 7), (Register("import", 4, 2), old[1])),
        ((12345, 7), (FACE,)),
    ):
        with pytest.raises(Refused, match="read") as refused:
            registers.reread(old, shown, new)
        assert refused.value.code == "reading.not_shown"
    assert registers.reread(old, (12345, None), (FACE,)) == (12345,), "what was never read may be gone"


def test_a_meter_has_a_cumulative_register_and_demand_is_named_so() -> None:
    demand = Register("demand", 6, 4, kind="demand")
    registers.check((FACE, demand))
    for wrong in (
        (demand,),
        (FACE, FACE),
        (FACE, Register("demand.peak", 6, 4)),
        (FACE, Register("kw", 6, 4, kind="demand")),
    ):
        with pytest.raises(Refused):
            registers.check(wrong)
