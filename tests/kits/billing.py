"""What the tests of billing share: a started service without servers, usages, routes, accounts, a client with a role."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy import event, func, select

from services.billing import main
from services.billing.accounts import use_cases as accounts
from services.billing.base import PLATFORM
from services.billing.bills.domain import policy
from services.billing.bills.tables import BILL
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.contracts.domain import Account, AccountTerms, Assignment, Contract
from services.billing.rating import second_opinion
from services.billing.runs import jobs
from services.billing.runs.tables import BILL_RUN
from services.billing.runs.use_cases import intake, totals
from services.billing.settings import DEFAULT_POLICY, BillingSettings
from services.billing.tariffs import use_cases as tariff_use_cases
from services.billing.tariffs.documents import packaged
from services.billing.tariffs.store import documents
from services.billing.views.store import totals as views
from shared.bus.embedded import EmbeddedEventLog
from shared.db.engine import Database
from shared.events.fact import Fact
from shared.events.reading import RouteClosed, ServicePointChanged, UsageMeasured
from shared.outcome import Outcome
from shared.service import Service
from shared.web import auth
from shared.web.scopes import OPERATING
from tests.kits import databases, verdicts

KEY = "k" * 40
ALL_SCOPES = ("billing:read", "billing:write", "billing:review", "billing:release", *OPERATING)
PLAIN = "CN-ZJ/residential"
KWH = 1000
NAMED = ("approval_id", "content_hash")


def path_of(document: dict[str, Any]) -> str:
    """Return where a rating document is put."""
    if "id" in document:
        return f"/v1/tariffs/{document['id']}/versions/{document['version']}"
    kind = next(kind for kind in documents.KINDS if kind in document)
    return f"/v1/rating-documents/{kind}/{document[kind]}"


def month(number: int, year: int = 2026) -> date:
    return date(year + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def usage(
    n: int | str,
    cycle: int = 1,
    kwh: int = 200,
    *,
    version: int = 1,
    route: str = "R1",
    **more: Any,
) -> UsageMeasured:
    """The usage of service point `SP<n>` in month `cycle` of 2026."""
    start, end = month(cycle), month(cycle + 1)
    values: dict[str, Any] = {
        "usage_id": f"U-{n}-{cycle}-{version}",
        "service_point_no": f"SP{n}",
        "org_unit": "zj/hangzhou",
        "route_no": route,
        "cycle": f"{start:%Y-%m}",
        "read_date": end,
        "period_from": start,
        "period_to": end,
        "version": version,
        "quality": "actual",
        "energy_wh": {"import": kwh * KWH},
        "meter_nos": (f"M{n}",),
        "read_ids": (f"READ-{n}-{cycle}-{version}",),
        "actors": ("reader-1", "uploader-1"),
    }
    return UsageMeasured(**values | more)


def part(n: int | str, start: date, end: date, kwh: int, *, version: int = 2, **more: Any) -> UsageMeasured:
    """The usage of service point `SP<n>` on some days of a month of 2026, told again in another cut."""
    days = {"period_from": start, "period_to": end, "usage_id": f"U-{n}-{start:%m%d}-{end:%m%d}-{version}"}
    return usage(n, start.month, kwh, version=version, replaces_reason="cut", **days | more)


def withdrawn(gone: UsageMeasured, *, version: int = 2) -> UsageMeasured:
    """Say that the period of a usage is no more."""
    again = {"withdrawn": True, "energy_wh": {}, "months": 0, "version": version, "replaces_reason": "cut"}
    return gone.model_copy(update=again | {"usage_id": f"W-{gone.usage_id}-{version}"})


def closed(known: Sequence[UsageMeasured], *, route: str | None = None, **more: Any) -> RouteClosed:
    """The route's word on its usages, as it should be."""
    one = known[0]
    first = [u for u in known if u.version == 1 and not u.late]
    values: dict[str, Any] = {
        "route_no": route or one.route_no,
        "org_unit": "zj/hangzhou",
        "cycle": one.cycle,
        "read_date": one.read_date,
        "closed_on": one.read_date,
        "expected": len(first),
        "actual": len(first),
        "estimated": 0,
        "missed": 0,
        "usages": len(first),
        "sum_wh": sum(u.energy_wh["import"] for u in first),
    }
    return RouteClosed(**values | more)


def account(n: int | str, *, tariff: str = PLAIN, people: int = 3, **more: Any) -> Account:
    """Account `A<n>` with contract `C<n>` at service point `SP<n>` since 2020, nothing used of 2026's ladder."""
    contract = Contract(
        contract_no=f"C{n}",
        service_point_no=f"SP{n}",
        from_=date(2020, 1, 1),
        to=None,
        assignments=(Assignment(date(2020, 1, 1), tariff),),
        opening={"ladders": {"year": {"year": 2026, "used_wh": [0, 0, 0]}}},
        cycle_months=1,
    )
    values: dict[str, Any] = {
        "account_no": f"A{n}",
        "org_unit": "zj/hangzhou",
        "opened_on": date(2020, 1, 1),
        "closed_on": None,
        "facts": (AccountTerms(date(2020, 1, 1), "residential", people, 1),),
        "contracts": (contract,),
    }
    return Account(**values | more)


def state(n: int = 1, **more: Any) -> dict[str, Any]:
    contract = {
        "contract_no": f"C{n}",
        "service_point_no": f"SP{n}",
        "from": "2020-01-01",
        "tariffs": [{"from": "2020-01-01", "tariff": PLAIN}],
        "opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [0, 0, 0]}],
    }
    values: dict[str, Any] = {
        "org_unit": "zj/hangzhou",
        "opened_on": "2020-01-01",
        "facts": [{"from": "2020-01-01", "customer_class": "residential", "people": 3}],
        "contracts": [contract],
    }
    return values | more


@dataclass
class Desk:
    """A billing service without its loops: facts are handed in, work is done when asked for."""

    service: Service
    context: Context
    app: Any
    document: bytes = b""

    @property
    def db(self) -> Database:
        return self.service.database

    async def open(self, *wanted: Account) -> list[Outcome]:
        async with self.db.begin() as tx:
            return await accounts.put(tx, wanted, actor="clerk", units=("*",), context=self.context)

    async def hear(self, kind: type[Fact], *facts: Fact) -> None:
        """Hand over facts of a type in one batch, as the consumer does."""
        assert self.service.consumer is not None
        async with self.db.begin() as tx:
            await self.service.consumer.handlers[kind.type](tx, facts)

    async def tell(self, *points: ServicePointChanged) -> None:
        """Hand over what reading tells of service points."""
        async with self.db.begin() as tx:
            await accounts.know_points(tx, points, context=self.context)

    async def give(self, *facts: Fact) -> None:
        """Hand over facts as they come, each run of one type as a batch."""
        assert self.service.consumer is not None
        for kind, given in groupby(facts, key=type):
            async with self.db.begin() as tx:
                await self.service.consumer.handlers[kind.type](tx, list(given))

    async def measure(self, *facts: UsageMeasured) -> None:
        async with self.db.begin() as tx:
            await intake.record(tx, facts, context=self.context)

    async def close(self, *facts: RouteClosed, day_comes: bool = True) -> None:
        """Close routes; the day comes on which their runs go out by themselves."""
        async with self.db.begin() as tx:
            await totals.close(tx, facts, context=self.context)
            due = await tx.scalar(select(func.max(BILL_RUN.c.issue_on)))
            if day_comes and due is not None:
                await business_day.advance(tx, due)

    async def work(self) -> int:
        return await jobs.work_once(self.db, self.context)

    async def released(self, *usages: UsageMeasured) -> None:
        """Bill the usages and issue them with their route's run."""
        await self.measure(*usages)
        await self.close(closed(usages))
        await self.work()

    def review_by(self, **sections: Any) -> None:
        """Go on under a policy with these sections of `review`; what else it had stays."""
        document = self._document()
        document["versions"][0]["review"] |= sections
        self._go_on_under(document)

    def correct_by(self, style: str = policy.REVERSAL_AND_NEW, changed_facts: str = policy.PROPOSE) -> None:
        """Go on under a policy with this style of corrections, and of what becomes of bills whose facts were changed."""
        document = self._document()
        document["versions"][0]["corrections"] |= {"style": style, "changed_facts": changed_facts}
        self._go_on_under(document)

    def expect_of_rules(self, **expected: int) -> None:
        """Go on under a policy that expects this of review rules: the fields of `review.precision`."""
        document = self._document()
        document["versions"][0]["review"]["precision"] |= expected
        self._go_on_under(document)

    def run_unexplained(self, said: str) -> None:
        """Go on under a policy that says this of runs with unexplained points."""
        document = orjson.loads(DEFAULT_POLICY.read_bytes())
        document["versions"][0]["run"]["unexplained"] = said
        self._go_on_under(document)

    def release_by_reviewer(self) -> None:
        """Go on under a policy by which no run goes out by itself."""
        document = self._document()
        document["versions"][0]["release"]["*"]["mode"] = policy.REVIEWER
        self._go_on_under(document)

    def send_to_site(self, **kinds: str) -> None:
        """Go on under a policy that sends bills with these findings to site (`__` for a point)."""
        document = orjson.loads(DEFAULT_POLICY.read_bytes())
        found = {code.replace("__", "."): kind for code, kind in kinds.items()}
        document["versions"][0]["review"]["site_orders"] = found
        self._go_on_under(document)

    def two_people(self, **steps: list[dict[str, Any]]) -> None:
        """Go on under a policy with these steps by kind (`__` for a point), silent about all others."""
        document = self._document()
        document["versions"][0]["approvals"] = {kind.replace("__", "."): found for kind, found in steps.items()}
        self._go_on_under(document)

    def two_people_since(self, day: str) -> None:
        """Go on under a policy that asks nobody else until a day, and always for a second person from it on."""
        document = orjson.loads(DEFAULT_POLICY.read_bytes())
        (lax,) = document["versions"]
        strict = lax | {"version": "2", "effective": {"from": day, "to": None}, "approvals": {}}
        lax |= {"effective": lax["effective"] | {"to": day}, "approvals": {kind: [] for kind in policy.KINDS}}
        document["versions"] = [lax, strict]
        self._go_on_under(document)

    def _document(self) -> dict[str, Any]:
        """Return a copy of the policy that it goes by."""
        document: dict[str, Any] = orjson.loads(self.document or DEFAULT_POLICY.read_bytes())
        return document

    def _go_on_under(self, document: dict[str, Any]) -> None:
        self.document = orjson.dumps(document)
        self.context = replace(self.context, policies=policy.load(document))
        self.app.state.context = self.context
        self.app.state.web.approvals.update({kind.name: kind for kind in main.kinds_of_approval(self.context)})

    async def decide(
        self, bill_id: str, decision: str, on: str, verdict: str = "right", *, subject: str = "reviewer-1"
    ) -> None:
        """Decide on a bill in the version that it has now, with the same verdict on all that holds it."""
        async with self.client(subject=subject) as client:
            seen = (await client.get(f"/v1/bills/{bill_id}")).headers["ETag"]
            said = await self.verdicts(bill_id, decision, verdict)
            body = {"decision": decision, "explanation": "looked at", "business_date": on, "verdicts": said}
            answer = await client.post(f"/v1/bills/{bill_id}/decisions", json=body, headers={"If-Match": seen})
        if answer.status_code == 202:
            assert await self.second(answer.json()) == ("done", None)
        else:
            assert answer.status_code == 200, answer.text

    async def verdicts(self, bill_id: str, decision: str = "approve", verdict: str = "right") -> dict[str, str]:
        """Return the same verdict on each rule that holds a bill whose review a decision ends, and those decided on with it."""
        ((contract_no, status),) = await self.bills("contract_no", "status", bill_id=bill_id)
        of_all = decision == "correct" or status == "proposed"
        waiting = [
            {"findings": orjson.loads(row.findings)}
            for row in await self.bills(contract_no=contract_no)
            if (row.bill_id == bill_id and row.status == "held") or (of_all and row.status == "proposed")
        ]
        return verdicts.on(*waiting, verdict=verdict) if decision in verdicts.ENDING else {}

    async def activate(self, *documents: dict[str, Any]) -> None:
        """Propose tariffs, series, calendars or tables, and activate as a second person each that is not there already."""
        for document in documents:
            async with self.client(subject="proposer-1") as client:
                asked = await client.put(path_of(document), json=document)
            if asked.json() == {"status": "already_done"}:
                continue
            assert asked.status_code == 202, asked.text
            assert await self.second(asked.json()) == ("done", None)

    async def second(
        self, asked: dict[str, Any], *scopes: str, subject: str = "second-1", decision: str = "approve"
    ) -> tuple[str, str | None]:
        """Decide as a second person on what was asked for; return the outcome with its code."""
        body = {"decision": decision, "explanation": "seen", "items": [{k: asked[k] for k in NAMED}]}
        async with self.client(*scopes, subject=subject) as client:
            answer = await client.post("/v1/approvals/decisions", json=body)
        assert answer.status_code == 200, answer.text
        (outcome,) = answer.json()["outcomes"]
        return outcome["status"], outcome.get("code")

    async def approve_all(self, on: str) -> None:
        """Approve all that is proposed, one decision for each group."""
        while proposed := await self.bills("bill_id", status="proposed"):
            await self.decide(proposed[0][0], "approve", on)

    async def totals(self, cycle: str = "2026-01") -> dict[str, int]:
        async with self.db.view() as view:
            return await views.control_totals(view, cycle)

    async def bills(self, *names: str, **where: Any) -> list[Any]:
        b = BILL.c
        statement = select(*(b[name] for name in names)) if names else select(BILL)
        for name, value in where.items():
            statement = statement.where(b[name] == value)
        async with self.db.view() as view:
            rows = await view.all(statement.order_by(b.contract_no, b.period_from, b.period_to, b.version))
        return [tuple(row) if names else row for row in rows]

    async def published(self, kind: type[Fact]) -> list[Any]:
        journal = PLATFORM.event_journal.c
        async with self.db.view() as view:
            rows = await view.all(select(journal.payload).where(journal.type == kind.type).order_by(journal.position))
        return [kind.model_validate(item) for row in rows for item in orjson.loads(row.payload)["items"]]

    async def count(self, table: Any) -> int:
        async with self.db.view() as view:
            return int(await view.scalar(select(func.count()).select_from(table)))

    def client(self, *scopes: str, subject: str = "reviewer-1", org_units: Sequence[str] = ("*",)) -> httpx.AsyncClient:
        token = auth.mint(
            key=KEY, audience="wattline", subject=subject, scopes=scopes or ALL_SCOPES, org_units=org_units
        )
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://billing",
            headers={"Authorization": f"Bearer {token}"},
        )

    def watch(self) -> list[str]:
        """Return a list that grows by every SQL statement from now on."""
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(self.db.engine.sync_engine, "before_cursor_execute", note)
        return seen


def policy_file(path: Path, **changes: Any) -> Path:
    """Write the shipped policy with other top-level rules to a file."""
    document = orjson.loads(DEFAULT_POLICY.read_bytes())
    document["versions"][0] |= changes
    path.write_bytes(orjson.dumps(document))
    return path


def settings(url: str, tmp_path: Path, **more: str) -> BillingSettings:
    return BillingSettings.load(
        {
            "WATTLINE_TOKEN_KEY": KEY,
            "WATTLINE_DATA_DIR": str(tmp_path),
            "WATTLINE_DATABASE_URL": url,
            **more,
        }
    )


@asynccontextmanager
async def desk(
    url: str, tmp_path: Path, *, rater: second_opinion.Rater = second_opinion.rate, **more: str
) -> AsyncIterator[Desk]:
    """A billing service on a fresh database, with the packaged tariffs of Zhejiang stored."""
    await databases.migrate(url, "billing")
    async with again(url, tmp_path, rater=rater, **more) as made:
        await _store_tariffs(made)
        yield made


@asynccontextmanager
async def again(
    url: str, tmp_path: Path, *, rater: second_opinion.Rater = second_opinion.rate, **more: str
) -> AsyncIterator[Desk]:
    """A billing service on a database that is there, as it is after a restart."""
    service = main.build(
        settings(url, tmp_path, **more), event_log=EmbeddedEventLog(str(tmp_path / "events.db")), rater=rater
    )
    context: Context = service.app.state.context
    yield Desk(service, context, service.app)
    await service.database.close()


async def _store_tariffs(made: Desk) -> None:
    async with made.db.begin() as tx:
        for document in packaged.documents("sample"):
            if str(document.get("id", "")).startswith("CN-ZJ/"):
                name = {"document_id": document["id"], "version": str(document["version"])}
                wanted = await tariff_use_cases.examine(tx, kind=documents.TARIFF, **name, document=document)
                if wanted is not None:  # a second desk on the same database finds it there
                    await tariff_use_cases.store(tx, wanted, actor="setup")
