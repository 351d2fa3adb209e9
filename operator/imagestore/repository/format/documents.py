"""Small files: a line of JSON (encrypted: base64), and a line with its MAC. Pure."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.vault import MAC_BYTES, Vault, same, seal, unseal

Document = Mapping[str, Any]
_NONCE = 12


def written_document(vault: Vault, name: str, content: Document, nonce: bytes) -> bytes:
    """The bytes of a file. ``nonce``: 12 random bytes, which only an encrypted one needs."""
    body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    cipher = vault.cipher(f"document/{name}")
    if cipher is not None:
        sealed = seal(cipher, int.from_bytes(nonce, "big"), name, body)
        body = base64.b64encode(nonce + sealed)
    return body + b"\n" + vault.mac(name, body).hex().encode() + b"\n"


def opened_document(vault: Vault, name: str, data: bytes) -> Document:
    """The content of a file. DamagedFile: it is not one that the key's owner wrote under this name."""
    body, _, mac = data.rstrip(b"\n").partition(b"\n")
    if not same(vault.mac(name, body).hex().encode(), mac):
        raise DamagedFile(name, "its MAC is wrong: it was not written with this repository's key")
    cipher = vault.cipher(f"document/{name}")
    try:
        if cipher is not None:
            raw = base64.b64decode(body)
            body = unseal(cipher, int.from_bytes(raw[:_NONCE], "big"), name, raw[_NONCE:], name)
        content = json.loads(body)
    except ValueError:
        raise DamagedFile(name, "is not JSON") from None
    if not isinstance(content, dict):
        raise DamagedFile(name, "is not a JSON object")
    return content


def written_file(vault: Vault, name: str, data: bytes, nonce: bytes) -> bytes:
    """A binary file of the index: nonce and data, encrypted where the repository is, and the MAC."""
    sealed = nonce + seal(vault.cipher(f"file/{name}"), int.from_bytes(nonce, "big"), name, data)
    return sealed + vault.mac(name, sealed)


def read_file_of(vault: Vault, name: str, data: bytes) -> bytes:
    """Its data. DamagedFile."""
    sealed, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
    if len(sealed) < _NONCE or not same(vault.mac(name, sealed), mac):
        raise DamagedFile(name, "its MAC is wrong")
    number = int.from_bytes(sealed[:_NONCE], "big")
    return unseal(vault.cipher(f"file/{name}"), number, name, sealed[_NONCE:], name)
