"""Parties as they are said and taken over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, time
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from services.notify.parties import domain
from services.notify.parties.domain import POINTS_MAX, ROLES_MAX, Party, preferences
from shared.fields import Day, Words
from shared.web.batch import In, No

BATCH_MAX = 1000  # parties, or verifications, of one request: about 1 MB
ADDRESS_MAX = 320  # RFC 5321: 64 for the mailbox, 255 for its domain
OrgUnit = Annotated[str, Field(min_length=1, max_length=160, pattern=r"^[^/\s]+(/[^/\s]+)*$", examples=["zj/hangzhou"])]
Code = Annotated[str, Field(min_length=1, max_length=16)]
Time = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
OptionalNo = Annotated[str, Field(max_length=64)]
LookUpKind = Literal["name", "mobile", "landline", "email", "wechat", "app", "postal"]


class Personal(In):
    # a name or an address must not come back in an error text
    model_config = ConfigDict(hide_input_in_errors=True)


class VerifiedBody(In):
    """How a contact point was verified, with the address that it has, for an account or a service point: one of both."""

    account_no: OptionalNo = Field("", examples=["3301000001"])
    service_point_no: OptionalNo = ""
    how: Code = Field(examples=["declared"], description=", ".join(domain.BY_PERSON))
    day: Day = Field(examples=["2026-01-01"])


class PointBody(Personal):
    """A contact point (联系方式). `valid_to` is the first day no longer valid."""

    point_no: No = Field(examples=["1"], description="A number of the party's own; it stays with what it reaches.")
    kind: Code = Field(examples=["email"], description="A kind of contact point of the policy.")
    address: str = Field(min_length=1, max_length=ADDRESS_MAX, examples=["li@example.org"])
    valid_from: Day = Field(examples=["2026-01-01"])
    valid_to: Day | None = None


class PointIn(PointBody):
    verified: list[VerifiedBody] = Field([], max_length=ROLES_MAX, description="Noted beside what is known already.")


class RoleBody(Personal):
    """What the party is to an account, or to a service point whoever holds its account: one of both."""

    role: Code = Field(examples=["holder"], description="holder, tenant, landlord, payer, delegate or authority")
    account_no: OptionalNo = Field("", examples=["3301000001"])
    service_point_no: OptionalNo = ""
    valid_from: Day = Field(examples=["2026-01-01"])
    valid_to: Day | None = None


class VulnerabilityBody(Personal):
    reason: Code = Field(examples=["elderly"], description=", ".join(domain.VULNERABILITIES))
    source: Words = Field(max_length=200, description="Who said so, such as a home visit or a certificate.")
    since: Day


class HoursBody(Personal):
    """The hours of every day in which the party wants to be told by what disturbs, in place of the policy's."""

    opens: Time = Field(examples=["18:00"])
    closes: Time = Field(examples=["20:00"])
    zone: str = Field("", max_length=64, examples=["Europe/Berlin"], description="Empty: the utility's.")


class WishBody(Personal):
    """How the party wants to be told: over some channels first, over some never, or not at all."""

    about: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        examples=["tip"],
        description="A budget class (legal, service, tip), or a kind of notice, which comes before its class.",
    )
    first: list[Code] = Field([], max_length=preferences.CHANNELS_MAX, examples=[["sms"]])
    never: list[Code] = Field([], max_length=preferences.CHANNELS_MAX)
    not_wanted: bool = Field(False, description="Declined; not where a right depends on it.")


class PreferencesBody(Personal):
    """What the party prefers (偏好)."""

    hours: HoursBody | None = None
    wishes: list[WishBody] = Field([], max_length=preferences.WISHES_MAX)

    def given(self) -> preferences.Preferences:
        hours = None
        if self.hours:
            opens, closes = time.fromisoformat(self.hours.opens), time.fromisoformat(self.hours.closes)
            hours = preferences.Preferred(opens=opens, closes=closes, zone=self.hours.zone)
        return preferences.Preferences(
            hours=hours,
            wishes=tuple(
                preferences.Wish(
                    about=wish.about, first=tuple(wish.first), never=tuple(wish.never), not_wanted=wish.not_wanted
                )
                for wish in self.wishes
            ),
        )

    @classmethod
    def of(cls, given: preferences.Preferences) -> Self:
        """Return preferences as they are shown."""
        hours = given.hours
        return cls(
            hours=HoursBody(
                opens=hours.opens.isoformat("minutes"), closes=hours.closes.isoformat("minutes"), zone=hours.zone
            )
            if hours
            else None,
            wishes=[WishBody.model_validate(asdict(wish)) for wish in given.wishes],
        )


class PartyBody(Personal):
    """A person, household or firm (当事人), whole: contact points and roles that are left out are removed."""

    org_unit: OrgUnit
    kind: Code = Field("person", examples=["person"], description="person, household or firm")
    name: str = Field(min_length=1, max_length=200)
    language: Code = Field("zh", examples=["zh"], description="zh or en")
    vulnerability: VulnerabilityBody | None = None
    wishes: list[Code] = Field([], max_length=len(domain.WISHES), description=", ".join(domain.WISHES))
    preferences: PreferencesBody = Field(default_factory=PreferencesBody)
    teller: OptionalNo = Field(
        "",
        description="The employee who calls this person, such as the reader of the route; empty: whoever takes the task.",
    )
    points: list[PointIn] = Field([], max_length=POINTS_MAX)
    roles: list[RoleBody] = Field([], max_length=ROLES_MAX)

    def party(self, party_no: str, by: str) -> Party:
        return Party(
            party_no=party_no,
            org_unit=self.org_unit,
            kind=self.kind,
            name=self.name,
            language=self.language,
            vulnerability=domain.Vulnerability(**self.vulnerability.model_dump()) if self.vulnerability else None,
            wishes=tuple(sorted(set(self.wishes))),
            preferences=self.preferences.given(),
            teller=self.teller,
            points=tuple(domain.ContactPoint(**point.model_dump(exclude={"verified"})) for point in self.points),
            roles=tuple(domain.Role(**role.model_dump()) for role in self.roles),
            verified=tuple(
                domain.Verification(party_no=party_no, point_no=point.point_no, **each.model_dump(), by=by)
                for point in self.points
                for each in point.verified
            ),
        )


class PartyItem(PartyBody):
    party_no: No = Field(examples=["P-3301000001"])


class PartyBatch(Personal):
    items: list[PartyItem] = Field(min_length=1, max_length=BATCH_MAX)


class VerificationBody(VerifiedBody):
    party_no: No = Field(examples=["P-3301000001"])
    point_no: No = Field(examples=["1"])

    def verification(self, by: str) -> domain.Verification:
        return domain.Verification(**self.model_dump(), by=by)


class VerificationBatch(In):
    items: list[VerificationBody] = Field(min_length=1, max_length=BATCH_MAX)


class Place(In):
    account_no: OptionalNo = ""
    service_point_no: OptionalNo = ""

    def towards(self) -> domain.Towards:
        return self.account_no, self.service_point_no


class MoveIn(In):
    """The party's roles towards one place end on a day, and begin towards another, where one is named."""

    on: Day
    leaves: Place
    enters: Place | None = None


class LookUpIn(Personal):
    kind: LookUpKind
    value: str = Field(min_length=1, max_length=ADDRESS_MAX)
    reason: Words = Field(max_length=200, examples=["A call about a bill."])


class ErasureIn(In):
    reason: Words = Field(max_length=200)


class VerificationOut(BaseModel):
    account_no: str
    service_point_no: str
    how: str
    day: date
    verified_by: str

    model_config = ConfigDict(from_attributes=True)


class PointOut(PointBody):
    verified: list[VerificationOut] = Field(description="What verified it with the address that it has, oldest first.")


class RoleOut(RoleBody):
    state: Literal["waiting_for_account", "in_use", "refused"] = Field(
        description="`refused`: the account proved to be another bureau's; the party is not told of it"
    )


class PartyOut(BaseModel):
    """A party with its name and the values of its contact points: personal data."""

    party_no: str
    org_unit: str
    kind: str
    name: str
    language: str
    vulnerability: VulnerabilityBody | None
    wishes: list[str]
    preferences: PreferencesBody
    teller: str
    points: list[PointOut]
    roles: list[RoleOut]
    version: int

    @classmethod
    def of(
        cls,
        party: Party,
        version: int,
        verified: Mapping[tuple[str, str], Sequence[Any]],
        org_units: Mapping[str, str],
    ) -> "PartyOut":
        """Return a party as it is shown."""
        names = ("party_no", "org_unit", "kind", "name", "language", "teller")
        vulnerability = party.vulnerability
        return cls(
            **{name: getattr(party, name) for name in names},
            vulnerability=VulnerabilityBody.model_validate(vulnerability, from_attributes=True)
            if vulnerability
            else None,
            wishes=list(party.wishes),
            preferences=PreferencesBody.of(party.preferences),
            points=[
                PointOut(
                    **{name: getattr(point, name) for name in PointBody.model_fields},
                    verified=[
                        VerificationOut.model_validate(row)
                        for row in verified.get((party.party_no, point.point_no), ())
                    ],
                )
                for point in party.points
            ],
            roles=[
                RoleOut(
                    **{name: getattr(role, name) for name in RoleBody.model_fields},
                    state=_standing(party, role, org_units),
                )
                for role in party.roles
            ],
            version=version,
        )


def _standing(party: Party, role: domain.Role, org_units: Mapping[str, str]) -> Any:
    return domain.standing(party.org_unit, org_units.get(role.account_no) if role.account_no else party.org_unit)


class FoundOut(BaseModel):
    """A party that was looked up: what it is is read by its number."""

    model_config = ConfigDict(from_attributes=True)

    party_no: str
    org_unit: str
    kind: str


class FoundsOut(BaseModel):
    items: list[FoundOut]
    more: bool = Field(description="There are more than are listed.")


class StaleOut(BaseModel):
    """A contact point that was not confirmed for long; the next contact with the party should ask."""

    model_config = ConfigDict(from_attributes=True)

    party_no: str
    point_no: str
    kind: str
    org_unit: str
    confirmed_on: date
