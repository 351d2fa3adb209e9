"""The cryptography of a repository: AES-256-GCM, HKDF and scrypt of the ``cryptography`` library, loaded at the first use.

An operator without backups would pay 35 ms at each start and 8 MB for it.
"""

from typing import Protocol


class Cipher(Protocol):
    """AES-256-GCM with one key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


class NotSealed(Exception):
    """These bytes are not what was encrypted with this key, nonce and context."""


def aes_gcm(key: bytes) -> Cipher:
    """A cipher with a key of 32 bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def decrypted(cipher: Cipher, nonce: bytes, data: bytes, context: bytes) -> bytes:
    """Decrypt. NotSealed: the bytes, the key or the context are others."""
    from cryptography.exceptions import InvalidTag

    try:
        return cipher.decrypt(nonce, data, context)
    except (InvalidTag, ValueError):
        raise NotSealed from None


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """A key of 32 bytes for one purpose, by HKDF-SHA256."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt, info).derive(key)


def scrypt(passphrase: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    """A key of 32 bytes from what a person typed."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt, 32, n, r, p).derive(passphrase)
