"""What the routes and handlers of collection are given at start, and who may call them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Path

from services.collection.ledger.domain.policy import Policy
from shared.dated import Versions
from shared.db.engine import View
from shared.events.fact import MAX_NO
from shared.web import auth, state

READ = auth.scope("collection:read", "collection:write", "collection:cashier")
WRITE = auth.scope("collection:write")
READ_ALL = auth.scope("collection:read", "collection:write", "collection:cashier", whole_utility=True)
WRITE_ALL = auth.scope("collection:write", whole_utility=True)
CASHIER = auth.scope("collection:cashier")
Id = Annotated[str, Path(min_length=1, max_length=MAX_NO)]


@dataclass(frozen=True, slots=True)
class Context:
    """`today` is the utility's civil date now; `channel_secrets` the callback secret of each channel.

    `ladders` (of dunning), `plans`, `standings`, `late_fees`, `cuts`, `ageing`: rules of capabilities that lie above others
    which are given this. `accrued_late_fees`: what has grown until today on what an account owes, in fen.
    """

    policy: Policy
    ladders: Versions[Any]
    plans: Versions[Any]
    standings: Versions[Any]
    late_fees: Versions[Any]
    accrued_late_fees: Callable[[View, str], Awaitable[int]]
    cuts: Any
    ageing: Versions[tuple[int, ...]]
    today: Callable[[], date]
    channel_secrets: Mapping[str, bytes]


Own = Annotated[Context, Depends(state.context)]
