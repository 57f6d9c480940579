"""Values of the small town by the names that parameters and fields have, so that generated calls meet what is there."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from services.notify.questions.domain.links import Links
from services.reading.disputes import examples as disputes
from services.reading.read_day_changes import examples as read_days
from services.reading.visits import examples as reports
from tests.kits import (
    closing_seeds,
    rollouts,
    seed_arrears,
    seed_documents,
    seed_findings,
    seed_letters,
    seed_numbers,
    seed_supply,
)
from tests.kits.installation import BY_ITSELF, KEY, REVIEWED, STRANGE, TOWN, Home, Installation, strange_type
from tests.kits.seed_numbers import Values
from tests.kits.seeds_cases import ON_VERSIONS, case_at

JOBS = {
    "reading": ("plan-cycles", "close-routes", "verify-audit"),
    "billing": (
        "release-runs",
        "adjust-meters",
        "date-case-steps",
        "find-changed-uses",
        "find-unused-supplies",
        "advance-closings",
        "replay-sample",
        "purge-requests",
        "verify-audit",
    ),
    "collection": (
        "judge-plans",
        "judge-prepaid",
        "plan-cuts",
        "remind",
        "charge-late-fees",
        "settle-accounts",
        "judge-standings",
        "fold-subtotals",
        "check-books",
        "purge-requests",
        "verify-audit",
    ),
    "notify": (
        "tell-doors",
        "give-up-waiting",
        "presume-letters",
        "remind-questions",
        "expire-questions",
        "purge-requests",
        "verify-audit",
    ),
}
COMPARED = {
    "reading": ("usage", "estimate", "supply_order", "supply_switched"),
    "billing": ("usage", "document", "bill", "supply_switched"),
    "collection": ("document",),
    "notify": ("bill", "estimate"),
}
LINKS = Links(public_url="", key=KEY.encode())

ASKED_FOR = {("/v1/parties", "account_no")}
"""Parameters of a query that no schema requires, but of which one must be given."""


class Seeds:
    """Worlds to call from: each is one home of the town with all that was made of it."""

    def __init__(self, service: str, installation: Installation) -> None:
        self._service = service
        self._installation = installation
        self.device_keys = installation.device_keys
        self._of_home = {home: seed_numbers.values_of(home) for home in TOWN}
        self._ids = seed_numbers.ids_of(installation)
        self._taken: dict[str, int] = {}

    def next(self, path: str) -> Values:
        """Return the next world for calls of a path: decisions need other homes than payments."""
        n = self._taken[path] = self._taken.get(path, -1) + 1
        home = self._home(path, n)
        jobs = JOBS[self._service]
        values: Values = {"job": jobs[n % len(jobs)], "Idempotency-Key": f"test-{n}"}
        values |= self._of_home[home]
        if "/trace/" in path or "/derived/" in path:
            values |= self._traced(n) | {"service": self._service}
        own = {
            "bill_id": f"bills of {BY_ITSELF}",
            "payment_id": "suspense" if "suspense" in path else "payments",
            "usage_id": "waiting usages" if "waiting-usages" in path else "usage_id",
        }
        values |= {name: _pick(self._ids[own.get(name, name)], n) for name in (*PLACES, "bill_id", "payment_id")}
        if path.endswith("/decisions"):  # what was told again in the meantime has another bill
            made = self._installation.items("billing", f"/v1/bills?account_no={home.account_no}")
            values["bill_id"] = made[-1]["bill_id"]
        values |= dict.fromkeys(("content_hash", "proposal"), self._ids["proposal"][0])
        if "/tariffs/" in path:
            values |= {"tariff_id": "example/home", "version": 1}
        if self._service == "collection":
            values |= {"channel": "app", "channel_txn": f"test-{n}"}
        if path.endswith(("/discards", "/withdrawal")):
            self._installation.until_replayed(self._service)
        if path.endswith("/discards"):
            values["type"] = strange_type(n)
        if path.endswith("/withdrawal"):
            values |= self._asked(strange_type(STRANGE - 1 - n), who=f"tester-of-{self._service}")
        if path.endswith("/approvals/decisions"):
            values |= self._to_decide
        if self._service == "collection":
            values |= seed_arrears.values(self._installation, home, path, n, self._numbered)
        self._make_in_reading(path, home, values)
        self._make_in_billing(path, home, values)
        if path.endswith("/erasure"):
            values["party_no"] = seed_documents.moved_away(self._installation, home, self._numbered("moved"))
        if "/call-tasks/" in path:
            caller = f"tester-of-{self._service}" if path.endswith("/outcomes") else None
            number = self._numbered("calls")
            values["notice_id"] = seed_documents.to_call(self._installation, home, number, caller=caller)
        if "/visits/" in path and self._service == "notify":
            values["notice_id"] = seed_documents.to_visit(self._installation, home, self._numbered("visited"))
        if "/letter" in path:
            values |= seed_letters.values(self._installation, path, self._numbered("letters"))
        if "/links/" in path:
            values["token"] = LINKS.token(seed_documents.asking(self._installation, home), "1", 1)
        if "control-documents" in path:
            values["kind"] = COMPARED[self._service][n % len(COMPARED[self._service])]
        if "/forms/" in path:
            values["name"] = "tariff"
        return values

    def _home(self, path: str, n: int) -> Home:
        """Return the home of the n-th call of a path."""
        # by what changes meters, and by thefts of what is adjusted for
        left_alone = ("/disputes", "{adjustment_id}/", "/confirmation")
        is_left_alone = path.endswith(("/decisions", "/release")) or self._is_looked_at(path)
        is_left_alone |= any(part in path for part in left_alone)
        unit = REVIEWED if is_left_alone else BY_ITSELF
        homes = [home for home in TOWN if home.org_unit == unit]
        if unit == REVIEWED:  # what is released is decided on no more
            homes = homes[::2] if path.endswith("/release") else homes[1::2]
        return homes[n % len(homes)]

    def _make_in_reading(self, path: str, home: Home, values: Values) -> None:
        """Make in reading what a call of a path is about, and put its numbers among the values."""
        if "{key_id}" in path:
            made = self._installation.call("POST", "reading", f"/v1/devices/{values['device_id']}/keys", {})
            values["key_id"] = made["key_id"]
        if "field-" in path:
            values |= self._entered(home)
        if "reader" in path:
            values |= {"on": "2026-02-01", "from": "2027-01-01"}
        if any(part in path for part in ("/meter-", "/meters-", "/idle-meters", "/unfit-", "/rollout", "/remote-")):
            values |= {"on": "2026-02-01"}
        if "/rollout-" in path or path.endswith("/meter-seals/annulments"):
            values |= rollouts.values(self._installation, home, path, meter_no=values["meter_no"])
        if path.endswith("/acceptances"):
            query = f"org_unit={values['org_unit']}&from={values['from']}"
            proposal = self._installation.call("GET", "reading", f"/v1/reader-rotations?{query}")
            values["content_hash"] = proposal["content_hash"]
        if self._service == "reading" and "/site-orders" in path:
            values |= self._ordered(home, is_reported=path.endswith("/decisions"))
        if "/supply-" in path:
            values["order_no"] = seed_supply.sent(self._installation, home)
        if path.endswith("/appointments/cancellations"):
            number = self._numbered("appointments")
            values["appointment_no"] = seed_documents.arranged(self._installation, home.service_point_no, number)
        if "/read-day-requests" in path:
            values |= self._read_day_asked(home, is_made="{request_no}" in path)
        if path.endswith("/conduct-findings/decisions"):
            values |= {
                "finding_id": seed_findings.of_conduct(self._installation, home, self._numbered("conduct")),
                "version": 1,
            }
        if "/disputes" in path:
            values |= self._disputed(home, path)

    def _make_in_billing(self, path: str, home: Home, values: Values) -> None:
        """Make in billing what a call of a path is about, and put its numbers among the values."""
        if self._is_looked_at(path):
            values["order_no"] = self._sent_to_site(home)
        if "/use-findings/" in path:
            values["finding_id"] = seed_findings.of_use(self._installation, home, self._numbered("uses"))
        if "/freezes" in path:
            values |= seed_documents.frozen(self._installation, values["contract_no"], is_set="{freeze_id}" in path)
        if "/case" in path or "/charges" in path or "{adjustment_id}/" in path:
            values |= case_at(self._installation, home, path, self._numbered("cases"))
        if "/closings" in path or "/unused-supplies/" in path:
            values |= closing_seeds.values(self._installation, home, path)
        if "/replays/" in path:
            values["document_id"] = values["bill_id"]
        if "rating-documents" in path:
            values |= {"kind": "calendar", "document_id": "example/holidays", "from": "2026-01-01", "to": "2026-02-01"}

    def _numbered(self, what: str) -> int:
        """Return the next number of something that is made for a call."""
        self._taken[what] = self._taken.get(what, 0) + 1
        return self._taken[what]

    @cached_property
    def _to_decide(self) -> Values:
        return self._asked(strange_type(STRANGE // 2), who="operator-1")

    def _asked(self, kind: str, *, who: str) -> Values:
        """Return an approval that somebody has asked for."""
        body = {"type": kind, "reason": "of a test"}
        answer = self._installation.call("POST", self._service, "/v1/dead-letters/discards", body, who=who)
        return {name: answer[name] for name in ("approval_id", "content_hash")}

    def _entered(self, home: Home) -> Values:
        """Return an entry that a reader has made at a home, and the batch in which it waits for somebody else."""
        seen = {"entry_no": f"seed-{home.number}", "service_point_no": home.service_point_no}
        entry = seen | {"seen_at": "2026-02-01T09:00:00+08:00", "unread_reason": "no_access"}
        self._installation.call("POST", "reading", "/v1/field-entries", {"items": [entry]}, who="reader-1")
        batches = self._installation.items("reading", f"/v1/field-batches?route_no={home.route_no}")
        (batch_id,) = [batch["batch_id"] for batch in batches if batch["reader"] == "reader-1"]
        batch = self._installation.call("GET", "reading", f"/v1/field-batches/{batch_id}")
        return {"entry_no": seen["entry_no"], "batch_id": batch_id, "content_hash": batch["content_hash"]}

    def _ordered(self, home: Home, *, is_reported: bool) -> Values:
        """Return a site order at a home; `is_reported`: whose registers wait for somebody else."""
        number = self._numbered("site orders")
        made = {"order_no": f"seed-{number}", "kind": "inspection", "service_point_no": home.service_point_no}
        body = {"items": [made | {"asked_on": "2026-02-03", "reason": "of_a_test"}]}
        self._installation.call("POST", "reading", "/v1/site-orders", body)
        if is_reported:
            about = {"order_no": made["order_no"], "meter_no": home.meter_no, "observations": []}
            said = reports.REPORTS["items"][0] | about
            url = self._installation.urls["reading"] + "/v1/site-orders/reports"
            headers = self._installation.token("reader-1")
            answer = self._installation.client.post(url, json={"items": [said]}, headers=headers)
            assert answer.json()["outcomes"][0]["status"] == "awaiting_approval", answer.text
        return {"order_no": made["order_no"], "version": 2}

    def _is_looked_at(self, path: str) -> bool:
        return self._service == "billing" and "{order_no}" in path

    def _sent_to_site(self, home: Home) -> str:
        """Return the number of a site order that is out for the bill of a home."""
        bill = self._installation.items("billing", f"/v1/bills?account_no={home.account_no}")[-1]
        back = {"items": [{"bill_id": bill["bill_id"], "assignee": None}]}  # other calls may have given it to somebody
        self._installation.call("POST", "billing", "/v1/review-queue/assignments", back)
        body = {"decision": "request_inspection", "explanation": "of a test", "verdicts": {}}
        seen = {"If-Match": f'"{bill["row_version"]}"'}
        waiting = self._installation.items("billing", f"/v1/review-queue?route_no={home.route_no}")
        who = next((one["assignee"] for one in waiting if one["bill_id"] == bill["bill_id"]), None) or "clerk-1"
        self._installation.call("POST", "billing", f"/v1/bills/{bill['bill_id']}/decisions", body, who=who, **seen)
        orders = self._installation.items("billing", f"/v1/site-orders?reference={bill['bill_id']}&state=out")
        return next(str(order["order_no"]) for order in orders if order["let_go_on"] is None)

    def _read_day_asked(self, home: Home, *, is_made: bool) -> Values:
        """Return a number for a request for another read day of a home's route; `is_made`: of one that is asked for."""
        for asked in self._installation.items("reading", f"/v1/read-day-requests?route_no={home.route_no}"):
            number = asked["request_no"]
            self._installation.call("POST", "reading", f"/v1/read-day-requests/{number}/withdrawal", None)
        made = self._numbered("read days")
        values = {"request_no": f"seed-{made}", "route_no": home.route_no}
        if is_made:
            self._installation.call("POST", "reading", "/v1/read-day-requests", read_days.REQUEST | values)
        return values

    def _disputed(self, home: Home, path: str) -> Values:
        """Return a dispute at a home, led as far as the path wants it; what was opened there before has ended."""
        for left in self._installation.items("reading", f"/v1/disputes?service_point_no={home.service_point_no}"):
            if left["state"] != "ended":
                self._end(left)
        number = self._numbered("disputes")
        values: Values = {"dispute_no": f"seed-{number}", "order_no": f"seed-dispute-{number}", "on": "2026-03-20"}
        values |= {"visit_on": "2026-04-10", "tested_on": "2026-03-19", "outcome": "withdrawn", "error_percent": "3.0"}
        values |= {"accuracy_class": "2"}
        if path.endswith("/disputes"):
            return values
        said = disputes.DISPUTES["items"][0] | {"service_point_no": home.service_point_no}
        self._installation.call("POST", "reading", "/v1/disputes", {"items": [said | {"dispute_no": f"seed-{number}"}]})
        if path.endswith(("/verification", "/test-result")):
            step = f"/v1/disputes/seed-{number}"
            asked = disputes.JOINT_REREAD | {"order_no": f"seed-joint-{number}"}
            self._installation.call("POST", "reading", f"{step}/joint-reread", asked)
            self._report(asked["order_no"], not_done="nobody_home")
        if path.endswith("/test-result"):
            asked = disputes.VERIFICATION | {"order_no": f"seed-verification-{number}"}
            self._installation.call("POST", "reading", f"{step}/verification", asked)
            self._report(asked["order_no"], result="beyond_limits")
        return values

    def _report(self, order_no: str, **what: str) -> None:
        said = {"order_no": order_no, "visited_at": "2026-03-02T10:20:00+08:00"} | what
        self._installation.call("POST", "reading", "/v1/site-orders/reports", {"items": [said]}, who="reader-1")

    def _end(self, dispute: Values) -> None:
        for order in self._installation.items(
            "reading", f"/v1/site-orders?reference={dispute['dispute_no']}&state=open"
        ):
            self._report(order["order_no"], not_done="not_needed")
        for asked in self._installation.items("reading", "/v1/approvals?kind=dispute.meter_test&state=pending"):
            self._installation.approve("reading", asked)
        body = {"on": dispute["changed_on"], "outcome": "withdrawn", "explanation": "of a test"}
        if (dispute["state"], self._test(dispute)) == ("verification", None) and self._is_tested(dispute):
            said = disputes.TEST | {"on": dispute["changed_on"], "tested_on": dispute["changed_on"]}
            said |= {"meter_no": self._of_point(dispute["service_point_no"])["meter_no"]}
            path = f"/v1/disputes/{dispute['dispute_no']}/test-result"
            self._installation.approve("reading", self._installation.call("POST", "reading", path, said))
        self._installation.call("POST", "reading", f"/v1/disputes/{dispute['dispute_no']}/end", body)

    def _test(self, dispute: Values) -> Any:
        return self._installation.call("GET", "reading", f"/v1/disputes/{dispute['dispute_no']}")["test"]

    def _is_tested(self, dispute: Values) -> bool:
        path = f"/v1/site-orders/{dispute['verification_no']}"
        return bool(self._installation.call("GET", "reading", path)["state"] == "done")

    def _of_point(self, service_point_no: str) -> Values:
        return next(v for v in self._of_home.values() if v["service_point_no"] == service_point_no)

    def _traced(self, n: int) -> Values:
        name, kind = {
            "reading": ("read_id", "read"),
            "billing": (f"bills of {BY_ITSELF}", "bill"),
            "collection": ("payments", "payment"),
            "notify": ("notice_id", "notice"),
        }[self._service]
        return {"kind": kind, "id": _pick(self._ids[name], n)}

    def version_seen(self, path: str) -> str:
        """Return what `If-Match` must name now for a command on a formatted path."""
        ends = ("/decisions", "/release", "/approval", "/verdict", *ON_VERSIONS)
        resource = path.rpartition("/")[0] if path.endswith(ends) else path
        url = self._installation.urls[self._service] + resource
        answer = self._installation.client.get(url, headers=self._installation.token("auditor-1"))
        return str(answer.headers.get("ETag", '"0"'))


PLACES = ("read_id", "usage_id", "order_id", "notice_id", "difference_id", "adjustment_id", "trial_id")


def _pick(found: list[Any], n: int) -> Any:
    return found[n % len(found)]


def filled(value: Any, values: Values, chosen: Callable[[], bool] = lambda: True) -> Any:
    """Return a JSON value with known values in the fields that have their names, where they are chosen."""
    if isinstance(value, Mapping):
        return {
            name: values[name]
            if name in values and not isinstance(item, list | Mapping) and chosen()
            else filled(item, values, chosen)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [filled(item, values, chosen) for item in value]
    return value
