"""An account or its contracts changed: no cause by itself, but what names a service point alone may have waited for it."""

from collections.abc import Sequence

from services.notify.accounts import store
from services.notify.accounts import use_cases as accounts
from services.notify.causes.use_cases.telling import resolve
from services.notify.notices.domain.states import WAITS_FOR_ACCOUNT
from services.notify.notices.store import unaddressed
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies
from services.notify.questions.store import questions
from services.notify.templates.domain import Kinds
from shared.db.engine import Tx
from shared.events.billing import AccountChanged


async def keep(tx: Tx, facts: Sequence[AccountChanged], policies: Policies, kinds: Kinds) -> None:
    """Keep the copy of accounts and contracts, and take up what waited for them."""
    points = await accounts.keep(tx, facts)
    if not points:
        return
    await questions.lock_of_nobody(tx, points)
    causes = await unaddressed.causes(tx, state=WAITS_FOR_ACCOUNT, column="service_point_no", values=points)
    if not causes:
        return
    known, _ = resolve(causes, await store.supplies(tx, [cause.service_point_no for cause in causes]), kinds)
    if known:
        await unaddressed.remove_waiting(tx, known)
        asked = [(cause.question_id, cause.account_no, cause.org_unit) for cause in known if cause.question_id]
        await questions.set_accounts(tx, asked)
        await queue_causes(tx, known, policies)
