"""A code is asked for, sent, and answered."""

import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from services.notify.accounts import store as accounts
from services.notify.codes import domain, store
from services.notify.codes.domain import CODE_LIFE
from services.notify.notices.domain.receipts import FAILED
from services.notify.notices.store import receipts
from services.notify.parties import use_cases as parties
from services.notify.parties.domain import Addressee, Towards, Verification
from services.notify.parties.store import parties as parties_store
from services.notify.parties.store.addressees import addressees
from services.notify.parties.use_cases import TakeUp
from services.notify.policies.domain import Policy
from services.notify.sending.domain.port import Attempt
from services.notify.vault import Vault
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError

RECEIPTS_MAX = 100  # used in one unit of work
AGAIN_SECONDS = 10  # after a refusal for now, or an answer that did not come


class NoWay(BusinessError):
    status = 409
    code = "point_code.no_way"
    title = "No message goes to this kind of contact point at once: it is verified by a call, or on site"


class AskedTooOften(BusinessError):
    status = 409
    code = "point_code.asked_too_often"
    title = f"{domain.ASKS_MAX} codes a day are all that go to one contact point"


class Refused(BusinessError):
    status = 409
    code = "point_code.refused"
    title = "The code is not right, or is not valid any more: ask for another one"


ASKING = (NoWay, AskedTooOften)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A code to be sent. `to`: None where the party has no such contact point with that address any more."""

    row: Row[Any]
    to: Addressee | None
    code: str = field(repr=False)


async def ask(
    tx: Tx,
    party_no: str,
    point_no: str,
    places: Sequence[Towards],
    *,
    actor: str,
    today: date,
    policy: Policy,
    gateways: Collection[str],
    vault: Vault,
) -> Row[Any] | None:
    """Have a code sent to a contact point, and return it without the code; None where there is no such contact point.

    One that was asked for before is good no more. Raises NoWay, AskedTooOften.
    """
    await accounts.lock_anchors(tx, [parties.anchor(party_no)])
    point = (await parties_store.points_of(tx, [(party_no, point_no)])).get((party_no, point_no))
    if point is None:
        return None
    way = domain.channel(point.kind, policy, gateways)
    if way is None:
        raise NoWay
    if await store.asks(tx, party_no, point_no, today) >= domain.ASKS_MAX:
        raise AskedTooOften
    await store.replace_open(tx, party_no, point_no)
    code_id, code = ids.new(), f"{secrets.randbelow(10**domain.DIGITS):0{domain.DIGITS}}"
    await store.insert(
        tx,
        {
            "code_id": code_id,
            "party_no": party_no,
            "point_no": point_no,
            "address_since": point.address_since,
            "places": orjson.dumps(sorted(set(places))).decode(),
            "code_sealed": vault.seal(code),
            "code_hash": vault.proofs(f"{code_id}/{code}")[0],
            "channel": way[0],
            "gateway": way[1],
            "reference": "",
            "state": domain.QUEUED,
            "code": "",
            "sends": 0,
            "wrong": 0,
            "asked_by": actor,
            "asked_on": today,
            "asked_at": tx.now,
            "expires_at": tx.now + domain.LIFE,
            "due_at": tx.now,
        },
    )
    tx.audit([_entry("point_code.asked", code_id, actor)])
    return await store.code(tx, code_id)


async def answer(
    tx: Tx, party_no: str, point_no: str, given: str, *, actor: str, today: date, vault: Vault, take_up: TakeUp
) -> Row[Any] | None:
    """Take the code that was told back: the contact point is verified, and what waited for that goes out. Return it as it is.

    None, to be committed too, where it is not right, too old, or was used: a wrong one is counted, and after WRONG_MAX of them no
    answer is right. Of several at once one is the first.
    """
    await accounts.lock_anchors(tx, [parties.anchor(party_no)])
    row = await store.open_code(tx, party_no, point_no)
    if row is None or row.expires_at <= tx.now:
        return None
    point = (await parties_store.points_of(tx, [(party_no, point_no)])).get((party_no, point_no))
    proofs = vault.proofs(f"{row.code_id}/{given}")
    right = any(hmac.compare_digest(proof, row.code_hash) for proof in proofs)
    if point is None or point.address_since != row.address_since or not right:
        if row.wrong + 1 < domain.WRONG_MAX:
            await store.count_wrong(tx, row)
        else:
            await store.end(tx, row, "guessed too often", wrong=row.wrong + 1)
        tx.audit([_entry("point_code.wrong", row.code_id, actor)])
        return None
    await store.end(tx, row, "answered")
    tx.audit([_entry("point_code.answered", row.code_id, actor)])
    verified = [
        Verification(
            party_no=party_no,
            point_no=point_no,
            account_no=account_no,
            service_point_no=service_point_no,
            how="code",
            day=today,
            by=actor,
        )
        for account_no, service_point_no in orjson.loads(row.places)
    ]
    await parties.keep_verified(tx, verified, vault=vault, take_up=take_up)
    return await store.code(tx, row.code_id)


async def claim(tx: Tx, vault: Vault, *, count: int, lease_seconds: float) -> list[Claimed]:
    """Take up to `count` codes for sending, those of senders that died before they said what became of them among them."""
    rows = await store.claim(tx, count=count, lease_until=tx.now + timedelta(seconds=lease_seconds))
    if not rows:
        return []
    found = await addressees(tx, vault, [(row.party_no, row.point_no) for row in rows])
    claimed = []
    for row in rows:
        to = found.get((row.party_no, row.point_no))
        same = to is not None and to.address_since == row.address_since
        claimed.append(Claimed(row=row, to=to if same else None, code=vault.open(row.code_sealed)))
    return claimed


async def finish(tx: Tx, claimed: Claimed, attempt: Attempt) -> None:
    """Store what became of a sending: once it is out, or has come to nothing, the code is kept no more."""
    event = {"accepted": "accepted", "permanent": "came to nothing"}.get(attempt.result, "refused for now")
    again = tx.now + timedelta(seconds=AGAIN_SECONDS) if event == "refused for now" else None
    await store.finish(tx, claimed.row, event, code=attempt.code, reference=attempt.reference, due_at=again)


async def hear(tx: Tx) -> None:
    """Use what gateways say of codes: one that came back is good no more."""
    reported = await store.reported(tx, RECEIPTS_MAX)
    ended: set[str] = set()
    for receipt, row in reported:
        if receipt.result == FAILED and row.code_id not in ended and CODE_LIFE.may(row.state, "came to nothing"):
            await store.end(tx, row, "came to nothing", code=receipt.code)
            ended.add(row.code_id)
    if reported:
        await receipts.close(tx, used=[receipt for receipt, _ in reported], refused=[])


def _entry(action: str, code_id: str, actor: str) -> AuditEntry:
    return AuditEntry(action=action, entity_kind="point_code", entity_id=code_id, actor=actor)
