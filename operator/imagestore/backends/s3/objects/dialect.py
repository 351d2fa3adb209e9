"""What one S3 store makes of objects: its traits, its rule for keys, and how it writes what all stores have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imagestore.backends.s3.objects.names import any_key
from imagestore.backends.s3.objects.pages import UploadKeys
from imagestore.core.objects import KeyVerdict, ObjectTraits


@dataclass(frozen=True)
class ObjectDialect:
    """``archives``: classes that must be restored before they are read. ``bare_etags``: If-Match takes no quotes.

    ``encoded_metadata``: non-ASCII metadata is answered as RFC 2047 encoded words. ``tags_with_upload``: a new object takes its
    tags in a header. ``folders``: keys are paths of a file system, and a listing that goes on after the name of a folder skips
    all that is in it. ``upload_keys``: see ``pages.UploadKeys``. ``reading``: headers of each read.
    """

    traits: ObjectTraits = field(default_factory=ObjectTraits)
    verdict: Callable[[str], KeyVerdict] = any_key
    archives: frozenset[str] = frozenset()
    bare_etags: bool = False
    encoded_metadata: bool = False
    tags_with_upload: bool = True
    folders: bool = False
    upload_keys: UploadKeys = "Declared"
    reading: Mapping[str, str] = field(default_factory=dict)
