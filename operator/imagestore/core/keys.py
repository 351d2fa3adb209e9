"""Keys of objects are bytes, mostly UTF-8. In a ``str`` what is not UTF-8 stands as surrogates, as Python has file names.

So two keys never become one, and each goes back to the store as it came. No normalisation, no replacement.
"""

import re
from html import escape
from urllib.parse import quote, unquote_to_bytes

RESERVED_PREFIX = (
    ".imagestore/"  # what the operator keeps in buckets for itself: journals, checkpoints, reports
)
CANARY = ".imagestore-canary/"  # objects that measure how long native replication takes
_DRILL = ".imagestore-drill/"  # what a drill restores, below any prefix that a user names
LONGEST_KEY = 1024  # bytes, of S3

_RESERVED = (RESERVED_PREFIX, CANARY, _DRILL)
_CANARY_INSIDE, _DRILL_INSIDE = f"/{CANARY}", f"/{_DRILL}"


def is_reserved(key: str) -> bool:
    """Whether the operator keeps this object for itself. No run, survey or backup treats it as content.

    A canary is below the prefix that a native rule selects, so its folder may be in any other one. So may that of a drill.
    """
    return key.startswith(_RESERVED) or _CANARY_INSIDE in key or _DRILL_INSIDE in key


def unquoted(text: str) -> str:
    """A key from its URL-encoded form, in which + is a space."""
    if "%" not in text and "+" not in text:  # most keys
        return text
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "surrogateescape")


def url_encoded(key: str) -> str:
    """A key as ``unquoted`` reads it; / stays."""
    return quote(raw(key))


def raw(key: str) -> bytes:
    """Return the key's bytes. Stores order keys by bytes; Python orders surrogates differently."""
    return key.encode("utf-8", "surrogateescape")


def quotes(text: str, key: str) -> bool:
    """Whether a store's message contains a key or a part of one, plain or URL-encoded.

    Keys are in no status, Event or metric.
    """
    names = [name for name in (key, *key.split("/")) if len(name) > 1]
    return any(form in text for name in names for form in _forms(name))


def without_key(text: str, key: str) -> str:
    """The text with ``…`` in the place of a key, and of each part of it that stands as a word of its own."""
    if not quotes(text, key):
        return text
    whole = _forms(key) if len(key) >= _TELLING else set()
    for name in sorted(whole, key=len, reverse=True):
        text = text.replace(name, _HIDDEN)
    parts = {form for name in (key, *key.split("/")) if len(name) > 1 for form in _forms(name)}
    words = "|".join(re.escape(form) for form in sorted(parts, key=len, reverse=True))
    return re.sub(rf"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{{2}}))(?:{words})(?!\w)", _HIDDEN, text)


def _forms(name: str) -> set[str]:
    """How stores and proxies write a name: plain, as XML, and URL-encoded with either case and either space."""
    quoted = {quote(raw(name)), quote(raw(name), safe="")}
    quoted |= {form.replace("%20", "+") for form in quoted} | {name.replace(" ", "+")}
    lower = {_ESCAPE.sub(lambda found: found[0].lower(), form) for form in quoted}
    return {name, escape(name), escape(name, quote=False), *quoted, *lower}


_ESCAPE = re.compile("%[0-9A-F]{2}")
_HIDDEN = "…"
_TELLING = 4  # characters: a shorter key is hidden as a word only, since it is a part of many
