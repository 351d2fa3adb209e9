"""What is in a bucket, as listings tell it. Pure; days are ordinals (``date.toordinal``), in UTC."""

from collections.abc import Mapping
from typing import NamedTuple

HOT = "STANDARD"  # the class in which objects begin, in every S3 store


class StoredVersion(NamedTuple):
    """One version of an object, a delete marker or an unfinished upload.

    ``tags`` None: not known, because no listing tells them. ``modified`` of an upload: when it was begun.
    """

    key: str
    size: int
    modified: int
    storage_class: str = HOT
    version: str = ""
    latest: bool = True
    marker: bool = False
    upload: bool = False
    tags: Mapping[str, str] | None = None
