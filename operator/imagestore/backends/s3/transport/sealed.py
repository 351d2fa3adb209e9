"""Bodies of MinIO's admin API that hold secrets: encrypted with the sender's secret key.

``salt[32] | 2 | nonce[8]``, then chunks sealed with AES-256-GCM under a key that PBKDF2 makes of the secret key. Each
chunk's nonce ends in its number, from 1 on; all are bound to the tag of nothing under number 0, with a byte in front that
marks the last. MinIO's own client uses Argon2id (0 in place of 2) unless it runs under FIPS; its server takes both.
"""

import hashlib
import secrets

_CHUNK = 16384
_PBKDF2, _ROUNDS = b"\x02", 8192
_LAST, _MORE = b"\x80", b"\x00"


def sealed(plain: bytes, password: str) -> bytes:
    """Encrypt ``plain`` with the password."""
    # Here: it costs an operator without remote tiers 70 ms at each start, and 8 MB.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = secrets.token_bytes(32), secrets.token_bytes(8)
    box = AESGCM(hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS, 32))
    tag = box.encrypt(nonce + bytes(4), b"", None)
    chunks = [plain[i : i + _CHUNK] for i in range(0, len(plain), _CHUNK)] or [b""]
    boxes = (
        box.encrypt(
            nonce + number.to_bytes(4, "little"), chunk, (_LAST if number == len(chunks) else _MORE) + tag
        )
        for number, chunk in enumerate(chunks, 1)
    )
    return salt + _PBKDF2 + nonce + b"".join(boxes)
