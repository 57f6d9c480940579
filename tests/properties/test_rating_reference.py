"""Properties of the reference over tariffs drawn from all charge kinds."""

from fractions import Fraction

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.billing.rating import rating
from shared.exact import divide
from tests.kits.effort import examples
from tests.properties.formula_evaluator import evaluate
from tests.properties.rating_requests import requests_for
from tests.properties.rating_strategies import Drawn, books

RATED = settings(max_examples=examples(50), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def rated(data: st.DataObject) -> tuple[Drawn, rating.Request, rating.RatedBill]:
    drawn = data.draw(books())
    request = data.draw(requests_for(drawn))
    bill = rating.rate_one(request, drawn.book)
    event(bill.refusal.code if bill.refusal else "rated")
    return drawn, request, bill


@RATED
@given(st.data())
def test_the_lines_of_a_bill_sum_to_its_total(data: st.DataObject) -> None:
    _, _, bill = rated(data)
    assert sum(line.amount_fen for line in bill.lines) == bill.total_fen


@RATED
@given(st.data())
def test_rating_the_same_request_again_gives_the_same_bill(data: st.DataObject) -> None:
    drawn, request, bill = rated(data)
    assert rating.rate_one(request, rating.load_book(drawn.documents)) == bill


@RATED
@given(st.data())
def test_a_pocket_calculator_gets_the_amount_of_every_line_from_its_formula(data: st.DataObject) -> None:
    drawn, _, bill = rated(data)
    versions = {(v.id, v.version): v for v in drawn.versions}
    for line in bill.lines:
        text = rating.formula(line)
        left, _, right = text.rpartition(" = ")
        exact = evaluate(left or right.partition(" -> ")[0])
        assert exact == line.exact.fraction(), text
        rounding = versions[line.tariff, line.version].round_line
        if rounding.mode != "none" and line.kind != "rounding":
            step = rounding.step.fraction()
            steps = exact / step
            assert divide(steps.numerator, steps.denominator, rounding.mode) * step == Fraction(line.amount_fen, 100)
        assert Fraction(right.rpartition(" -> ")[2]) == Fraction(line.amount_fen, 100)


@RATED
@given(st.data())
def test_a_refused_request_has_no_lines_and_leaves_the_state_as_it_came(data: st.DataObject) -> None:
    _, request, bill = rated(data)
    if bill.refusal is not None:
        assert (bill.lines, bill.total_fen, bill.state) == ((), 0, request.state)
    else:
        assert bill.tariffs
