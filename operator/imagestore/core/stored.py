"""Content of a bucket as listings report it. Pure; days are ordinals (``date.toordinal``), in UTC."""

from collections.abc import Mapping
from typing import NamedTuple

HOT = "STANDARD"  # the class in which objects begin, in every S3 store


class StoredVersion(NamedTuple):
    """One version of an object, a delete marker or an incomplete upload.

    ``tags`` None: unknown, because no listing has them. ``modified`` of an upload: when it was started.
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
