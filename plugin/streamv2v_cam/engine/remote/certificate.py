"""The server's certificate: made once, signed by itself, known to a host by its very bytes."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from pathlib import Path

from ...errors import SettingsError
from ...system.textfile import write_text

CERTIFICATE, KEY = "certificate.pem", "key.pem"
YEARS = 20


def server_context(folder: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """TLS for the server, and the fingerprint of its certificate, which is made where the folder has none.

    Args:
        folder: where certificate and key are kept.
        name: of this machine, for people who look at the certificate.

    Raises:
        SettingsError: the files cannot be made or read.
    """
    certificate, key = folder / CERTIFICATE, folder / KEY
    try:
        if not (certificate.exists() and key.exists()):
            _make(certificate, key, name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key)
        der = ssl.PEM_cert_to_DER_cert(certificate.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The certificate in {folder} cannot be made or read ({error}). Remove that folder: "
            "a new one is made, and every host is paired again."
        ) from error
    return context, fingerprint(der)


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate, in hexadecimal."""
    return hashlib.sha256(der).hexdigest()


def fingerprint_of(pem: str) -> str:
    """The same, of a certificate as it is kept."""
    return fingerprint(ssl.PEM_cert_to_DER_cert(pem))


def pinned_context(pem: str) -> ssl.SSLContext:
    """TLS for a host that talks to the holder of that one certificate and to nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # the certificate itself is known; addresses change
    context.load_verify_locations(cadata=pem)
    return context


def unknown_context() -> ssl.SSLContext:
    """TLS for the first meeting, where the certificate is taken as it comes and proven by the code."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _make(certificate: Path, key: Path, name: str) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"streamv2v-cam {name}"[:64])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # a clock that is a day off must not lock anybody out
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_text(key, secret.decode("ascii"))  # a new file of its is for its owner alone
    write_text(certificate, made.public_bytes(serialization.Encoding.PEM).decode("ascii"))
