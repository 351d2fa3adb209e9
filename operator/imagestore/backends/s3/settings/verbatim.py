"""What botocore's model of S3 has no name for: it is read into botocore's dicts, and goes back as it was found.

MinIO's ``ExpiredObjectAllVersions`` in a foreign rule was dropped by our write, because nothing between the
store's XML and ours had a place for it; a rule of nothing but ``DelMarkerExpiration`` came back without any action,
and the store refused the document. So an answer to one of ``READS`` has each unknown element as ``<its name>``, and
each part of the document (a rule, a notification) has its own XML under ``XML``: a part that has it is sent as that
XML, whatever else its dict says. See docs/adr/0002.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from imagestore.facets.lifecycle_rule import FOREIGN

READS = frozenset(
    {"GetBucketLifecycleConfiguration", "GetBucketNotificationConfiguration", "GetBucketReplication"}
)
WRITES = frozenset(
    {"PutBucketLifecycleConfiguration", "PutBucketNotificationConfiguration", "PutBucketReplication"}
)
XML = "Xml"

StoreDocument = Mapping[str, Any]


def keep(operation: Any, body: bytes, answer: dict[str, Any]) -> None:
    """Put into botocore's answer what botocore left out of it."""
    if operation.name not in READS:
        return
    root, shape = parsed(body), operation.output_shape
    if payload := shape.serialization.get("payload"):  # the document is one member of the answer
        shape, answer = shape.members[payload], answer[payload]
    _keep(shape, root, answer)
    for child, member, place, inner in _children(shape, root):
        if inner is None:
            answer[XML] = [*answer.get(XML, ()), written(child)]
        elif inner.type_name == "list":
            answer[member][place][XML] = written(child)


def _keep(shape: Any, element: Element, made: dict[str, Any]) -> None:
    for child, member, place, inner in _children(shape, element):
        if inner is None:
            made[member] = _value(child)
            continue
        held = made[member][place] if inner.type_name == "list" else made[member]
        kind = inner.member if inner.type_name == "list" else inner
        if kind.type_name == "structure":
            _keep(kind, child, held)


def _children(shape: Any, element: Element) -> Iterator[tuple[Element, str, int, Any]]:
    """Each with the member that it is, its place among those of its name, and its shape: None if it is not known.

    A second one of what can be there but once is not known either: botocore reads the first.
    """
    known = {inner.serialization.get("name", name): (name, inner) for name, inner in shape.members.items()}
    seen: Counter[str] = Counter()
    for child in element:
        member, inner = known.get(child.tag, ("", None))
        place, seen[child.tag] = seen[child.tag], seen[child.tag] + 1
        if inner is None or (place and inner.type_name != "list"):
            yield child, f"<{child.tag}>", place, None
        else:
            yield child, member, place, inner


def _value(element: Element) -> Any:
    """For a reader; nothing is made of it again."""
    return {c.tag: _value(c) for c in element} if len(element) else element.text or ""


def parsed(xml: bytes | str) -> Element:
    """Without namespaces and without the blanks between elements."""
    root = ElementTree.fromstring(xml)  # noqa: S314  the store is trusted with worse, and expat bounds entities
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.tail = None
        if len(element) and not (element.text or "").strip():
            element.text = None
    return root


def written(element: Element) -> str:
    """The XML of one element."""
    return ElementTree.tostring(element, encoding="unicode")


def meaning(xml: str) -> Any:
    """The same for documents of one store that mean the same: their order and an empty value say nothing."""
    return _meaning(parsed(xml))


def _meaning(element: Element) -> Any:
    inner = (_meaning(c) for c in element if c.tag != "Value" or c.text)
    return element.tag, element.text or "", tuple(sorted(inner))


def apart(operation: str, parameters: StoreDocument) -> tuple[StoreDocument, list[str]]:
    """The parameters without what is sent as XML, and that."""
    if operation not in WRITES:
        return parameters, []
    name = next(k for k in parameters if k.endswith("Configuration"))
    found: list[str] = list(parameters[name].get(XML, ()))
    left: dict[str, Any] = {}
    for member, parts in parameters[name].items():
        if isinstance(parts, list) and member != XML:
            found += [part[XML] for part in parts if XML in part]
            left[member] = [part for part in parts if XML not in part]
        elif member != XML:
            left[member] = parts
    return {**parameters, name: left}, found


def beside(answer: StoreDocument, sent: dict[str, Any], name: str) -> dict[str, Any]:
    """What is sent under this name, with what stands beside the parts in the document and has no name here."""
    more = {name: {**sent[name], XML: answer[XML]}} if answer.get(XML) else {}
    return {**sent, **more}


def together(body: bytes, found: list[str]) -> bytes:
    """The document with this XML in it, before the rest."""
    if not found:
        return body
    head, _, rest = body.partition(b">")
    if head.endswith(b"/"):  # nothing else is in it
        head, rest = head.rstrip(b" /"), b"</" + head[1:].split()[0] + b">"
    return head + b">" + "".join(found).encode() + rest


def unknown(document: StoreDocument) -> list[str]:
    """The elements in it, at any depth, that botocore's model has no name for."""
    found = [k for k in document if k.startswith("<")]
    for value in document.values():
        inner = value if isinstance(value, list) else [value]
        found += [k for one in inner if isinstance(one, Mapping) for k in unknown(one)]
    return found


def text_of(xml: str, tag: str) -> str:
    """What the first such element at the top says."""
    return parsed(xml).findtext(tag) or ""


def alien(label: str, xml: str, names: set[str]) -> str:
    """The name of a part that is not ours: its label, with more where that is missing, or another's, too."""
    name = FOREIGN + label
    if name in names or not label:
        name += f"#{hashlib.sha256(xml.encode()).hexdigest()[:12]}"
    names.add(name)
    return name
