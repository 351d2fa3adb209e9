"""A reader written from docs/repository-format.md alone: zstd, JSON and cryptography, no import of ours.

``files`` are the files of a repository by name.
"""

import base64
import hmac
import json
import sys
from collections.abc import Iterator, Mapping
from hashlib import scrypt, sha256
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MEBIBYTE = 1024 * 1024


class OutsideReader:
    """Opens a repository and reads its backups."""

    def __init__(self, files: Mapping[str, bytes], secret: bytes = b"", kind: str = "plain") -> None:
        self.files = files
        self.format = json.loads(files["format.json"])
        assert self.format["version"] == 1
        self.id = bytes.fromhex(self.format["id"])
        self.encrypted = self.format["encryption"] == "aes-256-gcm"
        self.key = self._unwrap(secret, kind)
        rest = {name: value for name, value in self.format.items() if name != "check"}
        told = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
        assert hmac.digest(self.derive("check"), told, "sha256").hex() == self.format["check"]

    def _unwrap(self, secret: bytes, kind: str) -> bytes:
        for name, data in self.files.items():
            if not name.startswith("keys/"):
                continue
            slot = json.loads(data)
            if slot["kind"] != kind:
                continue
            if kind == "plain":
                return bytes.fromhex(slot["key"])
            salt = bytes.fromhex(slot["salt"])
            if kind == "passphrase":
                cost = {"n": slot["n"], "r": slot["r"], "p": slot["p"]}
                wrapping = scrypt(secret, salt=salt, **cost, maxmem=2**27, dklen=32)
            else:
                wrapping = HKDF(SHA256(), 32, salt, b"imagestore/1/slot").derive(secret)
            context = self.id + slot["slot"].encode()
            return AESGCM(wrapping).decrypt(
                bytes.fromhex(slot["nonce"]), bytes.fromhex(slot["wrapped"]), context
            )
        raise KeyError(kind)

    def derive(self, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, self.id, f"imagestore/1/{purpose}".encode()).derive(self.key)

    def mac(self, name: str, data: bytes) -> bytes:
        return hmac.digest(self.derive("mac"), name.encode() + b"\n" + data, "sha256")

    def decrypt(self, purpose: str, number: int, context: str, data: bytes) -> bytes:
        if not self.encrypted:
            return data
        return AESGCM(self.derive(purpose)).decrypt(number.to_bytes(12, "big"), data, context.encode())

    def document(self, name: str) -> Any:
        line, mac = self.files[name].split(b"\n")[:2]
        assert self.mac(name, line).hex().encode() == mac
        if self.encrypted:
            data = base64.b64decode(line)
            line = AESGCM(self.derive(f"document/{name}")).decrypt(data[:12], data[12:], name.encode())
        return json.loads(line)

    def backups(self) -> list[str]:
        """The names of the backups that count."""
        forgotten = {b for n in self.files if n.startswith("trash/") for b in self.document(n)["forgotten"]}
        found = []
        for name in self.files:
            if name.startswith("backups/"):
                root = self.document(name)
                if f"runs/{root['run']}.ended" not in self.files and root["backup"] not in forgotten:
                    found.append(root["backup"])
        return sorted(found)

    def rows(self, backup: str) -> Iterator[Any]:
        for leaf in self.document(f"backups/{backup}")["leaves"]:
            name = leaf["leaf"]
            digest = name.split(".")[0]
            packed = self.decrypt(f"leaf/{digest}", 0, digest, self.files[f"leaves/{name[:2]}/{name}"])
            assert hmac.digest(self.derive("leaf"), packed, "sha256").hex() == digest
            lines = zstd.decompress(packed).splitlines()
            assert len(lines) == leaf["rows"]
            yield from map(json.loads, lines)

    def content(self, row: Any) -> bytes:
        """The bytes of a row, wherever they were moved to."""
        where = row.get("pack") or row.get("blob")
        if where is None:
            data = b""
        elif (place := self._moved(where, row.get("offset", 0))) is not None:
            return self.content({**row, **place})
        elif row.get("pack"):
            start = row["offset"]
            entry = self.files[f"packs/{where[:2]}/{where}"][start : start + row["length"]]
            data = self.decrypt(f"pack/{where}", start, f"{where}:{start}", entry)
        else:
            data = b"".join(self._frames(where))
        assert len(data) == row["size"]
        assert sha256(data).hexdigest() == row["sha256"]
        return data

    def _moved(self, where: str, offset: int) -> dict[str, Any] | None:
        for name in self.files:
            if name.startswith(f"moved/{where}-"):
                for old, pack, blob, to, length in self.document(name)["entries"]:
                    if old == offset:
                        return {"pack": pack, "blob": blob, "offset": to, "length": length}
        return None

    def _frames(self, blob: str) -> Iterator[bytes]:
        stored = self.files[f"blobs/{blob[:2]}/{blob}"]
        size = MEBIBYTE + 16 if self.encrypted else MEBIBYTE
        for number, start in enumerate(range(0, len(stored), size)):
            yield self.decrypt(f"blob/{blob}", number, f"{blob}:{number}", stored[start : start + size])

    def table(self, pack: str) -> Any:
        name = f"packs/{pack[:2]}/{pack}"
        data = self.files[name]
        length = int.from_bytes(data[-36:-32], "big")
        start = len(data) - 36 - length
        assert self.mac(name, data[start:-36]) == data[-32:]
        return json.loads(self.decrypt(f"pack/{pack}", start, f"{pack}:table", data[start:-36]))

    def index(self) -> Iterator[tuple[str, str, int, int]]:
        for name, data in self.files.items():
            if name.startswith("index/"):
                body, mac = data[:-32], data[-32:]
                assert self.mac(name, body) == mac
                plain = self.decrypt(f"file/{name}", int.from_bytes(body[:12], "big"), name, body[12:])
                for at in range(0, len(plain), 60):
                    e = plain[at : at + 60]
                    yield (
                        e[:32].hex(), e[32:48].hex(), int.from_bytes(e[48:56], "big"), int.from_bytes(e[56:], "big"),
                    )  # fmt: skip

    def key_of(self, row: Any) -> bytes:
        return base64.b64decode(row["key64"]) if "key64" in row else str(row["key"]).encode()
