"""Attributes of objects as HTTP headers, both ways.

Header values are text of UTF-8 bytes. On the wire they are sent and read as Latin-1, which keeps every byte.
"""

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.header import decode_header
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from imagestore.core.objects import LockMode, ObjectAttributes, ObjectHead, ObjectLockState, WriteCondition

META = "x-amz-meta-"
CONTENT_HEADERS = (
    "content-type", "content-encoding", "content-language", "content-disposition", "cache-control", "expires",
    "x-amz-website-redirect-location",
)  # fmt: skip
_MODE, _UNTIL, _HOLD = (
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
)
_MODES: Mapping[str, LockMode] = {"GOVERNANCE": "GOVERNANCE", "COMPLIANCE": "COMPLIANCE"}
_CHECKSUM = "x-amz-checksum-"
_WHOLE = "FULL_OBJECT"
_CHUNKED = "aws-chunked"  # how an SDK framed the upload; some stores keep it as the object's encoding
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT")
_MONTHS = {
    name: n + 1
    for n, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    )
}
_PARTS = re.compile(r"[0-9a-f]+-(\d+)")
_ENCODED_WORD = re.compile(r"=\?[^?]+\?[bBqQ]\?[^?]*\?=")


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return round(moment.timestamp() * 1000)


def http_date(text: str) -> int:
    """Milliseconds of an HTTP date; 0: it is none. Stores write one form, which is read here in a tenth of the time."""
    found = _HTTP_DATE.fullmatch(text)
    if found and found[2] in _MONTHS:
        day, month, year, hour, minute, second = found.groups()
        with suppress(ValueError):
            clock = (int(hour), int(minute), int(second))
            return milliseconds(datetime(int(year), _MONTHS[month], int(day), *clock, tzinfo=UTC))
    with suppress(ValueError, TypeError):
        return milliseconds(parsedate_to_datetime(text))
    return 0


def iso_date(text: str) -> int:
    """Milliseconds of a date in XML; 0: it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def iso(moment: int) -> str:
    """A date as XML and lock headers have it, rounded up to seconds: some stores refuse fractions."""
    return datetime.fromtimestamp(-(-moment // 1000), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bare(etag: str) -> str:
    """An ETag without quotes."""
    return etag.strip('"')


def head_of(
    headers: Mapping[str, str], size: int, archives: frozenset[str], *, encoded_metadata: bool
) -> ObjectHead:
    """What the answer to HEAD or GET tells. ``encoded_metadata``: the store answers non-ASCII as RFC 2047 encoded words."""
    headers = dict(headers)  # its names are lower-case: asked for in any case, they took half of the time
    etag, storage_class = bare(headers.get("etag", "")), headers.get("x-amz-storage-class", "")
    found = _PARTS.fullmatch(etag)
    return ObjectHead(
        size=size,
        etag=etag,
        modified=http_date(headers.get("last-modified", "")),
        version=_version(headers),
        attributes=_attributes(headers, storage_class, encoded_metadata=encoded_metadata),
        checksums=_checksums(headers),
        tag_count=int(headers.get("x-amz-tagging-count") or 0),
        parts=int(headers.get("x-amz-mp-parts-count") or (found[1] if found else 0)),
        archived=storage_class in archives
        and 'ongoing-request="false"' not in headers.get("x-amz-restore", ""),
        customer_key="x-amz-server-side-encryption-customer-algorithm" in headers,
    )


def _version(headers: Mapping[str, str]) -> str:
    version = headers.get("x-amz-version-id", "")
    return "" if version == "null" else version


def _attributes(
    headers: Mapping[str, str], storage_class: str, *, encoded_metadata: bool
) -> ObjectAttributes:
    held = {name: _text(value) for name in CONTENT_HEADERS if (value := headers.get(name))}
    if "content-encoding" in held:
        kept = [c.strip() for c in held["content-encoding"].split(",")]
        held["content-encoding"] = ",".join(c for c in kept if c and c != _CHUNKED)
        if not held["content-encoding"]:
            del held["content-encoding"]
    metadata = {
        name[len(META) :]: _decoded(_text(value)) if encoded_metadata else _text(value)
        for name, value in headers.items()
        if name.startswith(META)
    }
    return ObjectAttributes(held, metadata, None, storage_class, lock_of(headers))


def lock_of(headers: Mapping[str, str]) -> ObjectLockState | None:
    """Retention and legal hold, where the answer tells of either."""
    mode, until, hold = headers.get(_MODE), headers.get(_UNTIL), headers.get(_HOLD, "").upper() == "ON"
    if not (mode or hold):
        return None
    known = _MODES.get(mode or "")
    return ObjectLockState(known, iso_date(until) if known and until else None, hold)


def _checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """Of the whole object: those of a composite are checksums of checksums."""
    found = {
        name[len(_CHECKSUM) :].upper(): value
        for name, value in headers.items()
        if name.startswith(_CHECKSUM) and name != f"{_CHECKSUM}type"
    }
    if headers.get(f"{_CHECKSUM}type", _WHOLE) != _WHOLE:
        return {}
    return {name: base64.b64decode(value).hex() for name, value in found.items() if "-" not in value}


def _text(value: str) -> str:
    return value if value.isascii() else value.encode("latin-1").decode("utf-8", "surrogateescape")


def _wire(value: str) -> str:
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("latin-1")


def _decoded(value: str) -> str:
    if not _ENCODED_WORD.search(value):
        return value
    parts = decode_header(value)
    return "".join(p if isinstance(p, str) else p.decode(c or "ascii", "surrogateescape") for p, c in parts)


def attribute_headers(attributes: ObjectAttributes, *, tags: bool = True) -> dict[str, str]:
    """The headers that give a new object these attributes."""
    made = {name: _wire(value) for name, value in attributes.headers.items()}
    made |= {META + name: _wire(value) for name, value in attributes.metadata.items()}
    if attributes.storage_class:
        made["x-amz-storage-class"] = attributes.storage_class
    if tags and attributes.tags:
        # A space as %20: RGW takes + literally.
        made["x-amz-tagging"] = "&".join(
            f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in attributes.tags.items()
        )
    return made | lock_headers(attributes.lock)


def lock_headers(lock: ObjectLockState | None) -> dict[str, str]:
    """Retention and legal hold of a new object."""
    if lock is None:
        return {}
    made = {_HOLD: "ON"} if lock.hold else {}
    if lock.mode and lock.until is not None:
        made |= {_MODE: lock.mode, _UNTIL: iso(lock.until)}
    return made


def condition_headers(condition: WriteCondition, *, bare_etags: bool) -> dict[str, str]:
    """``bare_etags``: the store compares the ETag without quotes."""
    if condition.absent:
        return {"If-None-Match": "*"}
    if condition.etag:
        return {"If-Match": condition.etag if bare_etags else f'"{condition.etag}"'}
    return {}
