"""Accounts that are changed for days of issued bills: from an amount of these bills on, by two people."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import TypeAdapter

from services.billing.bills.domain.billed_days import billed_since
from services.billing.bills.domain.policy import BILLED_DAYS, KINDS
from services.billing.bills.store import bills as bills_store
from services.billing.bills.use_cases import two_people
from services.billing.context import Context
from services.billing.contracts.domain import Account
from services.billing.contracts.store.contracts import Stated
from shared import approvals
from shared.approvals import Asking
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import Outcome

_ACCOUNT: Final = TypeAdapter(Account)


class ChangedMeanwhile(BusinessError):
    status = 412
    code = "account.changed_meanwhile"
    title = "The account is another one than when the change was asked for: withdraw it, and ask again"


class Refused(BusinessError):
    """The refusal of an account, with its own code, where a second person has approved it."""

    status = 422
    code = "account.refused"
    title = "The account cannot be brought to this state any more"

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.code = outcome.code  # type: ignore[misc]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who wants accounts to be changed, for which org units they speak, and the version that a second person has `approved`."""

    actor: str
    units: Sequence[str]
    approved: int | None = None


Put = Callable[[Tx, Account, Word], Awaitable[Outcome]]
"""Brings an account to a state that a second person has approved, on the word of who asked for it."""


async def ask(
    tx: Tx, changing: Sequence[Account], stored: Mapping[str, tuple[Stated, int]], *, word: Word, context: Context
) -> dict[str, Outcome]:
    """Ask for a second person's approval of accounts where policy wants one; return the outcomes of these, by account.

    Raises ChangedMeanwhile where another version stands than the one that was approved.
    """
    known = [(now, *stored[now.account_no]) for now in changing if now.account_no in stored]
    if word.approved is not None:
        if any(version != word.approved for _, _, version in known):
            raise ChangedMeanwhile
        return {}
    since = {now.account_no: billed_since(old.account, now) for now, old, _ in known}
    first_days = {no: day for days in since.values() for no, day in days.items()}
    if not first_days:
        return {}
    issued = await bills_store.issued_since(tx, first_days)
    rules = await two_people.rules(tx, context)
    asked = []
    for now, old, version in known:
        found = [issued[no] for no in since[now.account_no] if no in issued]
        told = {"bills": sum(bills for bills, _ in found), "total_fen": sum(fen for _, fen in found)}
        second = rules.scope(BILLED_DAYS, told["total_fen"]) if found else None
        if second is not None:
            account = orjson.loads(orjson.dumps(now))
            content = {"account": account, "version": version, "issued": told, "org_units": list(word.units)}
            asked.append(
                Asking(
                    subject_id=now.account_no,
                    content=content,
                    org_unit=old.account.org_unit,
                    requested_by=word.actor,
                    second=second,
                )
            )
    answers = await approvals.ask_all(tx, BILLED_DAYS, asked) if asked else []
    return {each.subject_id: approvals.outcome(answer) for each, answer in zip(asked, answers, strict=True)}


def kind_of_approval(put: Put) -> approvals.Kind:
    """Return the kind of approval that changes an account for days of issued bills."""

    async def carry_out(tx: Tx, approval: Approval, _actor: str) -> None:
        content = approval.content
        word = Word(actor=approval.requested_by, units=content["org_units"], approved=content["version"])
        outcome = await put(tx, _ACCOUNT.validate_python(content["account"]), word)
        if outcome.status == "refused":
            raise Refused(outcome)

    return approvals.Kind(name=BILLED_DAYS, scope=KINDS[BILLED_DAYS], carry_out=carry_out)
