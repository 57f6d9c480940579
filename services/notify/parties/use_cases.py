"""Parties enter here, and nowhere else; what waited for one goes out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.notify.accounts import store as accounts
from services.notify.parties import domain
from services.notify.parties.domain import Party, Verification
from services.notify.parties.domain.preferences import in_order
from services.notify.parties.store import parties as store
from services.notify.policies.domain import Policy
from services.notify.vault import Vault
from shared import batch_put
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import OTHER_ORG_UNIT, REPEATED, Outcome, refused

TakeUp = Callable[[Tx, Sequence[str]], Awaitable[None]]
"""Queues what waited for a party of these accounts. Notices lie above parties, so that main brings it along."""


class DoesNotCoverAccount(BusinessError):
    status = 409
    code = "party.does_not_cover_account"
    title = "An account of the party's roles belongs to another org unit than the party"


class Erased(BusinessError):
    status = 409
    code = "party.erased"
    title = "The party was erased: a number that is free is to be taken"


class StillNeeded(BusinessError):
    status = 409
    code = "party.still_needed"
    title = "The party still has a role: what is needed for its supply is kept until all its roles have ended"


class NothingToMove(BusinessError):
    status = 409
    code = "party.nothing_to_move"
    title = "The party has no role there on that day"


CONFLICTS = (DoesNotCoverAccount, Erased)


async def put(
    tx: Tx,
    items: Sequence[Party],
    *,
    actor: str,
    may_see: Callable[[str], bool],
    policy: Policy,
    today: date,
    vault: Vault,
    take_up: TakeUp,
) -> list[Outcome]:
    """Make or replace parties whole, with their contact points and roles, and queue what waited for them; one outcome per item.

    `policy` is that of the day on which they are put. What verified a contact point goes on to count as long as its value stays.
    """
    await accounts.lock_anchors(tx, [anchor(item.party_no) for item in items])
    stored = await store.parties(tx, vault, [item.party_no for item in items])
    erased = await store.erased(tx, [item.party_no for item in items])
    account_nos = await _lock(tx, [*items, *(party for party, _ in stored.values())])
    org_units = await accounts.org_units(tx, account_nos)

    def refusal(item: Party, old: Party | None) -> Outcome | None:
        if item.party_no in erased:
            return refused(Erased.code, Erased.title, id=item.party_no)
        return _refusal(item, old, org_units=org_units, may_see=may_see, policy=policy, today=today)

    async def write(changed: Sequence[tuple[Party, int]]) -> set[str]:
        return await store.put_parties(
            tx, vault, [(_with_address_since(item, version, stored), version) for item, version in changed]
        )

    outcomes = await batch_put.put(
        tx,
        [_in_order(item) for item in items],
        kind="party",
        number=lambda item: item.party_no,
        stored=stored,
        refusal=refusal,
        write=write,
        actor=actor,
    )
    outcomes = await _verified_with(tx, items, outcomes)
    if any(outcome.status == "done" for outcome in outcomes):
        await take_up(tx, account_nos)
    return outcomes


async def _verified_with(tx: Tx, items: Sequence[Party], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Keep the verifications that came with parties which were not refused; one that has a new one is `done`."""
    given = [
        each
        for item, outcome in zip(items, outcomes, strict=True)
        if outcome.status != "refused"
        for each in dict.fromkeys(item.verified)
    ]
    if not given:
        return list(outcomes)
    touched = {each.party_no for each in await _keep(tx, given)}
    return [
        replace(outcome, status="done") if outcome.id in touched and outcome.status == "already_done" else outcome
        for outcome in outcomes
    ]


async def _keep(tx: Tx, given: Sequence[Verification]) -> list[Verification]:
    """Keep verifications of contact points that there are, and return those that are new."""
    points = await store.points_of(tx, [(each.party_no, each.point_no) for each in given])
    known = await store.verifications(tx, sorted({each.party_no for each in given}))
    new = [each for each in given if not _is_known(each, known.get((each.party_no, each.point_no), ()))]
    await store.verify(tx, [(each, points[each.party_no, each.point_no].address_since) for each in new])
    tx.audit([_verified(each) for each in new])
    return new


async def keep_verified(tx: Tx, given: Sequence[Verification], *, vault: Vault, take_up: TakeUp) -> None:
    """Keep what verified a contact point of one party that there is, and queue what waited for that; its anchor is held."""
    found = await store.parties(tx, vault, [given[0].party_no])
    account_nos = await _lock(
        tx, [party for party, _ in found.values()], points=[each.service_point_no for each in given]
    )
    if await _keep(tx, given):
        await take_up(tx, account_nos)


async def verify(
    tx: Tx,
    items: Sequence[Verification],
    *,
    may_see: Callable[[str], bool],
    today: date,
    vault: Vault,
    take_up: TakeUp,
) -> list[Outcome]:
    """Keep that contact points were verified, and queue what waited for that; one outcome per item."""
    await accounts.lock_anchors(tx, [anchor(item.party_no) for item in items])
    found = await store.parties(tx, vault, [item.party_no for item in items])
    parties = {party_no: party for party_no, (party, _) in found.items()}
    account_nos = await _lock(tx, list(parties.values()), points=[item.service_point_no for item in items])
    outcomes: list[Outcome] = []
    given: list[Verification] = []
    for item in items:
        name = f"{item.party_no}~{item.point_no}"
        party = parties.get(item.party_no)
        points = {point.point_no for point in party.points} if party else set()
        if party is not None and not may_see(party.org_unit):
            outcomes.append(refused(OTHER_ORG_UNIT, id=name))
        elif code := domain.fault_of_verification(item, today, points):
            outcomes.append(refused(code, domain.FAULTS[code], id=name))
        elif item in given:
            outcomes.append(refused(REPEATED, id=name))
        else:
            outcomes.append(Outcome("already_done", id=name))
            given.append(item)
    new = set(await _keep(tx, given)) if given else set()
    if new:
        await take_up(tx, account_nos)
    return [
        replace(outcome, status="done") if item in new and outcome.status == "already_done" else outcome
        for item, outcome in zip(items, outcomes, strict=True)
    ]


async def move(
    tx: Tx,
    party_no: str,
    *,
    leaves: domain.Towards,
    enters: domain.Towards | None,
    on: date,
    actor: str,
    may_see: Callable[[str], bool],
    policy: Policy,
    today: date,
    vault: Vault,
    take_up: TakeUp,
) -> list[Outcome]:
    """Move a party that there is on a day: its roles towards one place end, and begin towards another. Raises NothingToMove."""
    party, _ = (await store.parties(tx, vault, [party_no]))[party_no]
    wanted = domain.moved(party, leaves=leaves, enters=enters, on=on)
    if wanted == party:
        raise NothingToMove
    return await put(
        tx, [wanted], actor=actor, may_see=may_see, policy=policy, today=today, vault=vault, take_up=take_up
    )


async def erase(tx: Tx, party_no: str, *, actor: str, reason: str, today: date, vault: Vault) -> None:
    """Erase what says who a party is (删除个人信息), where it has no role any more. What the books need stays: its number.

    Raises StillNeeded. Erased again it changes nothing.
    """
    await accounts.lock_anchors(tx, [anchor(party_no)])
    if await store.erased(tx, [party_no]):
        return
    party, version = (await store.parties(tx, vault, [party_no]))[party_no]
    if any(role.valid_to is None or role.valid_to > today for role in party.roles):
        raise StillNeeded
    await store.erase(tx, vault, party_no, version + 1, today)
    tx.audit(
        [
            AuditEntry(
                action="party.erased",
                entity_kind="party",
                entity_id=party_no,
                actor=actor,
                reason=reason,
                before_version=version,
                after_version=version + 1,
            )
        ]
    )


def was_read(party_nos: Sequence[str], *, actor: str, what: str) -> list[AuditEntry]:
    """Return the audit entries of a look at personal data, kept under each party: who asks about it finds all that looked."""
    return [
        AuditEntry(action="party.read", entity_kind="party_read", entity_id=party_no, actor=actor, reason=what)
        for party_no in party_nos
    ]


def was_looked_up(index: str, *, actor: str, what: str) -> list[AuditEntry]:
    """Return the audit entry of a look-up, under the blind index: who asks for one value again and again is seen."""
    return [AuditEntry(action="party.looked_up", entity_kind="party_lookup", entity_id=index, actor=actor, reason=what)]


async def _lock(tx: Tx, parties: Sequence[Party], points: Sequence[str] = ()) -> list[str]:
    """Lock the anchors of the accounts that parties have roles towards, or that service points supply; return their numbers.

    Who finds nobody to tell, and who brings somebody, lock the same rows: neither misses the other.
    """
    roles = [role for party in parties for role in party.roles]
    supplied = sorted({role.service_point_no for role in roles} | set(points) - {""})
    supplies = await accounts.supplies(tx, [point for point in supplied if point])
    account_nos = {role.account_no for role in roles if role.account_no}
    account_nos |= {supply.account_no for found in supplies.values() for supply in found}
    await accounts.lock_anchors(tx, map(accounts.account_anchor, account_nos))
    return sorted(account_nos)


def anchor(party_no: str) -> str:
    """Return the anchor that whoever changes a party locks."""
    return f"party/{party_no}"


def _in_order(party: Party) -> Party:
    """Return a party with its contact points and roles in the order in which they are stored: what is wanted has none."""
    return replace(
        party,
        preferences=in_order(party.preferences),
        points=tuple(sorted(party.points, key=lambda point: point.point_no)),
        roles=tuple(sorted(party.roles, key=lambda r: (r.role, r.account_no, r.service_point_no, r.valid_from))),
    )


def _with_address_since(party: Party, version: int, stored: Mapping[str, tuple[Party, int]]) -> Party:
    old = {point.point_no: point for point in stored[party.party_no][0].points} if party.party_no in stored else {}
    points = []
    for point in party.points:
        before = old.get(point.point_no)
        kept = before is not None and (before.kind, before.address) == (point.kind, point.address)
        points.append(replace(point, address_since=before.address_since if before is not None and kept else version))
    return replace(party, points=tuple(points))


def _refusal(
    item: Party,
    old: Party | None,
    *,
    org_units: Mapping[str, str],
    may_see: Callable[[str], bool],
    policy: Policy,
    today: date,
) -> Outcome | None:
    if not may_see(item.org_unit) or (old is not None and not may_see(old.org_unit)):
        return refused(OTHER_ORG_UNIT, id=item.party_no)
    if code := domain.fault(item, policy, today):
        return refused(code, domain.FAULTS[code], id=item.party_no)
    towards = {role.account_no for role in item.roles if role.account_no in org_units}
    if any(domain.standing(item.org_unit, org_units[account_no]) == domain.REFUSED for account_no in towards):
        return refused(DoesNotCoverAccount.code, DoesNotCoverAccount.title, id=item.party_no)
    return None


def _is_known(item: Verification, known: Sequence[Row[Any]]) -> bool:
    return any(
        (item.account_no, item.service_point_no, item.how, item.day)
        == (row.account_no, row.service_point_no, row.how, row.day)
        for row in known
    )


def _verified(item: Verification) -> AuditEntry:
    return AuditEntry(action=f"party.verified.{item.how}", entity_kind="party", entity_id=item.party_no, actor=item.by)
