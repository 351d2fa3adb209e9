"""What each store makes of objects, out of the profiles' traits."""

from collections.abc import Callable

from imagestore.backends.cloud import StorePage
from imagestore.core.objects import KeyOrder, ObjectTraits
from imagestore.crdgen.formats import table
from imagestore.crdgen.stores import store_pages

_WORDS = """\
What a copy relies on at each store. `tests/objects` proves it on MinIO, Ceph and SeaweedFS, and on moto for Amazon S3; IBM and Oracle
are known by documentation only, and of S3 (any other server) nothing is relied on. Where a condition does not decide, the
copy reads right before it writes, or compares afterwards."""
_ORDERS = {
    KeyOrder.BYTES: "bytes of UTF-8",
    KeyOrder.UTF16: "UTF-16 code units",
    KeyOrder.DIRECTORY: "folder by folder",
    KeyOrder.NONE: "not relied on",
}
_PLAIN = "plain buckets"
_ROWS: tuple[tuple[str, Callable[[ObjectTraits], str]], ...] = (
    ("order of keys", lambda t: _ORDERS[t.order]),
    ("order of keys in listings of versions", lambda t: _ORDERS[t.version_order]),
    ("listings of versions tell of all", lambda t: _said(yes=t.versions_complete)),
    ("`a` and `a/b` may both be objects", lambda t: _said(yes=t.nested)),
    ("objects whose key ends in `/` keep their bytes", lambda t: _said(yes=not t.bodiless_folders)),
    ("PUT, If-None-Match: *", lambda t: _where(t.put_absent, t.put_absent_versioned)),
    ("PUT, If-Match", lambda t: _where(t.put_matching, t.put_matching_versioned)),
    ("CompleteMultipartUpload, If-None-Match: *", lambda t: _said(yes=t.complete_absent)),
    ("CompleteMultipartUpload, If-Match", lambda t: _said(yes=t.complete_matching)),
    ("copy, if the source matches", lambda t: _said(yes=t.copy_matching)),
    ("DELETE, If-Match", lambda t: _said(yes=t.delete_matching)),
    ("times in listings", lambda t: "whole seconds" if t.coarse_times else "milliseconds"),
    ("checksums beside MD5", lambda t: ", ".join(sorted(t.checksums)) or "no"),
    ("attributes that objects keep", lambda t: ", ".join(f"`{name}`" for name in sorted(t.carries))),
    ("tags", lambda t: "letters, digits, spaces and + - . _ : / @ = only" if t.ascii_tags else "any"),
    ("bytes of user metadata", lambda t: f"{t.metadata_bytes}"),
)


def objects_page() -> str:
    """A row a trait, a column a store."""
    told = [(page, page.objects) for page in store_pages().values() if page.objects is not None]
    rows = [[name, *(read(traits) for _, traits in told)] for name, read in _ROWS]
    heads = ["", *(_name(page) for page, _ in told)]
    return "\n\n".join(["# What stores make of objects", _WORDS, table(heads, rows)]) + "\n"


def _name(page: StorePage) -> str:
    return page.product


def _said(*, yes: bool) -> str:
    return "yes" if yes else "no"


def _where(plain: object, versioned: object) -> str:
    return "yes" if versioned else _PLAIN if plain else "no"
