"""The utility's rules for notices, as dated data: channels, who is told what, how long to wait, when to try again."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from services.notify.policies.domain import pace
from services.notify.policies.domain.pace import Manner, Pace
from shared import dated
from shared.dated import Versions
from shared.document import Node

LANDLORD = "landlord"
AUTHORITY = "authority"
"""Who oversees an important customer (主管部门): told of what is copied to it, and of nothing else."""
ROLES = ("holder", "tenant", LANDLORD, "payer", "delegate", AUTHORITY)
VERIFIED_BY = ("declared", "called", "on_site", "code", "answered")
"""How a contact point was verified: the utility vouches for it, it was called, seen on site, a code or a link was answered."""
LANGUAGES = ("zh", "en")
PLAIN, GENTLE, FIRM = TONES = ("plain", "gentle", "firm")
"""How a text speaks; what it says is the same in each."""
STANDINGS = ("prompt", "sometimes_late", "often_late", "hardship")
"""How an account pays, as collection tells it."""
DOOR = "door"
"""What a visit goes to: the service point itself, which no party needs to have as a contact point."""
LEGAL_ONLY, VULNERABLE_ONLY = ONLY = ("legal", "vulnerable")
ATTEMPTS_MAX = 20  # a schedule longer than that is a typing error
RETRY_SECONDS_MAX = 7 * 86_400
WAIT_DAYS_MAX = 400
STALE_MONTHS_MAX = 240
HELD = CALLS, LETTERS, VISITS = "calls", "letters", "visits"
"""What people work through: such a gateway has a notice once it is on their list, and only a person says what became of it."""
GATEWAYS = ("smtp", "sms", "app", "wechat", *HELD)
PROOFS = ACCEPTED, RECEIPT = "accepted", "receipt"
RECEIPT_HOURS = 72  # where a policy does not say how long
RECEIPT_HOURS_MAX = 90 * 24
DELIVERED_AFTER_DAYS_MAX = 365
TRIES_MAX, AGAIN_HOURS_MAX = 10, 14 * 24  # of calls: who did not answer ten needs a visit
REMINDERS_MAX = 5  # of one question
_NOBODY = re.compile("(?!)")


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to reach a person, over a kind of contact point. Without a gateway its notices fail with `no_gateway`.

    `proof`: what counts as delivered: that the gateway has accepted it, or its receipt; `proof_legal`: of a kind whose receipt a
    right depends on. Without a receipt in `receipt_hours` it goes the next way.
    `quiet`: whether it disturbs, so that it keeps to quiet hours. `only`: used for what a right depends on, or for vulnerable
    parties, and else for nobody; empty: for all.
    """

    gateway: str | None
    point: str
    last_resort: bool  # used only where the account has no other usable contact (S16: paper is the last resort)
    quiet: bool = False
    only: frozenset[str] = frozenset()
    proof: str = ACCEPTED
    proof_legal: str = ACCEPTED
    receipt_hours: int = RECEIPT_HOURS

    def is_for(self, *, legal: bool, vulnerable: bool) -> bool:
        """Return whether it may be used."""
        return not self.only or (legal and LEGAL_ONLY in self.only) or (vulnerable and VULNERABLE_ONLY in self.only)

    @property
    def joins(self) -> bool:
        """Whether several notices may be one message: what people work through is a notice each."""
        return self.gateway is not None and self.gateway not in HELD

    def receipt_seconds(self, *, legal_effect: bool) -> int | None:
        """Return how long the receipt of an accepted message is awaited; None where acceptance counts as delivered."""
        proof = self.proof_legal if legal_effect else self.proof
        return None if proof == ACCEPTED else self.receipt_hours * 3600


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Seconds to wait before attempt 2, 3, …; after the last one the notice is final."""

    temporary_seconds: tuple[int, ...]
    in_doubt_seconds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Tones:
    """In which tone a party is spoken to: because it is vulnerable, or else by the standing of the account."""

    by_standing: Mapping[str, str]
    vulnerable: str | None = None

    def of(self, standing: str | None, *, is_vulnerable: bool, wanted: str = "") -> str:
        """Return the tone for a party: whatever is `wanted`, a vulnerable one has its own; an account whose standing is not known
        is spoken to plainly."""
        if is_vulnerable and self.vulnerable is not None:
            return self.vulnerable
        if wanted in TONES:
            return wanted
        return self.by_standing.get(standing or "", PLAIN)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """How often somebody is called before another way is taken, and after how many hours again."""

    tries: int = 3
    again_hours: int = 20


@dataclass(frozen=True, kw_only=True)
class Letters:
    """How many days after its posting a letter of which nothing was heard counts as delivered; None: never.

    `delivered_after_days_legal`: of a kind whose receipt a right depends on. Both are the utility's policy, no law says them.
    """

    delivered_after_days: int | None = None
    delivered_after_days_legal: int | None = None


@dataclass(frozen=True, kw_only=True)
class AtDoor:
    """Over which channel, one by letter, a door is told once a cause has waited so many days for a verified contact point."""

    channel: str
    after_days: int


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules of one version; `roles` are those that receive a kind of notice.

    `points`: the forms of contact points by kind; `channels`: in the order in which they are tried; `verified_by`: what counts as
    having verified a contact point; one that was not confirmed for `stale_months` is listed, one of a debtor or former debtor
    after `stale_months_debtors`. `tones`: in which tone who is spoken to, where a kind has several.
    A question is asked again so many days before the last day for an answer as `remind_days_before` says, once for each.
    `ways`: the channels of a kind, in its own order, where it has one. `manners`: how each kind is told; `pace`: when and how
    often, in the utility's `zone` where a party has none of its own.
    """

    points: Mapping[str, re.Pattern[str]]
    channels: Mapping[str, Channel]
    verified_by: frozenset[str]
    stale_months: int
    stale_months_debtors: int
    tones: Tones
    roles: Mapping[str, frozenset[str]]
    wait_for_contact_days: int
    remind_days_before: tuple[int, ...]
    retry: Retry
    manners: Mapping[str, Manner]
    pace: Pace
    zone: ZoneInfo
    calls: Calls = Calls()
    letters: Letters = Letters()
    at_door: AtDoor | None = None
    ways: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def channels_of(self, template: str) -> Mapping[str, Channel]:
        """Return the channels of a kind in the order in which they are tried: its own, or that of all."""
        return {name: self.channels[name] for name in self.ways.get(template, self.channels)}

    def last_resorts(self, template: str) -> frozenset[str]:
        """Return the channels that a kind takes only where nobody in a role is reached otherwise.

        In an order of its own, one that stands before another channel is no last resort: `first_remote_meter` begins at the door.
        """
        channels = self.channels_of(template)
        last = (
            channels
            if template not in self.ways
            else takewhile(lambda name: channels[name].last_resort, reversed(list(channels)))
        )
        return frozenset(name for name in last if channels[name].last_resort)

    def joining(self) -> frozenset[str]:
        """Return the kinds whose notices may be one message with others."""
        joins = self.pace.join_at is not None
        return frozenset(name for name, manner in self.manners.items() if manner.joins) if joins else frozenset()


Policies = Versions[Policy]


def load(
    document: Any,
    roles: Mapping[str, frozenset[str]],
    manners: Mapping[str, Manner],
    zone: ZoneInfo,
    tenants_alone: Collection[str] = (),
) -> Policies:
    """Return the versions of a parsed policy document; `roles` are told of each kind where a version names no others.

    `manners`: how each kind is told; `zone`: the utility's. `tenants_alone`: kinds whose texts show what is the tenant's alone;
    no version may name the landlord for them.
    Raises `DocumentError` with all its faults.
    """

    def read(version: Node) -> Policy:
        points = {name: _form(form) for name, form in version.get("points").fields()}
        channels = {name: _channel(channel, points) for name, channel in version.get("channels").fields()}
        return Policy(
            points=points,
            channels=channels,
            verified_by=frozenset(each.choice(*VERIFIED_BY) for each in version.get("verified_by").items()),
            stale_months=version.get("stale_months").whole(1, STALE_MONTHS_MAX),
            stale_months_debtors=_of_debtors(version),
            tones=_tones(version.maybe("tones")),
            roles=_roles(version.get("roles"), roles, tenants_alone),
            wait_for_contact_days=version.get("wait_for_contact_days").whole(0, WAIT_DAYS_MAX),
            remind_days_before=_reminders(version.get("remind_days_before")),
            retry=_retry(version.get("retry")),
            calls=_calls(version.maybe("calls")),
            letters=_letters(version.maybe("letters")),
            at_door=_at_door(version.maybe("at_door"), channels),
            manners=manners,
            pace=pace.read(version.maybe("pace")),
            zone=zone,
            ways=_ways(version.maybe("ways"), roles, channels),
        )

    told = "points channels verified_by stale_months stale_months_debtors tones roles"
    fields = f"{told} wait_for_contact_days remind_days_before retry calls letters at_door pace ways"
    return Node.read(document, lambda root: dated.versions(root, read, fields=fields))


def in_force(policies: Policies, at: datetime) -> Policy:
    """Return the rules of the utility's civil day of an instant."""
    return policies.on(civil_day(policies, at))


def civil_day(policies: Policies, at: datetime) -> date:
    """Return the utility's civil day of an instant."""
    return at.astimezone(next(iter(policies)).rules.zone).date()  # the same in all versions


def _form(node: Node) -> re.Pattern[str]:
    try:
        return re.compile(node.text())
    except re.error as error:
        node.refuse("value_wrong", str(error))
        return _NOBODY


def _channel(node: Node, points: Mapping[str, re.Pattern[str]]) -> Channel:
    node.keys("gateway point last_resort quiet only proof proof_legal receipt_hours")
    only = node.maybe("only")
    quiet = node.maybe("quiet")
    gateway = node.get("gateway")
    proof, legal, hours = node.maybe("proof"), node.maybe("proof_legal"), node.maybe("receipt_hours")
    name = None if gateway.value is None else gateway.choice(*GATEWAYS)
    for each in (proof, legal):
        if name in HELD and each and each.value == ACCEPTED:
            each.refuse("value_wrong", "on a list nobody is told yet: only what a person says of it is proof")
    own = RECEIPT if name in HELD else ACCEPTED
    return Channel(
        gateway=name,
        point=_kind(node.get("point"), points),
        last_resort=node.get("last_resort").flag(),
        proof=proof.choice(*PROOFS) if proof else own,
        proof_legal=legal.choice(*PROOFS) if legal else own,
        receipt_hours=hours.whole(1, RECEIPT_HOURS_MAX) if hours else RECEIPT_HOURS,
        quiet=quiet is not None and quiet.flag(),
        only=frozenset(each.choice(*ONLY) for each in only.items()) if only else frozenset(),
    )


def _kind(node: Node, points: Mapping[str, re.Pattern[str]]) -> str:
    if node.value not in points and node.value != DOOR:
        node.refuse("choice_unknown", "one of " + ", ".join((*points, DOOR)))
    return str(node.value)


def _ways(node: Node | None, kinds: Collection[str], channels: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    if node is None:
        return {}
    node.keys(" ".join(kinds))
    return {kind: tuple(each.choice(*channels) for each in of.items()) for kind, of in node.fields()}


def _of_debtors(version: Node) -> int:
    own = version.maybe("stale_months_debtors") or version.get("stale_months")
    return own.whole(1, STALE_MONTHS_MAX)


def _tones(node: Node | None) -> Tones:
    if node is None:
        return Tones(by_standing={})
    node.keys(" ".join((*STANDINGS, "vulnerable")))
    found = {name: tone.choice(*TONES) for name, tone in node.fields()}
    vulnerable = found.pop("vulnerable", None)
    return Tones(by_standing=found, vulnerable=vulnerable)


def _roles(
    node: Node, roles: Mapping[str, frozenset[str]], tenants_alone: Collection[str]
) -> Mapping[str, frozenset[str]]:
    node.keys(" ".join(roles))
    for kind in tenants_alone:
        if (named := node.maybe(kind)) is not None and LANDLORD in [each.value for each in named.items()]:
            named.refuse("value_wrong", "its texts show what is the tenant's alone: no landlord is told")
    for kind, own in roles.items():
        if (named := node.maybe(kind)) is not None and (AUTHORITY in own) != (
            AUTHORITY in [each.value for each in named.items()]
        ):
            named.refuse("value_wrong", "an authority is told of what is copied to it, and of nothing else")
    return {kind: own if (named := node.maybe(kind)) is None else _named(named) for kind, own in roles.items()}


def _named(node: Node) -> frozenset[str]:
    roles = frozenset(role.choice(*ROLES) for role in node.items())
    if not roles:
        node.refuse("value_wrong", "at least one role is needed")
    return roles


def _reminders(node: Node) -> tuple[int, ...]:
    days = tuple(each.whole(0, WAIT_DAYS_MAX) for each in node.items())
    if len(days) > REMINDERS_MAX or len(set(days)) < len(days):
        node.refuse("value_wrong", f"at most {REMINDERS_MAX} reminders, each on a day of its own")
    return days


def _retry(node: Node) -> Retry:
    node.keys("temporary_seconds in_doubt_seconds")
    return Retry(
        temporary_seconds=_schedule(node.get("temporary_seconds")),
        in_doubt_seconds=_schedule(node.get("in_doubt_seconds")),
    )


def _calls(node: Node | None) -> Calls:
    if node is None:
        return Calls()
    node.keys("tries again_hours")
    return Calls(
        tries=node.get("tries").whole(1, TRIES_MAX),
        again_hours=node.get("again_hours").whole(0, AGAIN_HOURS_MAX),
    )


def _letters(node: Node | None) -> Letters:
    if node is None:
        return Letters()
    node.keys("delivered_after_days delivered_after_days_legal")
    names = ("delivered_after_days", "delivered_after_days_legal")
    days = {name: given for name in names if (given := node.maybe(name)) is not None and given.value is not None}
    return Letters(**{name: given.whole(1, DELIVERED_AFTER_DAYS_MAX) for name, given in days.items()})


def _at_door(node: Node | None, channels: Mapping[str, Channel]) -> AtDoor | None:
    if node is None or node.value is None:
        return None
    node.keys("channel after_days")
    channel = node.get("channel")
    if channel.value not in channels or channels[str(channel.value)].gateway != LETTERS:
        channel.refuse("value_wrong", "a door is told by letter: a channel with that gateway is needed")
    return AtDoor(channel=str(channel.value), after_days=node.get("after_days").whole(0, WAIT_DAYS_MAX))


def _schedule(node: Node) -> tuple[int, ...]:
    steps = node.items()
    if len(steps) > ATTEMPTS_MAX:
        node.refuse("value_wrong", f"at most {ATTEMPTS_MAX} retries")
    return tuple(step.whole(0, RETRY_SECONDS_MAX) for step in steps)
