"""What the routes and handlers of the notify service are given at start, and who may call them."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Path

from services.notify.policies.domain import Policies
from services.notify.templates.domain import Catalogue
from services.notify.vault import Vault
from shared.db.engine import Tx, View
from shared.web import auth, state
from shared.web.rates import Rate

READ = auth.scope("notify:read")
READ_ALL = auth.scope("notify:read", whole_utility=True)
WRITE = auth.scope("notify:write")
ANSWERS = auth.scope("notify:answers")
LETTERS = auth.scope("notify:letters")
Number = Annotated[str, Path(min_length=1, max_length=64)]


@dataclass(frozen=True, kw_only=True)
class Context:
    """What main has made for all.

    `today` is the utility's civil date now; `wake` tells the sender that something is due; `take_up` queues what waited for a
    party of these accounts; `posted` says which notices are letters that the post has; `vault` opens and seals
    names and values; `link_rate` is how often a link may be opened.
    `code_gateways` are those that codes may go out by, `wake_codes` tells their sender that one is due.
    `inboxes` read the receipts of gateways, by name (`sending.domain.inbox`), `receipt_rate` is how often each may come.
    """

    policies: Policies
    catalogue: Catalogue
    today: Callable[[], date]
    wake: Callable[[], None]
    vault: Vault
    take_up: Callable[[Tx, Sequence[str]], Awaitable[None]]
    posted: Callable[[View, Sequence[str]], Awaitable[Collection[tuple[str, int]]]]
    link_rate: Rate
    code_gateways: Collection[str]
    wake_codes: Callable[[], None]
    inboxes: Mapping[str, Any]
    receipt_rate: Rate


Own = Annotated[Context, Depends(state.context)]
