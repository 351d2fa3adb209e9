"""What each store makes of a key: taken as it is, refused, or kept under another name. Pure."""

import re

from imagestore.core.keys import LONGEST_KEY, raw
from imagestore.core.objects import KeyProblem, KeyVerdict

_LONGEST_SEGMENT = 255  # bytes of a file's name
_SEPARATOR = re.compile(r"[/\\]")


def any_key(key: str) -> KeyVerdict:
    """S3's own rule: 1 to 1024 bytes of UTF-8."""
    return _refused(key, _too_long(key) or _not_utf8(key)) or KeyVerdict(key)


def ceph_key(key: str) -> KeyVerdict:
    """Ceph's gateway, whose HTTP server refuses NUL."""
    return _refused(key, _too_long(key) or _not_utf8(key) or _nul(key)) or KeyVerdict(key)


def minio_key(key: str) -> KeyVerdict:
    """MinIO keeps objects as files: no ``//``, no segment ``.`` or ``..``; leading slashes are cut off."""
    plain = key.lstrip("/")
    parts = {part.strip("".join(map(chr, range(33)))) for part in _SEPARATOR.split(plain)}
    why = (
        _too_long(key) or _not_utf8(key) or _nul(key) or _relative(parts) or _long_segments(plain.split("/"))
    )
    if "//" in plain or not plain:
        why = why or "it refuses empty segments"
    return _refused(key, why) or _renamed(key, plain, "it cuts leading slashes off")


def seaweedfs_key(key: str) -> KeyVerdict:
    """SeaweedFS keeps objects as files of a file system, and folds what is one path there."""
    path = "/".join(part for part in _SEPARATOR.split(key) if part)
    path += "/" if key.endswith(("/", "\\")) and path else ""
    why = _too_long(key) or _not_utf8(key) or _nul(key) or _relative(set(path.split("/")))
    why = why or _long_segments(path.rstrip("/").split("/")[-1:])
    if not path:
        why = why or "it would be written as the bucket itself"
    return _refused(key, why) or _renamed(key, path, "it folds slashes and backslashes")


def _too_long(key: str) -> str:
    size = len(raw(key))
    return "" if 1 <= size <= LONGEST_KEY else f"it has {size} bytes, and 1 to {LONGEST_KEY} are possible"


def _not_utf8(key: str) -> str:
    try:
        key.encode()
    except UnicodeEncodeError:
        return "it is not UTF-8"
    return ""


def _nul(key: str) -> str:
    return "it refuses NUL" if "\0" in key else ""


def _relative(parts: set[str]) -> str:
    return "it refuses the segments . and .." if {".", ".."} & parts else ""


def _long_segments(parts: list[str]) -> str:
    longest = max(len(raw(part)) for part in parts)
    return (
        f"a segment has {longest} bytes, and {_LONGEST_SEGMENT} are possible"
        if longest > _LONGEST_SEGMENT
        else ""
    )


def _refused(key: str, why: str) -> KeyVerdict | None:
    return KeyVerdict(key, KeyProblem.UNMAPPABLE, why) if why else None


def _renamed(key: str, stored: str, why: str) -> KeyVerdict:
    return KeyVerdict(key) if stored == key else KeyVerdict(stored, KeyProblem.COLLIDES, why)
