"""Every metric of the product: name, kind and meaning. Base units; never a meter, account or person as a label.

A service exports those of every service and its own, from a registry of its own: four of them may live in one process.
Prometheus names the service by its scrape job. Beside them stand the usual `process_*` of the process.
"""

from dataclasses import dataclass
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter that nobody reads

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


PREFIX = "wattline_"


@dataclass(frozen=True)
class Metric:
    """A metric as the code calls it; `service`: the only one that has it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    service: str = ""

    @property
    def exported(self) -> str:
        """The name that Prometheus sees."""
        return PREFIX + self.name


CATALOGUE = (
    # HTTP
    Metric("http_requests_total", "counter", "Requests answered", ("method", "route", "status")),
    Metric("http_request_duration_seconds", "histogram", "Time from request to answer", ("method", "route")),
    Metric("http_requests_in_flight", "gauge", "Requests being worked on"),
    Metric("http_requests_refused_total", "counter", "Requests refused to protect the service", ("reason",)),
    Metric("http_connections_ended_total", "counter", "Connections ended because too many were open"),
    Metric("token_keys_age_seconds", "gauge", "Time since the issuer's key set was read; 0 where there is none"),
    # journal and relay
    Metric("journal_pending", "gauge", "Events written and not yet published"),
    Metric("journal_pending_oldest_age_seconds", "gauge", "Age of the oldest event not yet published"),
    Metric("relay_events_total", "counter", "Events published"),
    Metric("relay_failures_total", "counter", "Failed attempts to publish; each is tried again"),
    Metric("relay_leader", "gauge", "1 where this process is the service's relay"),
    # consumer
    Metric("consumer_facts_total", "counter", "Facts handled for the first time", ("type",)),
    Metric("consumer_duplicates_total", "counter", "Events that came again and changed nothing"),
    Metric("consumer_batch_duration_seconds", "histogram", "Time of one consumer transaction"),
    Metric("consumer_batch_failures_total", "counter", "Consumer transactions rolled back", ("reason",)),
    Metric("consumer_commit_failures_total", "counter", "Offset commits lost to a rebalance; harmless"),
    Metric("consumer_silent_seconds", "gauge", "Time since the consumer last came round its loop"),
    Metric("consumer_event_lag_seconds", "gauge", "Age of the last event handled when it was handled"),
    Metric(
        "consumer_stopped", "gauge", "1 where a topic is not read any more: too many dead letters of it", ("topic",)
    ),
    Metric("dead_letters", "gauge", "Facts set aside", ("state",)),
    Metric("parked_keys", "gauge", "Keys whose facts are set aside"),
    Metric("waiting_oldest_age_seconds", "gauge", "Age of the oldest row that waits for a reference"),
    # audit
    Metric("audit_unsealed", "gauge", "Audit rows that have no place in the chain yet"),
    Metric("audit_unsealed_oldest_age_seconds", "gauge", "Age of the oldest audit row without a place in the chain"),
    Metric("audit_faults", "gauge", "What the last look at the whole chain found; anything but 0 is a tamper"),
    # reading
    Metric("reads_total", "counter", "Reads by what became of them", ("status",), service="reading"),
    Metric("meter_alarms_total", "counter", "Alarms of meters that are new", ("kind",), service="reading"),
    Metric("reading_tasks_open", "gauge", "Reading tasks without a read whose window is open", service="reading"),
    Metric("conduct_findings_open", "gauge", "Findings of conduct that nobody has decided on", service="reading"),
    Metric(
        "meters_not_taken_back",
        "gauge",
        "Removed meters not taken back within the days of the policy",
        service="reading",
    ),
    Metric("daily_charges_due", "gauge", "Prepaid contracts whose daily charge is to be told", service="billing"),
    Metric("daily_charges_unrated", "gauge", "Prepaid contracts of which a part is not rated", service="billing"),
    Metric("prepaid_accounts_due", "gauge", "Prepaid accounts that are to be judged", service="collection"),
    Metric("prepaid_rechecks_waiting", "gauge", "Estimates that wait for a person", service="collection"),
    Metric("daily_registers_stale", "gauge", "Prepaid points without a register of the last days", service="reading"),
    Metric("meters_failed_in_use", "gauge", "Meters at points whose last test was failed", service="reading"),
    Metric("meters_expired_in_use", "gauge", "Meters at points whose verification has expired", service="reading"),
    Metric("stock_records_waiting", "gauge", "Movements and events of seals that do not fit yet", service="reading"),
    Metric(
        "stock_records_waiting_oldest_age_seconds",
        "gauge",
        "Age of the oldest movement or event of a seal that does not fit yet",
        service="reading",
    ),
    Metric("site_orders_open", "gauge", "Site orders that are neither done nor given up", service="reading"),
    Metric(
        "site_orders_overdue_oldest_seconds",
        "gauge",
        "Time since the end of the day on which the oldest unfinished site order was due",
        service="reading",
    ),
    Metric(
        "supply_calls_total",
        "counter",
        "Calls of the head-end that switches supply, by what was wanted and how they ended",
        ("kind", "result"),
        service="reading",
    ),
    Metric("supply_orders_unknown", "gauge", "Supply orders of which nobody knows what became", service="reading"),
    Metric(
        "supply_orders_due_oldest_age_seconds",
        "gauge",
        "Time since the oldest unfinished supply order might be carried out",
        service="reading",
    ),
    Metric(
        "supply_restores_due_oldest_age_seconds",
        "gauge",
        "Time since the oldest unfinished restoring might be carried out",
        service="reading",
    ),
    Metric("disputes_open", "gauge", "Disputes about usage that have not ended", service="reading"),
    Metric(
        "disputes_overdue_oldest_seconds",
        "gauge",
        "Time since the end of the day by which the step of the oldest dispute was to be done",
        service="reading",
    ),
    # billing
    Metric(
        "bills_rated_total",
        "counter",
        "Bills rated: two implementations agree, differ, or one rated alone",
        ("result",),
        service="billing",
    ),
    Metric("meter_tests_waiting", "gauge", "Tested meters whose adjustment is not issued yet", service="billing"),
    Metric("bills_sent_to_site", "gauge", "Site orders that bills or others wait for", service="billing"),
    Metric(
        "bills_sent_to_site_overdue",
        "gauge",
        "Site orders that bills or others wait for, found overdue by reading",
        service="billing",
    ),
    Metric(
        "use_findings_open", "gauge", "Findings of changed use of which nobody has said anything", service="billing"
    ),
    Metric("unused_supplies", "gauge", "Unused supplies that nobody has taken up or explained", service="billing"),
    Metric("unused_supplies_overdue", "gauge", "Unused supplies not taken up in time", service="billing"),
    Metric("closings", "gauge", "Closings under way", service="billing"),
    Metric("closings_overdue", "gauge", "Closings whose step is overdue", service="billing"),
    Metric("closings_waiting", "gauge", "Closings that wait for somebody", service="billing"),
    Metric("closing_findings", "gauge", "Findings about closings that nobody has explained", service="billing"),
    Metric("closing_findings_overdue", "gauge", "Findings about closings not explained in time", service="billing"),
    Metric(
        "replays_failing", "gauge", "Drawn bills that are others when calculated again, or cannot be", service="billing"
    ),
    Metric(
        "replays_not_replayable",
        "gauge",
        "Drawn bills that never had what a replay needs: made before it was kept, or adopted",
        service="billing",
    ),
    Metric("bills_held", "gauge", "Bills that a reviewer must decide", service="billing"),
    Metric("review_oldest_age_seconds", "gauge", "Age of the oldest bill that waits for a reviewer", service="billing"),
    Metric(
        "runs_unreleased_oldest_age_seconds",
        "gauge",
        "T+1 clock: age of the oldest closed route not yet released",
        service="billing",
    ),
    Metric(
        "runs_overdue_oldest_seconds",
        "gauge",
        "T+1 clock: time since the end of the day on which the oldest unreleased run was due",
        service="billing",
    ),
    Metric(
        "run_steps_overdue",
        "gauge",
        "T+1 clock: closed runs past due by the latest business date, by the step that they stand at",
        ("step",),
        service="billing",
    ),
    Metric(
        "run_steps_overdue_oldest_seconds",
        "gauge",
        "T+1 clock: days of the latest business date after the due day of the run that was due first, by the step it stands at",
        ("step",),
        service="billing",
    ),
    Metric(
        "calendar_left_seconds",
        "gauge",
        "Time until the last year of the business-day calendar ends",
        service="billing",
    ),
    Metric("cases_open", "gauge", "Cases of suspicion, breach, theft or metering faults not ended", service="billing"),
    Metric("case_signals_late", "gauge", "Signals that came after the end of their case", service="billing"),
    Metric(
        "cases_overdue_oldest_seconds",
        "gauge",
        "Time since the end of the day by which the oldest step of a case was to be done",
        service="billing",
    ),
    Metric("release_stopped", "gauge", "1 where the switch stops all releases", service="billing"),
    # collection
    Metric(
        "ledger_imbalance_fen",
        "gauge",
        "Sum over the ledger, of its subtotals; anything but 0 is a fault",
        service="collection",
    ),
    Metric("books_invariants_broken", "gauge", "Invariants that did not hold when last checked", service="collection"),
    Metric("receivables_open_fen", "gauge", "Money outstanding", service="collection"),
    Metric(
        "late_fees_oldest_age_seconds",
        "gauge",
        "For how long late fees have been waiting to be calculated",
        service="collection",
    ),
    Metric(
        "cuts_in_force", "gauge", "Cuts of supply that are proposed, under way, or not restored", service="collection"
    ),
    Metric("restores_overdue", "gauge", "Supplies that were not restored in time", service="collection"),
    Metric("closed_accounts_with_money", "gauge", "Closed accounts with money to be decided on", service="collection"),
    Metric("closed_accounts_with_debt", "gauge", "Closed accounts that owe something", service="collection"),
    Metric("suspense_fen", "gauge", "Money received that belongs to nobody yet", service="collection"),
    Metric(
        "suspense_oldest_age_seconds",
        "gauge",
        "Age of the oldest payment that belongs to nobody yet",
        service="collection",
    ),
    Metric("payments_total", "counter", "Payments by what became of them", ("status",), service="collection"),
    # notify
    Metric("notices_queued", "gauge", "Notices not yet sent", service="notify"),
    Metric("notices_oldest_age_seconds", "gauge", "Age of the oldest notice not yet sent", service="notify"),
    Metric("notices_total", "counter", "Notices by channel and result", ("channel", "result"), service="notify"),
    Metric("receipts_total", "counter", "Receipts of gateways by result", ("gateway", "result"), service="notify"),
    Metric("codes_total", "counter", "Codes sent to contact points by result", ("result",), service="notify"),
    Metric("bounces_total", "counter", "Mails of the bounces' mailbox by result", ("result",), service="notify"),
    Metric(
        "bounces_last_read_timestamp_seconds",
        "gauge",
        "When the bounces' mailbox was last read to its end; 0 where none is set",
        service="notify",
    ),
    Metric("receipts_waiting", "gauge", "Receipts for messages that nobody knows yet", service="notify"),
    Metric("questions_open", "gauge", "Questions to customers that are neither answered nor closed", service="notify"),
    Metric(
        "questions_overdue_oldest_seconds",
        "gauge",
        "Time since the end of the last day for an answer of the open question that is due longest",
        service="notify",
    ),
    # jobs
    Metric("job_runs_total", "counter", "Runs of a job that this process was asked for", ("job", "result")),
    Metric("job_last_duration_seconds", "gauge", "Time of the last run of a job in this process", ("job",)),
    Metric(
        "job_last_success_timestamp_seconds",
        "gauge",
        "When the newest date of a job was completed, in any process; since when this one runs, where there is none",
        ("job",),
    ),
    # of the process
    Metric("build_info", "gauge", "1, with the version of the product and of Python", ("version", "python")),
    Metric("database_connections_in_use", "gauge", "Connections of the pool that are held"),
    Metric("database_connections_max", "gauge", "Connections that the pool may hold"),
    Metric("database_connections_waited_for", "gauge", "Units of work that wait for a connection"),
    Metric("data_dir_free_bytes", "gauge", "Room that is left on the file system of the data directory"),
    Metric("data_dir_size_bytes", "gauge", "Size of the file system of the data directory"),
    Metric(
        "certificate_expiry_timestamp_seconds",
        "gauge",
        "When the first certificate of a file ends that a setting names; 0 where none could be read",
        ("setting",),
    ),
    Metric("event_log_up", "gauge", "1 where the event log answered when it was asked last"),
    Metric("database_up", "gauge", "1 where the scrape could read from the database"),
    Metric(
        "loop_failures_total", "counter", "Loops that failed with what nobody thought of, and began again", ("loop",)
    ),
    # of the metrics themselves
    Metric("gauge_failures_total", "counter", "Gauges that could not be read from the database"),
)


class Metrics:
    """The metrics of one service; of none in particular those that every service has."""

    def __init__(self, service: str = "") -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._made: dict[str, Counter | Gauge | Histogram] = {
            metric.name: self._make(metric) for metric in CATALOGUE if metric.service in ("", service)
        }

    def _make(self, metric: Metric) -> Counter | Gauge | Histogram:
        if metric.kind == "histogram":
            return Histogram(metric.exported, metric.meaning, metric.labels, registry=self.registry, buckets=SECONDS)
        made = Counter if metric.kind == "counter" else Gauge
        return made(metric.exported, metric.meaning, metric.labels, registry=self.registry)

    def counter(self, name: str) -> Counter:
        """Return the counter of this name; raises for one that is not in the catalogue, or not of this service."""
        made = self._made[name]
        assert isinstance(made, Counter), name
        return made

    def gauge(self, name: str) -> Gauge:
        """Return the gauge of this name; raises for one that is not in the catalogue, or not of this service."""
        made = self._made[name]
        assert isinstance(made, Gauge), name
        return made

    def histogram(self, name: str) -> Histogram:
        """Return the histogram of this name; raises for one that is not in the catalogue, or not of this service."""
        made = self._made[name]
        assert isinstance(made, Histogram), name
        return made

    def exposition(self) -> bytes:
        """Return the text that Prometheus scrapes."""
        return generate_latest(self.registry)
