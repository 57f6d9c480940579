"""Which facts of the other services this one acts on. Types without a handler here are skipped by their header."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from services.notify.accounts import use_cases as accounts
from services.notify.causes.use_cases import accounts_changed
from services.notify.causes.use_cases.asking import ask
from services.notify.causes.use_cases.telling import tell
from services.notify.context import Context
from services.notify.leaflets.domain import Leaflets
from services.notify.notices.domain.causes import Withdrawal
from services.notify.notices.use_cases import withdrawing
from services.notify.notices.use_cases.withdrawing import Posted
from services.notify.policies.domain import Policies
from services.notify.questions.use_cases import hearing
from services.notify.templates.domain import Kinds
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import AccountChanged
from shared.events.closings import ClosingWithdrawn
from shared.events.collection import AccountStandingChanged
from shared.events.fact import Fact
from shared.events.reading import QuestionWithdrawn

CLOSING_WITHDRAWN = "closing_withdrawn"
UseCase = Callable[[Tx, Sequence[Any], Policies], Awaitable[None]]


def use_cases(kinds: Kinds, leaflets: Leaflets, posted: Posted) -> dict[type[Fact], list[UseCase]]:
    """Return what follows from each fact, in the order in which one batch is worked on: accounts first, what needs them after."""
    found: dict[type[Fact], list[UseCase]] = {AccountChanged: [partial(accounts_changed.keep, kinds=kinds)]}
    for kind in kinds.values():
        told = partial(ask, kind=kind) if kind.asks else partial(tell, kind=kind, leaflets=leaflets)
        for fact in (kind.fact, *kind.earlier):
            found.setdefault(fact, []).append(told)
    found[AccountStandingChanged] = [_keep_standings]
    found[QuestionWithdrawn] = [_withdraw]
    found.setdefault(ClosingWithdrawn, []).append(_withdraw_objections)
    for fact, withdrawal in {pair: None for kind in kinds.values() for pair in kind.withdrawn_by.items()}:
        found.setdefault(fact, []).append(partial(_withdraw_notices, withdrawal=withdrawal, posted=posted))
    return found


async def _withdraw_notices(
    tx: Tx, facts: Sequence[Any], policies: Policies, *, withdrawal: Callable[[Any], Withdrawal], posted: Posted
) -> None:
    await withdrawing.withdraw(tx, [withdrawal(fact) for fact in facts], policies, posted)


async def _keep_standings(tx: Tx, facts: Sequence[AccountStandingChanged], _policies: Policies) -> None:
    await accounts.keep_standings(tx, facts)


async def _withdraw(tx: Tx, facts: Sequence[QuestionWithdrawn], _policies: Policies) -> None:
    await hearing.withdraw(tx, facts)


async def _withdraw_objections(tx: Tx, facts: Sequence[ClosingWithdrawn], _policies: Policies) -> None:
    """Nobody needs to object to a closing any more that is withdrawn; one that was not announced has asked nobody."""
    asked = [fact for fact in facts if fact.announced_on is not None]
    if asked:
        await hearing.withdraw(
            tx,
            [
                QuestionWithdrawn(
                    question_id=fact.closing_no, service_point_no=fact.service_point_no, reason=CLOSING_WITHDRAWN
                )
                for fact in asked
            ],
        )


def handlers(context: Context) -> dict[type[Fact], Handler]:
    """Return the handlers in the order in which one batch is worked on."""

    def handler(wanted: Sequence[UseCase]) -> Handler:
        async def handle(tx: Tx, facts: Sequence[Any]) -> None:
            for use_case in wanted:
                await use_case(tx, facts, context.policies)
            tx.after_commit(context.wake)

        return handle

    return {
        fact: handler(wanted)
        for fact, wanted in use_cases(context.catalogue.kinds, context.catalogue.leaflets, context.posted).items()
    }
