"""Properties of the reference over tariffs drawn from all charge kinds."""

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.billing.domain import rating
from tests.properties.rating_strategies import books, requests_for

RATED = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@RATED
@given(st.data())
def test_the_lines_of_a_bill_sum_to_its_total(data: st.DataObject) -> None:
    drawn = data.draw(books())
    bill = rating.rate_one(data.draw(requests_for(drawn)), drawn.book)
    event(bill.refusal.code if bill.refusal else "rated")
    assert sum(line.amount_fen for line in bill.lines) == bill.total_fen


@RATED
@given(st.data())
def test_rating_the_same_request_again_gives_the_same_bill(data: st.DataObject) -> None:
    drawn = data.draw(books())
    request = data.draw(requests_for(drawn))
    assert rating.rate_one(request, drawn.book) == rating.rate_one(request, rating.load_book(drawn.documents))
