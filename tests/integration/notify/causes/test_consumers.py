"""In which order facts are handled."""

from services.notify.causes.consumers import handlers
from tests.kits.notify import Api


async def test_the_consumer_handles_accounts_before_what_needs_them(api: Api) -> None:
    names = [kind.__name__ for kind in handlers(api.service.app.state.context)]
    assert names == ["AccountChanged", "BillIssued", "BillCorrected", "EstimateMade", "ReminderDue", "PaymentReversed"]
