"""The two implementations of rating agree on every bill, to the fen, line by line, state by state."""

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.billing.domain import rating, second_opinion
from services.billing.domain.bulk import rate as bulk
from tests.properties.rating_strategies import books, requests_for

BOTH = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@BOTH
@given(st.data())
def test_bulk_and_reference_give_the_same_bill(data: st.DataObject) -> None:
    drawn = data.draw(books())
    requests = data.draw(st.lists(requests_for(drawn), min_size=1, max_size=3))
    expected = rating.rate(requests, drawn.book)
    for mine, other in zip(bulk.rate(requests, drawn.book), expected, strict=True):
        event("left to the reference" if mine is None else mine.refusal.code if mine.refusal else "rated")
        if mine is not None:
            assert second_opinion.difference(mine, other) is None, (mine, other)
