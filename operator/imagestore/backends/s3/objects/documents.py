"""XML of answers and requests. Keys that XML 1.0 cannot hold stand in answers all the same."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from imagestore.core.keys import raw

# What stands in a document in place of a character that XML 1.0 cannot hold; a key may have it by itself, too.
REPLACED = "\ufffd"
# What XML 1.0 cannot hold, encoded or not: such a key fits into a URL but not into a document.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_REFERENCE = re.compile(rb"&#(?:[xX]0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}));")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


class UnreadableDocument(Exception):
    """An answer that is no XML."""


def legible(body: bytes) -> bytes:
    """The body with U+FFFD for every character that XML 1.0 forbids, literal or as a reference."""

    def reference(found: re.Match[bytes]) -> bytes:
        number = int(found[1], 16) if found[1] else int(found[2])
        odd = number < 32 and number not in (9, 10, 13)
        return (
            REPLACED.encode() if odd or 0xD800 <= number < 0xE000 or number in (0xFFFE, 0xFFFF) else found[0]
        )

    return _CONTROL.sub(REPLACED.encode(), _REFERENCE.sub(reference, body))


def read_document(body: bytes) -> Element:
    """The root of a document. Raises UnreadableDocument."""
    try:
        return ElementTree.fromstring(body)  # noqa: S314  expat limits what entities may grow to
    except (ElementTree.ParseError, ValueError):
        again = legible(body)
    try:
        return ElementTree.fromstring(again)  # noqa: S314
    except (ElementTree.ParseError, ValueError) as error:
        raise UnreadableDocument(str(error)) from None


def name_of(element: Element) -> str:
    """An element's name without its namespace."""
    return _NAMES.get(element.tag) or _named(element.tag)


_NAMES: dict[str, str] = {}  # by tag: a page of a listing has thousands of elements with a dozen names
_MOST_NAMES = 1000


def _named(tag: str) -> str:
    name = tag.rpartition("}")[2]
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[tag] = name
    return name


def texts(element: Element) -> dict[str, str]:
    """The texts of an element's children, by name."""
    return {_NAMES.get(child.tag) or _named(child.tag): child.text or "" for child in element}


def children(element: Element, name: str) -> Iterator[Element]:
    """The children of this name."""
    return (child for child in element if (_NAMES.get(child.tag) or _named(child.tag)) == name)


def error_of(root: Element) -> tuple[str, str]:
    """Code and message of an ``Error`` document."""
    told = texts(root)
    return told.get("Code", ""), told.get("Message", "")


def written_key(key: str) -> bytes:
    """A key in a document. A CR is written as a reference: read plainly it becomes LF."""
    return raw(escape(key, {"\r": "&#13;"}))
