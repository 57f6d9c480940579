"""Facts of billing that errors of readers are weighed by."""

from collections.abc import Mapping

from services.reading.scorecards.use_cases import hearing
from shared.bus.handling import Handler
from shared.events.billing import BillCorrected
from shared.events.fact import Fact


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""
    return {BillCorrected: hearing.bills_corrected}
