"""ETags of uploads in parts. Pure."""

import hashlib
from collections.abc import Iterable

from imagestore.core.objects import UploadedPart


def combined_etag(parts: Iterable[UploadedPart]) -> str:
    """The ETag that S3 gives to an object of these parts; empty: their ETags are no MD5s."""
    listed = sorted(parts, key=lambda part: part.number)
    try:
        digests = b"".join(bytes.fromhex(part.etag) for part in listed)
    except ValueError:
        return ""
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(listed)}"
