"""In which order facts are handled."""

from services.notify.causes.consumers import handlers
from shared.events.billing import AccountChanged
from shared.events.closings import ClosingWithdrawn
from shared.events.collection import AccountStandingChanged
from shared.events.reading import QuestionWithdrawn
from tests.kits.notify import KINDS, Api


async def test_the_consumer_handles_accounts_before_what_needs_them(api: Api) -> None:
    first, *rest = handlers(api.service.app.state.context)
    assert first == AccountChanged
    heard = {fact for kind in KINDS.values() for fact in (kind.fact, *kind.earlier, *kind.withdrawn_by)}
    assert set(rest) == {AccountStandingChanged, QuestionWithdrawn, ClosingWithdrawn, *heard}
