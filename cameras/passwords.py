"""Proofs of a password, as a device checks them. Pure.

HTTP digest (RFC 2617; RTSP uses the same) and WS-UsernameToken digest (OASIS WSS UsernameToken Profile 1.1,
3.1).
"""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


def challenge(realm: str, nonce: str, qop: bool) -> str:
    """The WWW-Authenticate header's value."""
    return f'Digest realm="{realm}", nonce="{nonce}", algorithm=MD5' + (', qop="auth"' if qop else "")


def digest_fields(header: str) -> dict[str, str]:
    """The fields of an Authorization header; empty when it is not a digest."""
    kind, _, rest = header.partition(" ")
    if kind.lower() != "digest":
        return {}
    return {name.lower(): quoted or plain for name, quoted, plain in FIELD.findall(rest)}


def digest_response(fields: dict[str, str], password: str, method: str) -> str:
    """The response the right password gives (RFC 2617, 3.2.2)."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    secret = md5(f"{fields.get('username', '')}:{fields.get('realm', '')}:{password}")
    target = md5(f"{method}:{fields.get('uri', '')}")
    if fields.get("qop"):
        middle = (
            f"{fields.get('nonce', '')}:{fields.get('nc', '')}:{fields.get('cnonce', '')}:{fields['qop']}"
        )
        return md5(f"{secret}:{middle}:{target}")
    return md5(f"{secret}:{fields.get('nonce', '')}:{target}")


def digest_holds(header: str, method: str, realm: str, nonce: str, user: str, password: str) -> bool:
    """Does an Authorization header prove the password for this nonce?"""
    fields = digest_fields(header)
    if fields.get("username") != user or fields.get("realm") != realm or fields.get("nonce") != nonce:
        return False
    return hmac.compare_digest(fields.get("response", ""), digest_response(fields, password, method))


def token_digest(nonce: bytes, created: str, password: str) -> str:
    """Base64 of SHA-1(nonce + created + password)."""
    return base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()


def token_holds(
    digest: str, nonce: str, created: str, password: str, now: datetime, tolerance: timedelta
) -> bool:
    """Is a UsernameToken right and fresh on the device's own clock? `nonce` is base64."""
    try:
        made = datetime.fromisoformat(created.strip())
        raw = base64.b64decode(nonce, validate=True)
    except (ValueError, binascii.Error):
        return False
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    if abs(now - made) > tolerance:
        return False
    return hmac.compare_digest(digest.strip(), token_digest(raw, created.strip(), password))
