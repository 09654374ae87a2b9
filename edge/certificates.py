"""The box's own authority, and the certificate it serves: nobody is bought, nobody is asked.

Terminals trust the authority once, when they are paired; the certificate it signs is renewed
every two months without anybody noticing. Source: RFC 5280 (X.509), RFC 6125 (names).

Three files in one folder of mode 0700: `authority.pem` (key and certificate), `server.pem` (key,
certificate and the authority's), and `ca.pem`, the only one to give away. Each is written whole.
"""

import ipaddress
import ssl
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.config.findings import ConfigError, Finding
from edge.durable import write_file

AUTHORITY_FILE: Final = "authority.pem"
SERVER_FILE: Final = "server.pem"
CA_FILE: Final = "ca.pem"
VALID_DAYS: Final = 90
RENEWED_DAYS: Final = 30
"""A certificate that has no longer to live is renewed."""
SINCE: Final = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL: Final = datetime(2099, 12, 31, tzinfo=UTC)
"""The authority's life does not depend on this computer's clock."""
_PRIVATE_NAMES: Final = ("localhost", "local", "lan", "internal", "home.arpa")
_PRIVATE_NETWORKS: Final = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip
_FIX: Final = "restore the folder, or run edgebox tls init --force and pair the terminals again"


@dataclass(frozen=True, slots=True)
class Served:
    """What the certificate in force says of itself."""

    hosts: tuple[str, ...]
    since: datetime
    until: datetime
    serial: int

    def is_due(self, hosts: Collection[str], now: datetime) -> bool:
        """Tell whether it is time for another: it ends soon, or the box has other names now."""
        ends_soon = self.until - now < timedelta(days=RENEWED_DAYS)
        return ends_soon or now < self.since or set(self.hosts) != set(hosts)


class Authority:
    """Signs for this box alone, by key and certificate."""

    def __init__(
        self, folder: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        self._folder, self._key, self._certificate = folder, key, certificate

    @classmethod
    def create(cls, folder: Path, store: str, hosts: Sequence[str]) -> "Authority":
        """Make one that may sign for `hosts` and for private names and networks, and no others.

        Whoever steals it can pretend to be this box, and no bank. Raises OSError.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _authority(key, store, hosts)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = cls(folder, key, certificate)
        write_file(folder / AUTHORITY_FILE, _pem(key) + made.ca_pem)
        write_file(folder / CA_FILE, made.ca_pem)
        return made

    @classmethod
    def open(cls, folder: Path) -> "Authority":
        """Return the one in `folder`. Raises ConfigError when there is none, or it is damaged."""
        path = folder / AUTHORITY_FILE
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            raise ConfigError(Finding(str(path), "is missing", "run edgebox tls init")) from None
        try:
            key = serialization.load_pem_private_key(raw, password=None)
            certificate = x509.load_pem_x509_certificate(raw)
        except ValueError:
            raise ConfigError(Finding(str(path), "is damaged", _FIX)) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigError(Finding(str(path), "holds a key that is not of P-256", _FIX))
        return cls(folder, key, certificate)

    @property
    def ca_pem(self) -> bytes:
        """What terminals have to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the authority's certificate, in lower-case hex."""
        return self._certificate.fingerprint(hashes.SHA256()).hex()

    def served(self) -> Served | None:
        """Return what the certificate in the folder says; None if there is none of ours."""
        try:
            raw = (self._folder / SERVER_FILE).read_bytes()
            certificate = x509.load_pem_x509_certificate(raw)
            certificate.verify_directly_issued_by(self._certificate)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return None  # another is made
        return Served(
            tuple(str(name.value) for name in names.value),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            certificate.serial_number,
        )

    def issue(self, hosts: Sequence[str], now: datetime) -> Served:
        """Make a fresh key and certificate for `hosts`, and put them into the folder.

        Raises OSError, and ConfigError for a name this authority may not sign for.
        """
        self._refuse_foreign(hosts)
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _leaf(key, self._key, self._certificate, hosts, now)
        chain = leaf.public_bytes(serialization.Encoding.PEM) + self.ca_pem
        write_file(self._folder / SERVER_FILE, _pem(key) + chain)
        served = self.served()
        assert served is not None
        return served

    def load(self, context: ssl.SSLContext) -> None:
        """Let `context` serve the certificate in the folder, from the next handshake on."""
        context.load_cert_chain(self._folder / SERVER_FILE)

    def _refuse_foreign(self, hosts: Sequence[str]) -> None:
        permitted = self._certificate.extensions.get_extension_for_class(x509.NameConstraints)
        granted = [name.value for name in permitted.value.permitted_subtrees or ()]
        foreign = [host for host in hosts if not _is_within(host, granted)]
        if foreign:
            what = f'"{foreign[0]}" is not a name the authority was made for'
            fix = "run edgebox tls init --force and pair the terminals again"
            raise ConfigError(Finding("http.hosts", what, fix))


def server_context() -> ssl.SSLContext:
    """Return a context for servers: TLS 1.2 or 1.3, without renegotiation or compression."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    return context


def _authority(
    key: ec.EllipticCurvePrivateKey, store: str, hosts: Sequence[str]
) -> x509.Certificate:
    named = [_general_name(host, as_network=True) for host in hosts]
    named += [x509.DNSName(name) for name in _PRIVATE_NAMES]
    named += [x509.IPAddress(ipaddress.ip_network(network)) for network in _PRIVATE_NETWORKS]
    # The name carries the key, so that two authorities of one store are never taken for one.
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = _name(f"edgebox {store} {key_id.digest.hex()[:8]}")
    builder = _certificate(name, name, key.public_key(), SINCE, UNTIL)
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(named, None), critical=True)
        .add_extension(key_id, critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    hosts: Sequence[str],
    now: datetime,
) -> x509.Certificate:
    since = now - timedelta(days=1)  # a terminal whose clock is slow should come in, too
    builder = _certificate(
        _name("edgebox"), authority.subject, key.public_key(), since,
        now + timedelta(days=VALID_DAYS),
    )  # fmt: skip
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(key_id, critical=False)
        .add_extension(signer_id, critical=False)
        .sign(signer, hashes.SHA256())
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    since: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _general_name(host: str, *, as_network: bool = False) -> x509.GeneralName:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return x509.DNSName(host)
    return x509.IPAddress(ipaddress.ip_network(address) if as_network else address)


def _is_within(host: str, granted: Sequence[object]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        names = [f".{name}" for name in granted if isinstance(name, str)]
        return f".{host}".endswith(tuple(names))
    networks = (ipaddress.IPv4Network, ipaddress.IPv6Network)
    return any(address in network for network in granted if isinstance(network, networks))
