"""Keys of the box: the data key for ID numbers and pictures, signing keys of processes, the site authority.

ID numbers: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce, and HMAC-SHA-256 beside them for exact search.
Signatures: Ed25519 (RFC 8032). The site authority is an ECDSA P-256 certificate authority (RFC 5280); its key
lies in `authority/`, readable by nobody but root, and no process loads it after `examsite init`.
"""

import contextlib
import datetime as dt
import hashlib
import hmac
import ipaddress
import os
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_

CertificateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class DataKey:
    """Encrypts what may not lie about in clear. `index` gives the same 32 bytes for the same text, always."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise ValueError("a data key is 32 bytes")
        self._cipher = AESGCM(hmac.digest(secret, b"encrypt", "sha256"))
        self._index = hmac.digest(secret, b"index", "sha256")

    @classmethod
    def create(cls, path: Path) -> "DataKey":
        """Make a key file (mode 0640)."""
        write_secret(path, os.urandom(32), mode=0o640)
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> "DataKey":
        """Read a key file."""
        return cls(read_secret(path))

    def encrypt(self, clear: bytes) -> bytes:
        """Nonce (12 bytes) + ciphertext + tag (16 bytes)."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, clear, None)

    def decrypt(self, sealed: bytes) -> bytes:
        """The clear bytes; Corrupt when they were altered."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], None)
        except (InvalidTag, ValueError) as error:
            raise Corrupt(
                "sealed_altered",
                N_("A protected piece of data was altered on disk."),
                N_("Keep the machine as it is and call the inspector."),
            ) from error

    def encrypt_text(self, clear: str) -> bytes:
        """`encrypt` for text."""
        return self.encrypt(clear.encode())

    def decrypt_text(self, sealed: bytes) -> str:
        """`decrypt` for text."""
        return self.decrypt(sealed).decode()

    def index(self, clear: str) -> bytes:
        """HMAC-SHA-256 of `clear`, to find it without reading it."""
        return hmac.digest(self._index, clear.encode(), "sha256")


def write_secret(path: Path, body: bytes, mode: int = 0o600) -> None:
    """Create `path` with `mode`; never overwrites."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as target:
        target.write(body)
        target.flush()
        os.fsync(target.fileno())


def read_secret(path: Path) -> bytes:
    """Read a key file, or say which one is missing."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(
            "no_key",
            N_("The key {path} cannot be read."),
            N_("Restore it from the backup, or run examsite init on a new box."),
            path=str(path),
        ) from error


class Signer:
    """An Ed25519 signing key of one process."""

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def load(cls, path: Path) -> "Signer":
        """Read a PEM key made by `new_leaf`."""
        try:
            key = serialization.load_pem_private_key(read_secret(path), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Corrupt(
                "bad_key",
                N_("The key {path} cannot be read."),
                N_("Restore it from the backup, or run examsite init on a new box."),
                path=str(path),
            ) from error
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise Corrupt("bad_key", N_("The key {path} is of the wrong kind."), path=str(path))
        return cls(key)

    def sign(self, body: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(body)

    @property
    def public(self) -> bytes:
        """Public key, PEM."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def name(self) -> str:
        """Short name of the key: the first 16 hexadecimal digits of the SHA-256 of the raw public key."""
        return key_name(self.public)


def key_name(public: bytes) -> str:
    """Short name of a PEM public key."""
    key = serialization.load_pem_public_key(public)
    raw = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(raw).hexdigest()[:16]


def verify(public: bytes, signature: bytes, body: bytes) -> bool:
    """Does `signature` fit? `public`: PEM public key or PEM certificate of an Ed25519 key."""
    key = _public(public)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        return False
    try:
        key.verify(signature, body)
    except InvalidSignature:
        return False
    return True


def usable(public: bytes) -> bool:
    """Can signatures be checked with this PEM public key or certificate? False says nothing about a signature."""
    try:
        return isinstance(_public(public), ed25519.Ed25519PublicKey)
    except (ValueError, UnsupportedAlgorithm):
        return False


def _public(pem: bytes) -> object:
    if b"BEGIN CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem).public_key()
    return serialization.load_pem_public_key(pem)


def certified_key(certificate: bytes, authority: bytes, name: str, at: dt.datetime) -> bytes:
    """Public key (PEM) of the process `name` as its certificate (DER) gives it.

    Raises Corrupt unless the site authority (PEM) issued it, for signing, to that process, and it held at `at`.
    """
    try:
        found = x509.load_der_x509_certificate(certificate)
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
        basic = found.extensions.get_extension_for_class(x509.BasicConstraints).value
        names = [one.value for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        sound = usage.digital_signature and not basic.ca and names == [name]
        in_time = found.not_valid_before_utc <= at <= found.not_valid_after_utc
        key = found.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except Exception as error:  # the X.509 parser has a dozen kinds of errors for strangers' bytes
        raise _foreign(name) from error
    if not (sound and in_time):
        raise _foreign(name)
    return key


def fingerprint(pem: bytes) -> str:
    """SHA-256 of a certificate as `openssl x509 -fingerprint -sha256` tells it. Raises ValueError when it is none."""
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex(":").upper()


def _foreign(name: str) -> Corrupt:
    return Corrupt(
        "bad_certificate",
        N_("The signature was not made by the process {name} of this site."),
        N_("Keep it as it is and call the inspector."),
        name=name,
    )


def new_authority(folder: Path, name: str) -> None:
    """Create the site authority: `authority.key` (0600) and `authority.pem`, valid 10 years."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=3652))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_secret(folder / "authority.key", _pem_key(key))
    (folder / "authority.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def new_leaf(
    authority: Path, folder: Path, name: str, hosts: list[str] | None = None, server: bool = False
) -> None:
    """Make `<name>.key` (0640) and `<name>.pem` in `folder`, certified by the authority for as long as it lives itself.

    `server` gives an ECDSA TLS certificate for `hosts`; otherwise an Ed25519 signing key of a process.
    """
    key: CertificateKey
    key = ec.generate_private_key(ec.SECP256R1()) if server else ed25519.Ed25519PrivateKey.generate()
    hosts = hosts or ["localhost", "127.0.0.1"]
    certificate = _certify(
        authority, name, key.public_key(), [_general_name(host) for host in hosts] if server else []
    )
    write_secret(folder / f"{name}.key", _pem_key(key), mode=0o640)
    (folder / f"{name}.pem").write_bytes(certificate)


def renew_leaf(authority: Path, folder: Path, name: str) -> None:
    """Give the key of `<name>.pem` a new certificate; what was signed before holds with the one it carries."""
    path = folder / f"{name}.pem"
    old, stat = _certificate(path), path.stat()
    names: list[x509.GeneralName] = []
    with contextlib.suppress(x509.ExtensionNotFound):
        names = list(old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    fresh = path.with_suffix(".new")
    with open(fresh, "wb") as target:
        target.write(_certify(authority, name, old.public_key(), names))
        os.fchmod(target.fileno(), stat.st_mode & 0o777)
        os.fchown(target.fileno(), stat.st_uid, stat.st_gid)
        target.flush()
        os.fsync(target.fileno())
    os.replace(fresh, path)


def issued_by(path: Path, authority: Path) -> bool:
    """Whether a certificate (PEM file) is one of the authority's."""
    try:
        _certificate(path).verify_directly_issued_by(_certificate(authority))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def certificate_end(path: Path) -> dt.datetime:
    """Until when a certificate (PEM file) holds. Raises NotFound and Corrupt."""
    return _certificate(path).not_valid_after_utc


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(read_secret(path))
    except ValueError as error:
        raise Corrupt(
            "bad_key",
            N_("The key {path} cannot be read."),
            N_("Restore it from the backup, or run examsite init on a new box."),
            path=str(path),
        ) from error


def _certify(authority: Path, name: str, key: Any, names: list[x509.GeneralName]) -> bytes:
    """Certificate (PEM) of a public key; of a TLS server when it has `names`."""
    issuer_key = serialization.load_pem_private_key(read_secret(authority / "authority.key"), password=None)
    issuer = x509.load_pem_x509_certificate(read_secret(authority / "authority.pem"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime.now(dt.UTC) - dt.timedelta(days=1))
        # Recordings are kept for three years and longer, and signed as long as the box works.
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
        .add_extension(_usage(digital_signature=True), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _usage(**wanted: bool) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in every})


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem_key(key: CertificateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
