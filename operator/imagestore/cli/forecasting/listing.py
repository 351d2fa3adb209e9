"""Listings in files: CSV with a header, JSON Lines, or what ``aws s3api list-objects-v2`` and its kin print.

CSV and JSON Lines are read in a stream, gzipped ones too; a single JSON document is held in memory as a whole.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

from imagestore.cli.wrong import Wrong
from imagestore.core.stored import HOT, Stored

# Names of a column, in lower case: ours, those of S3's inventories and of its listings.
_NAMES = {
    "key": ("key",),
    "size": ("size",),
    "modified": ("lastmodified", "last_modified", "lastmodifieddate", "last_modified_date"),
    "class": ("storageclass", "storage_class"),
    "version": ("versionid", "version_id"),
    "latest": ("islatest", "is_latest"),
    "marker": ("isdeletemarker", "is_delete_marker"),
    "tags": ("tags",),
}
_COLUMN = {name: column for column, names in _NAMES.items() for name in names}
_NEEDED = ("key", "size", "modified")
Row = Mapping[str, Any]


def read(path: str) -> Iterator[Stored]:
    """What the file lists. Raises Wrong, with the line where there is one."""
    stem = Path(path).name.removesuffix(".gz")
    reader = _csv if stem.endswith(".csv") else _lines if stem.endswith((".jsonl", ".ndjson")) else _document
    line = 0
    try:
        with _opened(path) as file:
            for line, row in reader(file):
                yield _told(path, line, row)
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror or 'cannot be read'}") from None
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        raise Wrong(f"{path}: after line {line}: {error}") from None


def _told(path: str, line: int, row: Row) -> Stored:
    try:
        return _stored(row)
    except (ValueError, TypeError) as error:
        raise Wrong(f"{path}:{line}: {error}" if line else f"{path}: {error}") from None


def ordered(listing: Iterable[Stored], path: str) -> Iterator[Stored]:
    """With versions, those of one key must stand together, or they cannot be told apart from other keys'."""
    last = ""
    for stored in listing:
        if stored.key < last and (stored.version or stored.marker or not stored.latest):
            raise Wrong(
                f"{path}: has versions and is not sorted by key; sort it: {stored.key!r} after {last!r}"
            )
        last = stored.key
        yield stored


def _opened(path: str) -> IO[str]:
    if path.endswith(".gz"):
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return Path(path).open(encoding="utf-8", newline="")


def _csv(file: IO[str]) -> Iterator[tuple[int, Row]]:
    rows = csv.reader(file)
    columns = [_COLUMN.get(name.strip().lower(), "") for name in next(rows, [])]
    if missing := [_NAMES[c][0] for c in _NEEDED if c not in columns]:
        raise ValueError(f"the first line names the columns; it lacks {', '.join(missing)}")
    for row in rows:
        yield rows.line_num, dict(zip(columns, row, strict=False))


def _lines(file: IO[str]) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, _columns(json.loads(line))


def _document(file: IO[str]) -> Iterator[tuple[int, Row]]:
    said = json.load(file)
    if isinstance(said, dict):
        markers = [{**m, "Size": 0, "IsDeleteMarker": True} for m in said.get("DeleteMarkers") or ()]
        found = [*(said.get("Contents") or said.get("Versions") or ()), *markers]
        said = sorted(found, key=lambda i: i["Key"])
    for item in said:
        yield 0, _columns(item)


def _columns(item: Mapping[str, Any]) -> Row:
    return {_COLUMN.get(name.lower(), ""): value for name, value in item.items()}


def _stored(row: Row) -> Stored:
    marker = _flag(row.get("marker"), absent=False)
    key, size, modified = row.get("key"), row.get("size"), row.get("modified")
    if not key or not modified or (size in (None, "") and not marker):
        raise ValueError("a line lacks key, size or lastModified")
    return Stored(
        str(key),
        int(size or 0),
        _day(str(modified)),
        str(row.get("class") or HOT),
        str(row.get("version") or ""),
        _flag(row.get("latest"), absent=True),
        marker,
        tags=_tags(row.get("tags")),
    )


@lru_cache(maxsize=4096)
def _of_day(text: str) -> int:
    return datetime.fromisoformat(text).toordinal()


def _day(text: str) -> int:
    """In UTC, which is what is meant where nothing is said."""
    if text.endswith("Z") or len(text) <= len("2027-03-01T10:00:00"):
        return _of_day(text[:10])
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).toordinal()


def _flag(value: object, *, absent: bool) -> bool:
    if value is None or value == "":
        return absent
    return str(value).lower() in ("true", "1", "yes")


def _tags(value: object) -> Mapping[str, str] | None:
    """``a=1&b=2``, as S3 writes tags in a header; or an object. Absent: not known."""
    if isinstance(value, Mapping):
        return {str(k): str(v) for k, v in value.items()}
    if value is None:
        return None
    pairs = (pair.partition("=") for pair in str(value).split("&") if pair)
    return {key: tag for key, _, tag in pairs}
