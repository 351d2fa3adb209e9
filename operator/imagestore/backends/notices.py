"""What stores send when objects change. Pure.

Two forms: the event document of S3 (MinIO, Ceph, AWS), and the event of SeaweedFS's filer.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imagestore.core.keys import LONGEST_KEY, raw, unquoted

_BUCKETS = "/buckets/"  # the folder of SeaweedFS's filer in which its gateway keeps buckets


class NoNotice(Exception):
    """The text is in neither form. The message quotes nothing of it."""


@dataclass(frozen=True)
class ObjectNotice:
    """A store says that an object of a bucket was written, deleted or changed. It proves nothing."""

    bucket: str
    key: str


def notices(body: bytes) -> tuple[ObjectNotice, ...]:
    """The objects that a request of a store tells of; none: of no object of a bucket. Raises NoNotice."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise NoNotice("it is no JSON") from None
    if not isinstance(told, dict):
        raise NoNotice("it is no object")
    try:
        return tuple(_notices(told))
    except (KeyError, TypeError, AttributeError):
        raise NoNotice("it is no event of a store") from None


def _notices(told: dict[str, Any]) -> Iterator[ObjectNotice]:
    if "Records" in told:
        for record in told["Records"]:
            named = record["s3"]
            yield from _told_of(named["bucket"]["name"], named["object"]["key"], quoted=True)
    elif told["key"].startswith(_BUCKETS) and "event_type" in told:
        bucket, _, key = told["key"].removeprefix(_BUCKETS).partition("/")
        if key:  # else the bucket itself
            yield from _told_of(bucket, key, quoted=False)
    elif "event_type" not in told:
        raise KeyError("event_type")


def _told_of(bucket: object, text: str, *, quoted: bool) -> Iterator[ObjectNotice]:
    """None of a key that no object can have: JSON writes surrogates that stand for no byte."""
    if not isinstance(bucket, str):
        raise TypeError("a bucket has a name")
    try:
        key = unquoted(text) if quoted else text
        long = len(raw(key)) > LONGEST_KEY
    except UnicodeEncodeError:
        return
    if not long:
        yield ObjectNotice(bucket, key)
