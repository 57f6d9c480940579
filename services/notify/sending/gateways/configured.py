"""The gateways over HTTP that the settings name: what is not configured is not there, and its notices fail with `no_gateway`."""

from collections.abc import Mapping

from services.notify.sending.domain import providers, wechat
from services.notify.sending.domain.inbox import Inbox, SmsReceipts, WeChatEvents
from services.notify.sending.domain.providers import Provider
from services.notify.sending.gateways.app import App
from services.notify.sending.gateways.mailbox import ImapServer
from services.notify.sending.gateways.session import Gateway
from services.notify.sending.gateways.sms import Sms, SmsAccount
from services.notify.sending.gateways.wechat import WeChat, WeChatAccount
from services.notify.settings import NotifySettings
from shared.outcalls import Server
from shared.settings import SettingsError, document


def gateways(settings: NotifySettings) -> Mapping[str, Gateway]:
    """Return the gateways by name. Raises `SettingsError` for a document that cannot be used."""
    found: dict[str, Gateway] = {}
    if settings.sms_url is not None:
        provider = _provider(settings)
        sms = Sms(provider, _server(settings, settings.sms_url), _sms_account(settings, provider))
        found["sms"] = lambda: sms
    if settings.app_url is not None:
        keys = (settings.app_secret, settings.app_secret_previous)
        server = _server(settings, settings.app_url, public_only=not settings.app_private)
        app = App(server, [key.get_secret_value() for key in keys if key is not None])
        found["app"] = lambda: app
    if settings.wechat_app_id is not None and settings.wechat_templates is not None:
        shapes = document("WATTLINE_WECHAT_TEMPLATES", settings.wechat_templates, wechat.load)
        secret = settings.wechat_secret.get_secret_value() if settings.wechat_secret else ""
        account = WeChatAccount(app_id=settings.wechat_app_id, secret=secret, shapes=shapes)
        official = WeChat(_server(settings, settings.wechat_url), account)
        found["wechat"] = lambda: official
    return found


def inboxes(settings: NotifySettings) -> Mapping[str, Inbox]:
    """Return what reads the receipts of gateways, by name."""
    found: dict[str, Inbox] = {}
    if settings.sms_receipt_secret is not None and (read := _provider(settings).receipts) is not None:
        found["sms"] = SmsReceipts(read, settings.sms_receipt_secret.get_secret_value())
    if settings.wechat_token is not None:
        found["wechat"] = WeChatEvents(settings.wechat_token.get_secret_value())
    return found


def mailbox(settings: NotifySettings) -> ImapServer | None:
    """Return the mailbox that bounces come to, where there is one."""
    if settings.imap_host is None or settings.imap_username is None or settings.imap_password is None:
        return None
    return ImapServer(
        host=settings.imap_host,
        port=settings.imap_port,
        security=settings.imap_security,
        username=settings.imap_username,
        password=settings.imap_password.get_secret_value(),
        folder=settings.imap_folder,
        timeout_seconds=settings.imap_timeout_seconds,
        certificates=str(settings.imap_certificates) if settings.imap_certificates else None,
    )


def _provider(settings: NotifySettings) -> Provider:
    return document("WATTLINE_SMS_PROVIDER", settings.sms_provider, providers.load)


def _server(settings: NotifySettings, url: str, *, public_only: bool = False) -> Server:
    return Server(
        url=url,
        timeout_seconds=settings.gateway_timeout_seconds,
        certificates=str(settings.gateway_certificates) if settings.gateway_certificates else None,
        public_only=public_only,
    )


def _sms_account(settings: NotifySettings, provider: Provider) -> SmsAccount:
    by_path = provider.receipts is not None and provider.receipts.proof.over is None
    if provider.uses("receipts"):
        for name in ("receipts_url", "sms_receipt_secret"):
            if getattr(settings, name) is None:
                raise SettingsError(
                    f"wrong setting: WATTLINE_{name.upper()} is missing: WATTLINE_SMS_PROVIDER needs it"
                )
    receipt_secret = settings.sms_receipt_secret.get_secret_value() if settings.sms_receipt_secret else ""
    return SmsAccount(
        user=settings.sms_user,
        secret=settings.sms_secret.get_secret_value() if settings.sms_secret else "",
        sender=settings.sms_sender,
        receipts=f"{settings.receipts_url}/v1/receipts/sms" + (f"/{receipt_secret}" if by_path else ""),
    )
