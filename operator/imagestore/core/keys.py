"""Keys of objects are bytes, mostly UTF-8. In a ``str`` what is not UTF-8 stands as surrogates, as Python has file names.

So two keys never become one, and each goes back to the store as it came. No normalisation, no replacement.
"""

from urllib.parse import quote, unquote_to_bytes

RESERVED_PREFIX = (
    ".imagestore/"  # what the operator keeps in buckets for itself: journals, checkpoints, reports
)
CANARY = ".imagestore-canary/"  # objects that measure how long native replication takes

RESERVED_PREFIXES = (RESERVED_PREFIX, CANARY)


def is_reserved(key: str) -> bool:
    """Whether the operator keeps this object for itself. No run, survey or backup treats it as content."""
    return key.startswith(RESERVED_PREFIXES)


def unquoted(text: str) -> str:
    """A key from its URL-encoded form, in which + is a space."""
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "surrogateescape")


def raw(key: str) -> bytes:
    """Return the key's bytes. Stores order keys by bytes; Python orders surrogates differently."""
    return key.encode("utf-8", "surrogateescape")


def quotes(text: str, key: str) -> bool:
    """Whether a store's message contains a key or a part of one, plain or URL-encoded.

    Keys are in no status, Event or metric.
    """
    names = [name for name in (key, *key.split("/")) if len(name) > 1]
    return any(name in text or quote(raw(name)) in text for name in names)
