"""Sealing: bytes that may lie anywhere, on stations and sticks too, until their key is told.

AES-256-GCM (NIST SP 800-38D): nonce (12 bytes), ciphertext, tag (16 bytes). A station opens the same form with
WebCrypto. `about` names what is sealed; it is authenticated, so that nothing sealed as one thing passes for another.
"""

import hashlib
import os

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

SIZE = 32
"""Bytes of a key."""
NONCE = 12


def seal(key: bytes, clear: bytes, about: bytes) -> bytes:
    """Seal with a key that may seal several things: the nonce is random."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, clear, about)


def seal_own(secret: bytes, clear: bytes, about: bytes) -> tuple[bytes, bytes]:
    """(key, sealed): a key that seals these bytes and no others, the same whenever they are sealed again.

    HKDF-SHA-256 (RFC 5869) of `secret`, salted with the SHA-256 of `clear`: as no two contents share a key, the nonce
    is zero. Nothing can be told of `secret` from the key.
    """
    salt = hashlib.sha256(clear).digest()
    key = HKDF(hashes.SHA256(), SIZE, salt, b"seal " + about).derive(secret)
    return key, bytes(NONCE) + AESGCM(key).encrypt(bytes(NONCE), clear, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """The clear bytes. Raises Corrupt for a wrong key and for altered bytes: the two cannot be told apart."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], about)
    except (InvalidTag, ValueError) as error:
        raise Corrupt(
            "not_opened",
            N_("The key does not open it, or it was altered."),
            N_("Check the key; if it is right, ask for the sealed papers once more."),
        ) from error


def key_of_code(digits: str, salt: bytes) -> bytes:
    """The key behind the digits of a code, by argon2id (RFC 9106): slow by intention, about 0.2 s and 64 MB."""
    return hash_secret_raw(
        digits.encode(), salt, time_cost=4, memory_cost=64 * 1024, parallelism=1, hash_len=SIZE, type=Type.ID
    )
