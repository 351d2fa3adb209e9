"""Slots: the repository key, wrapped by a secret, a passphrase or a recovery key, or in the clear. Pure."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from imagestore.repository.format.ciphers import NotSealed, aes_gcm, decrypted, hkdf, scrypt

KEY_BYTES = 32
SALT_BYTES = 16
NONCE_BYTES = 12
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**15, 8, 1
MOST_SCRYPT = 2**17, 8, 4  # 128 MiB: a program that can write to the bucket could ask every reader for 2 GiB
RECOVERY_PREFIX = "ISR1"


class SlotKind(StrEnum):
    """What opens a slot."""

    SECRET = "secret"  # noqa: S105  random bytes, such as the data of a Kubernetes Secret
    PASSPHRASE = "passphrase"  # noqa: S105  what a person typed
    RECOVERY = "recovery"  # a key on paper
    PLAIN = "plain"  # nothing: the key stands there. MACs then find accidents, not attackers


@dataclass(frozen=True)
class OpeningSecret:
    """What a user has to open a repository. ``value`` empty: nothing."""

    kind: SlotKind = SlotKind.PLAIN
    value: bytes = field(default=b"", repr=False)


def wrap(repository: bytes, slot: str, secret: OpeningSecret, key: bytes, salt: bytes, nonce: bytes) -> bytes:
    """The file of a slot. ``salt`` and ``nonce`` are random."""
    content: dict[str, Any] = {"slot": slot, "kind": secret.kind.value}
    if secret.kind is SlotKind.PLAIN:
        content["key"] = key.hex()
    else:
        if secret.kind is SlotKind.PASSPHRASE:
            content |= {"n": SCRYPT_N, "r": SCRYPT_R, "p": SCRYPT_P}
        wrapping = _wrapping_key(secret, salt, content)
        wrapped = aes_gcm(wrapping).encrypt(nonce, key, _context(repository, slot))
        content |= {"salt": salt.hex(), "nonce": nonce.hex(), "wrapped": wrapped.hex()}
    return json.dumps(content, indent=1).encode() + b"\n"


def unwrap(repository: bytes, data: bytes, secret: OpeningSecret) -> bytes | None:
    """The repository key; None: this secret does not open this slot."""
    try:
        content = json.loads(data)
        if content["kind"] != secret.kind:
            return None  # also a key in the clear: who may write to the bucket could put a repository of their own there
        if secret.kind is SlotKind.PLAIN:
            return bytes.fromhex(content["key"])
        if not secret.value:
            return None
        wrapping = _wrapping_key(secret, bytes.fromhex(content["salt"]), content)
        nonce, wrapped = bytes.fromhex(content["nonce"]), bytes.fromhex(content["wrapped"])
        return decrypted(aes_gcm(wrapping), nonce, wrapped, _context(repository, content["slot"]))
    except (NotSealed, ValueError, KeyError, TypeError):
        return None


def _context(repository: bytes, slot: str) -> bytes:
    return repository + slot.encode()


def _wrapping_key(secret: OpeningSecret, salt: bytes, content: Mapping[str, Any]) -> bytes:
    if secret.kind is SlotKind.PASSPHRASE:
        n, r, p = (min(int(content[name]), most) for name, most in zip("nrp", MOST_SCRYPT, strict=True))
        return scrypt(secret.value, salt, n, r, p)
    return hkdf(secret.value, salt, b"imagestore/1/slot")


def recovery_text(key: bytes) -> str:
    """A recovery key as people write it down: groups of four letters and digits, the last one a check."""
    code = base64.b32encode(key + sha256(key).digest()[:3]).decode().rstrip("=")
    return "-".join([RECOVERY_PREFIX, *(code[i : i + 4] for i in range(0, len(code), 4))])


def recovery_key(text: str) -> bytes | None:
    """The recovery key of a text; None: it was mistyped."""
    code = "".join(text.split()).replace("-", "").upper().removeprefix(RECOVERY_PREFIX)
    try:
        data = base64.b32decode(code + "=" * (-len(code) % 8))
    except ValueError:
        return None
    key, check = data[:-3], data[-3:]
    return key if len(key) == KEY_BYTES and hmac.compare_digest(sha256(key).digest()[:3], check) else None
