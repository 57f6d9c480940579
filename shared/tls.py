"""TLS to the servers that a service uses: their certificate and their name are always checked, and what is refused is said."""

import ssl
from pathlib import Path

from shared.settings import SettingsError

_OF_CERTIFICATES = {  # by the codes of OpenSSL (X509_V_ERR), which the ssl module does not name
    10: "the server's certificate has expired",
    62: "the server's certificate is for another host",
    64: "the server's certificate is for another host",  # by its IP address
}


def context(setting: str, certificates: Path | None) -> ssl.SSLContext:
    """Return how a server is checked: against the authorities in a PEM file that `setting` names, or else the system's."""
    try:
        return ssl.create_default_context(cafile=certificates)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise SettingsError(
            f"wrong setting: {setting}: the file holds no certificates in PEM, or cannot be read"
        ) from None


def unchecked() -> ssl.SSLContext:
    """Return how to find out whether a server speaks TLS at all; nothing is told to it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def refusal(error: BaseException) -> str | None:
    """Return what is wrong where a failed connection cannot be mended by waiting; None where it can."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _OF_CERTIFICATES.get(error.verify_code, "the server's certificate is not signed by a trusted authority")
    if isinstance(error, ssl.SSLError):
        return "the server does not speak TLS as it should"
    return None
