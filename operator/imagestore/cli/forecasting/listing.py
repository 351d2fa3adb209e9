"""Reads listings in files: CSV with a header, S3 inventories, JSON Lines, or the output of ``aws s3api list-objects-v2``.

CSV and JSON Lines are read in a stream, gzipped ones too; a single JSON document is held in memory as a whole.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from imagestore.cli.errors import CommandError
from imagestore.cli.forecasting import inventory
from imagestore.core.keys import raw, unquoted
from imagestore.core.render import quote
from imagestore.core.stored import HOT, StoredVersion

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


def read(path: str) -> Iterator[StoredVersion]:
    """The objects that a file lists. Raises CommandError, with the line if there is one."""
    stem = Path(path).name.removesuffix(".gz")
    reader = _csv if stem.endswith(".csv") else _lines if stem.endswith((".jsonl", ".ndjson")) else _document
    if reader is _document and (said := _manifest(path)) is not None:
        columns = inventory.schema(said, path)
        for file in inventory.files(said, path):
            yield from _all(str(file), lambda text: inventory.data(text, columns))
    else:
        yield from _all(path, reader)


def _manifest(path: str) -> Mapping[str, Any] | None:
    """The manifest of an inventory, which is small; a listing of another form is not read twice."""
    if "manifest" not in Path(path).name:
        return None
    with _troubles(path, [0]), _opened(path) as file:
        return inventory.manifest_in(file)


def _all(path: str, reader: Callable[[IO[str]], Iterator[tuple[int, Row]]]) -> Iterator[StoredVersion]:
    at = [0]
    with _troubles(path, at), _opened(path) as file:
        for at[0], row in reader(file):
            yield _told(path, at[0], row)


@contextmanager
def _troubles(path: str, at: list[int]) -> Iterator[None]:
    """``at``: the last line that could be read."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise CommandError(f"{path}: is truncated, or not compressed by gzip; download it again") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path}: is not UTF-8 text, after line {at[0]}") from None
    except json.JSONDecodeError as error:
        line = max(at[0] + 1, error.lineno)
        raise CommandError(
            f"{path}:{line}: is not JSON ({error.msg}); the name of a CSV file must end in .csv"
        ) from None
    except (ValueError, TypeError, AttributeError, KeyError, csv.Error) as error:
        raise CommandError(f"{path}:{at[0] + 1}: {error}") from None


def _told(path: str, line: int, row: Row) -> StoredVersion:
    try:
        return _stored(row)
    except (ValueError, TypeError) as error:
        raise CommandError(f"{path}:{line}: {error}" if line else f"{path}: {error}") from None


def ordered(listing: Iterable[StoredVersion], path: str) -> Iterator[StoredVersion]:
    """Check the order: the versions of one key must follow each other."""
    last = ""
    for stored in listing:
        if raw(stored.key) < raw(last) and (stored.version or stored.marker or not stored.latest):
            raise CommandError(
                f"{path}: has versions and is not sorted by key; sort it by key: {stored.key!r} after {last!r}"
            )
        last = stored.key
        yield stored


def _opened(path: str) -> IO[str]:
    """Open the file, decompressed if it is compressed, whatever its name is."""
    with Path(path).open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if packed or path.endswith(".gz"):
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return Path(path).open(encoding="utf-8-sig", newline="")


def _csv(file: IO[str]) -> Iterator[tuple[int, Row]]:
    """CSV with a header, or the data of an inventory, whose keys are URL-encoded."""
    reader = csv.reader(file)
    first = next(reader, None)
    if first is None:
        raise ValueError("the file is empty")
    columns = [_COLUMN.get(name.strip().lower(), "") for name in first]
    if not any(columns) and (guess := inventory.guessed(first)) is not None:
        yield from inventory.rows(chain([first], reader), reader, guess)
        return
    if missing := [_NAMES[c][-1] if c == "modified" else c for c in _NEEDED if c not in columns]:
        raise ValueError(_headless(missing))
    if "bucket" in (name.strip().lower() for name in first):
        yield from inventory.rows(reader, reader, columns)
        return
    for row in reader:
        yield reader.line_num, dict(zip(columns, row, strict=False))


def _headless(missing: list[str]) -> str:
    return (
        f"the first line must name the columns, and {', '.join(missing)} is missing. An S3 inventory has no such line: give"
        " its manifest.json instead"
    )


def _lines(file: IO[str]) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, _columns(json.loads(line))


def _document(file: IO[str]) -> Iterator[tuple[int, Row]]:
    said = json.load(file)
    encoded = isinstance(said, dict) and said.get("EncodingType") == "url"
    for item in _items(said):
        row = _columns(item)
        yield 0, {**row, "key": unquoted(str(row["key"]))} if encoded and row.get("key") else row


def _items(said: Any) -> list[Any]:
    if isinstance(said, list):
        return said
    if not isinstance(said, dict) or not {"Contents", "Versions", "DeleteMarkers"} & set(said):
        raise ValueError(
            "this JSON document is not a listing: it must have Contents, or Versions and DeleteMarkers, or be a list"
        )
    markers = [{**m, "Size": 0, "IsDeleteMarker": True} for m in said.get("DeleteMarkers") or ()]
    return sorted(
        [*(said.get("Contents") or said.get("Versions") or ()), *markers], key=lambda i: str(i["Key"])
    )


def _columns(item: Any) -> Row:
    if not isinstance(item, Mapping):
        raise ValueError(f'give a JSON object such as {{"key": …}}, not {quote(item, 60)}')
    return {_COLUMN.get(name.lower(), ""): value for name, value in item.items()}


def _stored(row: Row) -> StoredVersion:
    marker = _flag(row.get("marker"), absent=False)
    key, size, modified = row.get("key"), row.get("size"), row.get("modified")
    if not key or not modified or (size in (None, "") and not marker):
        lacking = [
            n
            for n, there in (
                ("key", key),
                ("size", size not in (None, "") or marker),
                ("lastModified", modified),
            )
            if not there
        ]
        raise ValueError(f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing")
    return StoredVersion(
        str(key),
        _size(size or 0),
        _day(str(modified)),
        str(row.get("class") or HOT),
        str(row.get("version") or ""),
        _flag(row.get("latest"), absent=True),
        marker,
        tags=_tags(row.get("tags")),
    )


def _size(said: object) -> int:
    if str(said).strip().isdecimal():
        return int(str(said))
    raise ValueError(f"size must be a whole number of bytes, not {quote(said, 60)}")


@lru_cache(maxsize=4096)
def _of_day(text: str) -> int:
    return datetime.fromisoformat(text).toordinal()


def _day(text: str) -> int:
    """The day in UTC, which is also the default time zone."""
    try:
        if text.endswith("Z") or len(text) <= len("2027-03-01T10:00:00"):
            return _of_day(text[:10])
        moment = datetime.fromisoformat(text)
    except ValueError:
        said = f"lastModified must be a time such as 2027-01-31T12:00:00Z, not {quote(text, 60)}"
        raise ValueError(said) from None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).toordinal()


def _flag(value: object, *, absent: bool) -> bool:
    if value is None or value == "":
        return absent
    return str(value).lower() in ("true", "1", "yes")


def _tags(value: object) -> Mapping[str, str] | None:
    """Tags as a JSON object or as ``a=1&b=2``, as S3 has them in a header; None if there is no such column."""
    if isinstance(value, Mapping):
        return {str(k): str(v) for k, v in value.items()}
    if value is None:
        return None
    pairs = (pair.partition("=") for pair in str(value).split("&") if pair)
    return {key: tag for key, _, tag in pairs}
