"""The composition root of the notify service: the only file that builds its engine and clock."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from services.notify import kinds
from services.notify.calls import api as calls
from services.notify.calls import consumers as visits
from services.notify.causes.consumers import handlers
from services.notify.codes import api as codes
from services.notify.codes.jobs import CodeSender
from services.notify.contents import CONTENTS
from services.notify.context import Context
from services.notify.doors import api as doors
from services.notify.doors import store as door_store
from services.notify.leaflets import domain as leaflets
from services.notify.leaflets.domain import Leaflets
from services.notify.letters import api as letters
from services.notify.letters import store as letter_store
from services.notify.letters.jobs import presume_letters
from services.notify.notices import api as notices
from services.notify.notices import jobs
from services.notify.notices.store import notices as store
from services.notify.notices.store import receipts
from services.notify.notices.store.unaddressed import waiting_oldest
from services.notify.notices.use_cases import unaddressed
from services.notify.parties import api as parties
from services.notify.parties.jobs import Sealing
from services.notify.policies import domain as policies
from services.notify.policies.domain import HELD, Policies
from services.notify.questions import jobs as question_jobs
from services.notify.questions.api import links as links_api
from services.notify.questions.api import staff
from services.notify.questions.domain.links import Links
from services.notify.questions.store import questions
from services.notify.sending import api as receipts_api
from services.notify.sending.domain.bounces import Stamps
from services.notify.sending.gateways import configured
from services.notify.sending.gateways.held import Held
from services.notify.sending.gateways.mailbox import Mailbox
from services.notify.sending.gateways.session import Gateway
from services.notify.sending.gateways.smtp import SmtpServer, SmtpSession
from services.notify.sending.jobs import Bounces
from services.notify.sending.sender import Sender
from services.notify.settings import NotifySettings
from services.notify.templates import api as templates_api
from services.notify.templates import domain as templates
from services.notify.templates.domain import Catalogue, Kinds
from services.notify.vault import Vault
from services.notify.views import api as views
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.db.engine import Database
from shared.loops import Loop
from shared.metrics import Metrics
from shared.service import Service, assemble, open_database
from shared.settings import document
from shared.wake import Wake
from shared.web.rates import Rate

LINK_REQUESTS_PER_SECOND = (
    1  # of one link, ten seconds' worth at once: a person opens it, and a mail scanner before him
)

ROUTERS = (
    parties.router,
    codes.router,
    views.router,
    notices.router,
    calls.router,
    letters.router,
    doors.router,
    staff.router,
    links_api.router,
    receipts_api.router,
    templates_api.router,
)

RECEIPT_REQUESTS_PER_SECOND = 200  # of one gateway; what comes faster is told to come again


def build(settings: NotifySettings, *, event_log: EventLog, clock: Clock | None = None) -> Service:
    """Return the notify service; raises `SettingsError` or `InvalidTemplate` for data files that cannot be used."""
    clock = clock or SystemClock()
    database, metrics = open_database(settings, "notify", clock=clock), Metrics("notify")
    known = kinds.load()
    rules = load_policy(settings.notify_policy, known, settings.timezone)
    enclosed = document("WATTLINE_NOTIFY_LEAFLETS", settings.notify_leaflets, leaflets.load)
    catalogue = load_templates(settings.notify_templates, known, enclosed, settings.timezone)

    def today() -> date:
        return clock.now().astimezone(settings.timezone).date()

    vault, gateways, bell = _vault(settings), _gateways(settings), Wake()
    sender = Sender(
        database,
        gateways,
        policies=rules,
        today=today,
        catalogue=catalogue,
        links=_links(settings),
        vault=vault,
        senders=settings.notice_senders,
        lease_seconds=settings.notice_lease_seconds,
        metrics=metrics,
    )
    context = Context(
        policies=rules,
        catalogue=catalogue,
        today=today,
        wake=sender.wake,
        vault=vault,
        take_up=partial(unaddressed.take_up, policies=rules),
        posted=letter_store.posted,
        code_gateways=gateways,
        wake_codes=bell.set,
        inboxes=configured.inboxes(settings),
        receipt_rate=Rate("receipts", RECEIPT_REQUESTS_PER_SECOND, metrics.counter("http_requests_refused_total")),
        link_rate=Rate("links", LINK_REQUESTS_PER_SECOND, metrics.counter("http_requests_refused_total")),
    )
    return assemble(
        "notify",
        settings=settings,
        database=database,
        event_log=event_log,
        routers=ROUTERS,
        handlers={**handlers(context), **visits.handlers(context)},
        jobs=[
            jobs.tell_doors(rules),
            jobs.give_up_waiting(rules),
            presume_letters(rules, catalogue),
            *question_jobs.jobs(rules),
        ],
        background=[
            sender.run,
            Sealing(database, vault, [letter_store.sealed_otherwise, door_store.sealed_otherwise]).run,
            _codes(settings, database, gateways, vault, bell, metrics),
            *_bounces(settings, database, rules, sender.wake, metrics),
        ],
        gauges=[store.gauges(clock), receipts.gauges, questions.gauges(clock, settings.timezone)],
        waiting_oldest=[waiting_oldest, questions.waiting_oldest],
        control_totals=[partial(store.control_totals, known)],
        control_documents={
            kind.control: partial(store.told_of, name) for name, kind in known.items() if kind.control is not None
        },
        tracers={"notice": store.trace, "question": questions.trace},
        edges=[*store.edges(known), *questions.edges(known)],
        context=context,
        metrics=metrics,
        contents=CONTENTS,
    )


def load_policy(path: Path, kinds: Kinds, zone: ZoneInfo) -> Policies:
    """Return the versions of the policy in a file; raises `SettingsError` where it is not usable."""
    roles = {name: kind.roles for name, kind in kinds.items()}
    load = partial(
        policies.load,
        roles=roles,
        manners={name: kind.manner for name, kind in kinds.items()},
        zone=zone,
        tenants_alone=[name for name, kind in kinds.items() if kind.tenants_alone],
    )
    return document("WATTLINE_NOTIFY_POLICY", path, load)


def load_templates(
    directory: Path | None, kinds: Kinds, enclosed: Leaflets | None = None, zone: ZoneInfo = templates.NO_ZONE
) -> Catalogue:
    """Return the templates of all kinds: those in a directory, one file per version, and of the other kinds those that ship."""
    paths = sorted(directory.glob("*.json")) if directory else ()
    own = [templates.load(json.loads(path.read_text("utf-8"))) for path in paths]
    named = {template.name for template in own}
    shipped = [t for name, kind in kinds.items() if name not in named for t in kind.templates]
    return Catalogue([*own, *shipped], kinds, enclosed, zone)


def _links(settings: NotifySettings) -> Links:
    key = settings.link_key.get_secret_value().encode() if settings.link_key else b""
    return Links(public_url=settings.public_url, key=key)


def _stamps(settings: NotifySettings) -> Stamps | None:
    return Stamps(settings.bounce_key.get_secret_value().encode()) if settings.bounce_key else None


def _codes(
    settings: NotifySettings,
    database: Database,
    gateways: Mapping[str, Gateway],
    vault: Vault,
    bell: Wake,
    metrics: Metrics,
) -> Loop:
    lease_seconds = settings.notice_lease_seconds
    return CodeSender(database, gateways, vault, wake=bell, lease_seconds=lease_seconds, metrics=metrics).run


def _bounces(
    settings: NotifySettings, database: Database, rules: Policies, wake: Callable[[], None], metrics: Metrics
) -> list[Loop]:
    stamps, mailbox = _stamps(settings), configured.mailbox(settings)
    if stamps is None or mailbox is None:
        return []
    return [Bounces(database, partial(Mailbox, mailbox), stamps, policies=rules, wake=wake, metrics=metrics).run]


def _vault(settings: NotifySettings) -> Vault:
    previous = settings.personal_key_previous
    return Vault(
        settings.personal_key.get_secret_value().encode(), previous.get_secret_value().encode() if previous else None
    )


def _gateways(settings: NotifySettings) -> dict[str, Gateway]:
    smtp = partial(SmtpSession, _smtp_server(settings))
    return {"smtp": smtp, **dict.fromkeys(HELD, Held), **configured.gateways(settings)}


def _smtp_server(settings: NotifySettings) -> SmtpServer:
    return SmtpServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        sender=settings.smtp_sender,
        timeout_seconds=settings.smtp_timeout_seconds,
        certificates=str(settings.smtp_certificates) if settings.smtp_certificates else None,
        stamps=_stamps(settings),
        bounces=settings.bounce_address,
    )
