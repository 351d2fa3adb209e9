"""Rows: one object of a backup, as a line of JSON. Pure."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

from imagestore.core.keys import raw
from imagestore.core.objects import ListedObject, ObjectAttributes, ObjectLockState

_NOTHING: Mapping[str, str] = {}
_ENCODER, _DECODER = json.JSONEncoder(separators=(",", ":")), json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class BackupRow:
    """One object, and where its bytes stand.

    ``time``: Last-Modified at the source, milliseconds. ``sha256`` in hex. ``md5``: only where the ETag is another. ``pack`` with
    ``offset`` and ``length``, or ``blob``; neither: it is empty. ``stale``: the source could not be read in this run, this is the
    content of an earlier one. ``note``: what the source's image is, such as "undecodable".
    """

    key: str
    size: int
    etag: str
    time: int
    sha256: str
    version: str = ""
    md5: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = ""
    lock: ObjectLockState | None = None
    pack: str = ""
    offset: int = 0
    length: int = 0
    blob: str = ""
    stale: bool = False
    note: str = ""
    line: bytes = field(default=b"", init=False, compare=False, repr=False)
    """The line that it was read from: a row that does not change is not written anew. A changed copy has none."""
    at: int = field(default=-1, init=False, compare=False, repr=False)
    """Its place among all rows of the backup that it was read from; a changed copy has none."""

    @property
    def container(self) -> str:
        """The id of its pack or blob."""
        return self.pack or self.blob

    @property
    def content_md5(self) -> str:
        """The MD5 of the bytes."""
        return self.md5 or self.etag

    @property
    def attributes(self) -> ObjectAttributes:
        """What the object has besides its bytes."""
        return ObjectAttributes(self.headers, self.metadata, self.tags or None, self.storage_class, self.lock)


# A frozen dataclass fills itself in three times the time, and a backup reads every row of the last one.
_SLOTS = tuple(BackupRow.__dict__[name].__set__ for name in BackupRow.__dataclass_fields__)
_AT = _SLOTS[-1]
_OPTIONAL = ("version", "md5", "headers", "metadata", "tags", "pack", "blob", "stale", "note")


def row_line(row: BackupRow) -> bytes:
    """A line without its end. Fields that are empty are left out; fields are in a fixed order."""
    if row.line:
        return row.line
    content: dict[str, Any] = key_fields(row.key)
    content |= {"size": row.size, "etag": row.etag, "time": row.time, "sha256": row.sha256}
    for name in _OPTIONAL:
        if value := getattr(row, name):
            content[name] = dict(sorted(value.items())) if isinstance(value, Mapping) else value
    if row.pack:
        content |= {"offset": row.offset, "length": row.length}
    if row.storage_class:
        content["class"] = row.storage_class
    if row.lock is not None:
        content["lock"] = {"mode": row.lock.mode, "until": row.lock.until, "hold": row.lock.hold}
    return _ENCODER.encode(content).encode()


def row_of(line: bytes) -> BackupRow:
    """The row of a line. ValueError, KeyError or TypeError where it is none."""
    content = _DECODER.decode(line.decode())
    get, lock = content.get, content.get("lock")
    values = (
        row_key(content),
        content["size"],
        content["etag"],
        content["time"],
        content["sha256"],
        get("version", ""),
        get("md5", ""),
        get("headers", _NOTHING),
        get("metadata", _NOTHING),
        get("tags", _NOTHING),
        get("class", ""),
        None if lock is None else ObjectLockState(lock["mode"], lock["until"], lock["hold"]),
        get("pack", ""),
        get("offset", 0),
        get("length", 0),
        get("blob", ""),
        get("stale", False),
        get("note", ""),
        line,
        -1,
    )
    row = object.__new__(BackupRow)
    for put, value in zip(_SLOTS, values, strict=True):
        put(row, value)
    return row


def placed_row(line: bytes, at: int) -> BackupRow:
    """The row of a line, with its place among all rows of its backup."""
    row = row_of(line)
    _AT(row, at)
    return row


class RowPlace(NamedTuple):
    """Where a row's bytes stand, and its storage class."""

    pack: str
    storage_class: str


# Anchored at both ends: of all that a line may have, only metadata and tags have words of a user, and those end with another brace.
_PLACE = re.compile(
    rb',"pack":"([0-9a-f]+)"(?:,"note":"[^"\\]*")?,"offset":\d+,"length":\d+(?:,"class":"([^"\\]*)")?}'
)


def place_if_listed(line: bytes, listed: ListedObject) -> RowPlace | None:
    """Where the bytes of a row stand that shows what is listed, told without decoding its line, which takes ten times as long.

    None: it shows something else, or the line has to be decoded to know: of empty, large, locked and stale objects.
    """
    begins = f'{{"key":{quoted(listed.key)},"size":{listed.size},"etag":{quoted(listed.etag)},"time":{listed.modified},"sha256":"'
    if listed.version or not line.startswith(begins.encode()):
        return None
    found = _PLACE.fullmatch(line, max(line.rfind(b',"pack":"'), 0))
    return RowPlace(found[1].decode(), (found[2] or b"").decode()) if found else None


def key_fields(key: str) -> dict[str, Any]:
    """``key``, or ``key64`` (base64 of its bytes) where it is not UTF-8: JSON has no other bytes."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return {"key64": base64.b64encode(raw(key)).decode()}
    return {"key": key}


def row_key(content: Mapping[str, Any]) -> str:
    """The key that ``key_fields`` wrote."""
    if "key64" in content:
        return base64.b64decode(content["key64"]).decode("utf-8", "surrogateescape")
    return str(content["key"])
