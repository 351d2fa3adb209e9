"""An S3 inventory: compressed CSV without a header, with URL-encoded keys; its manifest names the columns.

``…/config/2027-01-31T01-00Z/manifest.json`` names files below ``…/config/data/`` by their full keys. Of a
data file alone the columns follow from S3's order: bucket and key, then those of versions, then size and time.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from imagestore.cli.errors import CommandError
from imagestore.core.keys import unquoted

COLUMNS = {
    "key": "key",
    "size": "size",
    "lastmodifieddate": "modified",
    "storageclass": "class",
    "versionid": "version",
    "islatest": "latest",
    "isdeletemarker": "marker",
}
_FLAG = re.compile(r"true|false", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z?")
_CLASS = re.compile(r"[A-Z][A-Z_]{3,}")
_ABOVE = 6  # folders above a manifest in which its files are looked for


def schema(said: Mapping[str, Any], path: str) -> list[str]:
    """The columns that a manifest names. Raises CommandError for a format other than CSV."""
    form = str(said.get("fileFormat") or "CSV")
    if form.upper() != "CSV":
        raise CommandError(
            f"{path}: inventories in {form} are not supported; configure the inventory to write CSV"
        )
    return [COLUMNS.get(name.strip().lower(), "") for name in str(said.get("fileSchema") or "").split(",")]


def files(said: Mapping[str, Any], path: str) -> Iterator[Path]:
    """The data files of a manifest, wherever they were copied to. Raises CommandError if one is missing."""
    for one in said.get("files") or ():
        yield _beside(Path(path).resolve().parent, str(one["key"]), path)


def _beside(folder: Path, key: str, path: str) -> Path:
    parts = key.split("/")
    above = [folder, *folder.parents][:_ABOVE]
    tails = ["/".join(parts[n:]) for n in range(len(parts))]
    found = next((p for up in above for tail in tails if (p := up / tail).is_file()), None)
    if found is None:
        raise CommandError(
            f"{path}: its data file {key} is missing; copy it, for example to {folder / 'data'}"
        )
    return found


def manifest_in(text: IO[str]) -> Mapping[str, Any] | None:
    """The manifest of an inventory; None if the JSON document is something else."""
    said = json.load(text)
    return said if isinstance(said, dict) and "files" in said and "fileSchema" in said else None


def guessed(row: Sequence[str]) -> list[str] | None:
    """The columns of a data file without a header, guessed from its first line; None if it is no inventory."""
    columns = ["", "key", *[""] * (len(row) - 2)]
    rest = 2
    if len(row) > 5 and _FLAG.fullmatch(row[3]) and _FLAG.fullmatch(row[4]):
        columns[2:5] = ["version", "latest", "marker"]
        rest = 5
    for at in range(rest, len(row)):
        kind = _kind(row[at])
        if kind and kind not in columns:
            columns[at] = kind
    return columns if {"key", "size", "modified"} <= set(columns) else None


def _kind(text: str) -> str:
    if text.isdecimal():
        return "size"
    if _TIME.fullmatch(text):
        return "modified"
    return "class" if _CLASS.fullmatch(text) else ""


def rows(
    lines: Iterator[list[str]], reader: Any, columns: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line with its number and the decoded key."""
    for line in lines:
        found: dict[str, Any] = dict(zip(columns, line, strict=False))
        yield reader.line_num, {**found, "key": unquoted(found.get("key") or "")}


def data(file: IO[str], columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of a data file with the columns that the manifest names."""
    reader = csv.reader(file)
    yield from rows(reader, reader, columns)
