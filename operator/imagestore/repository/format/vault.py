"""What the repository key does: MACs, ids of contents, and sealing with AES-256-GCM. Pure."""

import hmac
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.ciphers import Cipher, NotSealed, aes_gcm, decrypted, hkdf

TAG_BYTES = 16  # what sealing adds
MAC_BYTES = 32


@dataclass(frozen=True)
class Vault:
    """The key of one repository at work.

    ``repository``: its id, 16 bytes. ``key``: 32 bytes. ``sealed``: contents are encrypted. MACs and ids are made in any case.
    """

    repository: bytes
    key: bytes = field(repr=False)
    sealed: bool

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose."""
        info = f"imagestore/1/{purpose}".encode()
        return hkdf(self.key, self.repository, info)

    @cached_property
    def _mac_key(self) -> bytes:
        return self.derive("mac")

    @cached_property
    def _id_key(self) -> bytes:
        return self.derive("blob-id")

    @cached_property
    def _leaf_key(self) -> bytes:
        return self.derive("leaf")

    def mac(self, name: str, data: bytes) -> bytes:
        """Binds data to the name of its file: a file that is renamed does not count."""
        return hmac.digest(self._mac_key, name.encode() + b"\n" + data, "sha256")

    def blob_id(self, digest: bytes) -> bytes:
        """The id of a content, from its SHA-256. Tells nothing of the content to others."""
        return hmac.digest(self._id_key, digest, "sha256")

    def leaf_hash(self, data: bytes) -> str:
        """The name of a leaf, from its compressed rows."""
        return hmac.digest(self._leaf_key, data, "sha256").hex()

    def check(self, fields: bytes) -> str:
        """Proves the key and guards the fields of format.json."""
        return hmac.digest(self.derive("check"), fields, "sha256").hex()

    def cipher(self, purpose: str) -> Cipher | None:
        """Encrypts with the key of one file; None: nothing is encrypted."""
        return aes_gcm(self.derive(purpose)) if self.sealed else None


def seal(cipher: Cipher | None, number: int, context: str, data: bytes) -> bytes:
    """Encrypt. ``number``: never twice with one key. ``context``: what the bytes are and where they stand."""
    return data if cipher is None else cipher.encrypt(number.to_bytes(12, "big"), data, context.encode())


def unseal(cipher: Cipher | None, number: int, context: str, data: bytes, name: str) -> bytes:
    """Decrypt. DamagedFile (with the file's ``name``): these are not the bytes that were sealed."""
    if cipher is None:
        return data
    try:
        return decrypted(cipher, number.to_bytes(12, "big"), data, context.encode())
    except NotSealed:
        raise DamagedFile(name, "does not decrypt: its bytes were changed") from None


def sealed_length(vault: Vault, length: int) -> int:
    """The length of a sealed content."""
    return length + TAG_BYTES if vault.sealed else length


def same(one: bytes, other: bytes) -> bool:
    """Whether two MACs are equal, in constant time."""
    return hmac.compare_digest(one, other)


def digest_of(data: bytes) -> bytes:
    """SHA-256."""
    return sha256(data).digest()
