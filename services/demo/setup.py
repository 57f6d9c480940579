"""What is told to the services before the first read, in the shapes of their public REST interfaces."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from services.demo.district import (
    EXCHANGE_DAY,
    FIXED_SCALE,
    GO_LIVE,
    MANUAL_SLOT,
    MISREAD_COUNTS,
    READ_DAY,
    TWO_PART,
    District,
    Route,
)

READER = "reader-7"
LETTER_EVERY = 100  # parties that want paper
TEXT_EVERY, CALL_EVERY = 10, 40  # where there are phones
GONE = "gone"
"""How addresses begin that the mail server does not know (any more)."""
PHONES = "0571-8800 {:04}"
ENGLISH_EVERY = 10
TENANT_EVERY = 20
Items = list[dict[str, Any]]
SHOP_VA = 100_000  # the least that has a two-part price
COMBINED = "CN-ZJ/residential/combined"


def routes(district: District) -> Items:
    return [{"route_no": r.route_no, "org_unit": r.org_unit, "read_day": READ_DAY} for r in district.routes]


def devices(district: District) -> Items:
    """Return one head-end for each route of smart meters."""
    return [{"device_id": head_end(r), "org_unit": r.org_unit} for r in district.routes if not r.manual]


def head_end(route: Route) -> str:
    return f"headend-{route.route_no}"


def points(district: District, who: Sequence[int]) -> Items:
    return [
        {"service_point_no": district.customers[i].service_point_no, "route_no": district.route_of(i).route_no}
        for i in who
    ]


def meters(district: District, who: Sequence[int]) -> Items:
    """Return the meters of these customers, and those that are put in by an exchange."""
    numbers = [(district.customers[i].meter_no, i) for i in who]
    numbers += [(district.new_meter_no(i), i) for i in sorted(district.exchanged.intersection(who))]
    return [
        {
            "meter_no": meter_no,
            "org_unit": district.route_of(i).org_unit,
            "registers": [
                {"quantity": quantity, "digits": district.customers[i].digits, "scale": FIXED_SCALE}
                for quantity in district.quantities_of(i)
            ],
            "multiplier": district.customers[i].multiplier,
        }
        for meter_no, i in numbers
    ]


def installations(district: District, who: Sequence[int]) -> Items:
    """Return the meters on their points with the opening registers of the day of going live."""
    items = []
    for i in who:
        route, customer = district.route_of(i), district.customers[i]
        opening = district.faces(i, district.counts([i], route.live_from)[0])
        items.append(
            {
                "service_point_no": customer.service_point_no,
                "meter_no": customer.meter_no,
                "installed_on": str(route.live_from),
                "unit": "kWh",
                "opening": opening,
            }
        )
    return items


def exchange(district: District, i: int) -> Items:
    """Return the old meter taken off and the new one put on, in mid-cycle; of one the closing register lacks a digit."""
    closing, opening = district.exchange_faces(i)
    if i == district.stories["mistyped_exchange"]:
        closing = {quantity: mistyped(face) for quantity, face in closing.items()}
    (old,) = installations(district, [i])
    new = {
        "service_point_no": old["service_point_no"],
        "meter_no": district.new_meter_no(i),
        "installed_on": str(EXCHANGE_DAY),
        "unit": "kWh",
        "opening": opening,
    }
    return [old | {"removed_on": str(EXCHANGE_DAY), "closing": closing}, new]


def mistyped(face: str) -> str:
    """Return a number whose last digit before the point was not typed: 113.00 for 1130.00."""
    whole, _, decimals = face.partition(".")
    return f"{whole[:-1]}.{decimals}"


def move(district: District, story: str = "move", day: date | None = None, *, reason: str = "") -> Items:
    """Return the accounts of who moves out, whose contract ends, and of who moves in. `day`, `reason`: another one, and why."""
    i = district.stories[story]
    first_day, _ = district.moves[i]
    day = day or first_day
    (old,) = accounts(district, [i])
    (contract,) = old["contracts"]
    _, account_no = district.accounts_of(i)
    began = {"from": str(day), "tariffs": [{"from": str(day), "tariff": district.route_of(i).tariff}]}
    why = {"reason": reason} if reason else {}
    new = {
        "account_no": account_no,
        "opened_on": str(first_day),
        "facts": [{"from": str(first_day), "customer_class": "residential", "people": 2}],
        "contracts": [contract | began | why | {"contract_no": f"{contract['contract_no']}-B"}],
    }
    return [old | {"contracts": [contract | why | {"to": str(day)}]}, old | new]


def shared_meter(district: District) -> Items:
    """Return the account whose meter is shared by several households since January: another class, at the combined price."""
    (account,) = accounts(district, [district.stories["class_changed"]])
    (contract,) = account["contracts"]
    facts = [{"from": account["opened_on"], "customer_class": "residential_combined", "people": 0}]
    tariffs = [{"from": account["opened_on"], "tariff": COMBINED}]
    return [account | {"facts": facts, "contracts": [contract | {"tariffs": tariffs}]}]


def accounts(district: District, who: Sequence[int]) -> Items:
    """Return accounts with their contract, tariff, household and what the ladder of their first year has used: nothing yet."""
    items = []
    for i in who:
        route, customer = district.route_of(i), district.customers[i]
        since = str(route.live_from)
        opening = {"ladder": "year", "year": route.live_from.year, "used_wh": [0, 0, 0]}
        items.append(
            {
                "account_no": customer.account_no,
                "org_unit": route.org_unit,
                "opened_on": since,
                "facts": [{"from": since, **_terms(district, i)}],
                "contracts": [
                    {
                        "contract_no": customer.contract_no,
                        "service_point_no": customer.service_point_no,
                        "from": since,
                        "tariffs": [{"from": since, "tariff": district.tariff_of(i)}],
                        "curve_minutes": district.curve_minutes_of(i),
                        "opening_usage": [] if district.tariff_of(i) == TWO_PART else [opening],
                    }
                ],
            }
        )
    return items


def _terms(district: District, i: int) -> dict[str, Any]:
    """Return what a customer is: a home with its people, or the shop with its transformer."""
    if i == district.stories["two_part_shop"]:
        return {"customer_class": "commercial", "capacity_va": SHOP_VA}
    return {"customer_class": "residential", "people": district.customers[i].people}


def parties(district: District, who: Sequence[int]) -> Items:
    """Return whom to tell: the holder of each account, some in English, some with a tenant beside, few on paper or by call."""
    items = []
    named = {i: name for name, i in district.stories.items()}
    for i in who:
        route, customer = district.route_of(i), district.customers[i]
        common = {
            "account_no": customer.account_no,
            "org_unit": route.org_unit,
            "language": "en" if i % ENGLISH_EVERY == 3 else "zh",
            "since": str(route.live_from),
        }
        items += _people(named.get(i, ""), i, _where(district, i), common)
        if i % TENANT_EVERY == 9:
            tenant = _mail(f"tenant-{i + 1}")
            items.append(party(f"P-{customer.account_no}-2", tenant, role="tenant", **common))
    return items


def _where(district: District, i: int) -> tuple[str, str]:
    if i % LETTER_EVERY == 50:
        return "postal", f"Sample Road {i + 1}"
    if district.phones and i % TEXT_EVERY == 4:
        return "mobile", f"+86138{i + 1:08}"
    if district.phones and i % CALL_EVERY == 6:
        return "landline", PHONES.format(i + 1)
    return _mail(f"holder-{i + 1}")


def _people(story: str, i: int, where: tuple[str, str], common: dict[str, str]) -> Items:
    """Return the holder of an account, with who looks after her or lets the flat."""
    number, line = f"P-{common['account_no']}", ("landline", PHONES.format(i + 1))
    if story == "landline":
        lady = party(number, line, role="holder", **common)
        lady["vulnerability"] = {"reason": "elderly", "source": "said by her neighbour", "since": common["since"]}
        return [lady, party(f"{number}-3", _mail(f"neighbour-{i + 1}"), role="delegate", **common)]
    if story == "bounced":
        return [party(number, _mail(f"{GONE}-{i + 1}"), line, role="holder", **common)]
    holder = party(number, where, role="holder", **common)
    if story == "never_pays":
        return [holder, party(f"{number}-3", _mail(f"landlord-{i + 1}"), role="landlord", **common)]
    return [holder]


def new_party(district: District, story: str = "move") -> Items:
    """Return whom to tell of the account of who moves in."""
    i = district.stories[story]
    _, account_no = district.accounts_of(i)
    return [
        party(
            f"P-{account_no}",
            _mail(f"holder-{i + 1}-b"),
            role="holder",
            account_no=account_no,
            org_unit=district.route_of(i).org_unit,
            language="en" if i % ENGLISH_EVERY == 3 else "zh",
            since=str(district.moves[i][0]),
        )
    ]


def party(
    party_no: str,
    *where: tuple[str, str],
    role: str,
    account_no: str,
    org_unit: str,
    language: str,
    since: str,
) -> dict[str, Any]:
    """Return a person with a role towards an account and contact points, (kind, address), for which the utility vouches."""
    vouched = {"account_no": account_no, "how": "declared", "day": since}
    return {
        "party_no": party_no,
        "org_unit": org_unit,
        "name": f"Sample {party_no}",
        "language": language,
        "points": [
            {"point_no": str(place), "kind": kind, "address": address, "valid_from": since, "verified": [vouched]}
            for place, (kind, address) in enumerate(where, 1)
        ],
        "roles": [{"role": role, "account_no": account_no, "valid_from": since}],
    }


def _mail(name: str) -> tuple[str, str]:
    return "email", f"{name}@wattline.example"


def csv_file(district: District, route: Route, day: date) -> bytes:
    """Return the reader's file of a manual route: without the door that did not open, one number misread, one guessed."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["meter_no", "read_at", "reader", *route.quantities])
    missed, misread = district.stories["missed_read"], district.stories["read_corrected"]
    in_january, in_february = day == date(2026, 2, 1), day == date(2026, 3, 1)
    for i, item in zip(route.members, district.reads(route.members, day, slot=MANUAL_SLOT), strict=True):
        if in_january and i == missed:
            continue
        faces = misread_faces(district) if in_january and i == misread else item["registers"]
        if in_february and i == district.stories["guessed"]:
            faces = guessed_faces(district)
        writer.writerow([item["meter_no"], item["read_at"], READER, *faces.values()])
    return out.getvalue().encode()


def guessed_faces(district: District) -> dict[str, str]:
    """Return what the reader noted on 1 March without a look: January's daily average goes on."""
    i = district.stories["guessed"]
    january, february = (district.counts([i], day, MANUAL_SLOT)[0] for day in (GO_LIVE, date(2026, 2, 1)))
    return district.faces(i, february + (february - january) * 28 // 31)


def misread_faces(district: District) -> dict[str, str]:
    """Return what the reader noted on 1 February where the register showed 60 kWh less."""
    i = district.stories["read_corrected"]
    return district.faces(i, district.counts([i], date(2026, 2, 1), MANUAL_SLOT)[0] + MISREAD_COUNTS)
