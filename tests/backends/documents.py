"""A store of raw documents, and whatever such a store may hold, read off botocore's model of S3.

Stores check what they are given less than Amazon documents it: a document here is of the right shape, and of any
content that this shape can have.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session
from hypothesis import strategies as st

from imagestore.backends.s3.settings import verbatim
from imagestore.backends.s3.settings.setting import Setting
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.backends.s3.settings.verbatim import XML
from imagestore.core.errors import NotFound, Rejected
from imagestore.facets.tags import OWNER

Json = Any
ROWS = {row.facet: row for row in SETTINGS}
BY_READ = {row.read: row for row in SETTINGS}
BY_WRITE = {row.write: row for row in SETTINGS if row.write}
BY_CLEAR = {row.clear: row for row in SETTINGS if row.clear}

_TEXT = st.sampled_from(
    ["", "a", "home/", "*", 'q"]=\\', "é☃", "\r\n", "\u2028", "!a", "x" * 3000]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_FEW = 3


@dataclass
class RawStore:
    """One bucket, as a ``call``. ``documents``: what each setting's read answers; none: nothing is set."""

    documents: dict[str, Json] = field(default_factory=dict)
    made: bool = False

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not self.made and operation != "CreateBucket":
            raise NotFound("there is no such bucket", code="NoSuchBucket", operation=operation)
        if operation in BY_READ:
            return self._read(BY_READ[operation])
        if operation in BY_WRITE:
            self._write(BY_WRITE[operation], parameters)
        elif operation in BY_CLEAR:
            self._clear(BY_CLEAR[operation], parameters)
        self.made = True
        return {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {"x-amz-request-id": "1"}}}

    def _read(self, row: Setting[Any]) -> dict[str, Any]:
        if row.facet in self.documents:
            held = dict(self.documents[row.facet])
            return _with_xml(held) if row.read in verbatim.READS else held
        if row.absent and not row.named:
            raise Rejected("nothing is set", code=min(row.absent), operation=row.read)
        return {"Grants": []} if row.facet == "acl" else {}

    def _write(self, row: Setting[Any], parameters: Mapping[str, Any]) -> None:
        sent = {k: _without_xml(v) for k, v in parameters.items() if k not in {"Bucket", "Id"}}
        if row.named:
            ((name, one),) = sent.items()
            others = [o for o in self._listed(row, f"{name}List") if o["Id"] != one["Id"]]
            self.documents[row.facet] = {f"{name}List": [*others, one]}
        elif row.read.startswith("admin:") or set(sent) <= set(_members(row.read)):
            self.documents[row.facet] = sent
        else:
            inside = [d for d in sent.values() if isinstance(d, dict)]
            beside = {k: v for k, v in sent.items() if not isinstance(v, dict)}
            self.documents[row.facet] = beside | {k: v for d in inside for k, v in d.items()}

    def _clear(self, row: Setting[Any], parameters: Mapping[str, Any]) -> None:
        if not row.named:
            self.documents.pop(row.facet, None)
            return
        for key in self.documents.get(row.facet, {}):
            self.documents[row.facet] = {
                key: [o for o in self._listed(row, key) if o["Id"] != parameters["Id"]]
            }

    def _listed(self, row: Setting[Any], key: str) -> list[Any]:
        return list(self.documents.get(row.facet, {}).get(key) or ())


def _with_xml(document: Json) -> Json:
    """Each part with an XML of its own, as the transport gives it: here one from which the part can be read again."""
    return {k: [{**p, XML: _xml(p)} for p in v] if isinstance(v, list) else v for k, v in document.items()}


def _xml(part: Json) -> str:
    label = escape("".join(c for c in part.get("ID") or part.get("Id") or "" if c.isprintable()))
    inner = escape(json.dumps(part, default=str))
    return f"<Part><ID>{label}</ID><Id>{label}</Id><Json>{inner}</Json></Part>"


def _without_xml(document: Json) -> Json:
    if not isinstance(document, dict):
        return document
    return {k: [_part(p) for p in v] if isinstance(v, list) else v for k, v in document.items()}


def _part(part: Json) -> Json:
    sent = part.get(XML) if isinstance(part, dict) else None
    return json.loads(verbatim.text_of(sent, "Json")) if sent else part


@cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("s3")


def _members(operation: str) -> Mapping[str, Any]:
    members: Mapping[str, Any] = _model().operation_model(operation).output_shape.members
    return members


@cache
def documents(facet: str) -> st.SearchStrategy[Json]:
    """Whatever a store may answer to this setting's read."""
    read = ROWS[facet].read
    if facet == "policy":
        return _policies().map(lambda document: {"Policy": json.dumps(document)})
    if facet == "quota":
        return st.fixed_dictionaries({"Size": st.integers(0, 2**62)})
    left = {"ResponseMetadata", "IsTruncated", "ContinuationToken", "NextContinuationToken", "RequestCharged"}
    members = {n: _shape(s) for n, s in _members(read).items() if n not in left}
    if facet == "acl":
        return st.fixed_dictionaries({"Grants": members.pop("Grants")}, optional=members)
    return st.fixed_dictionaries({}, optional=members)


def marked(document: Json, owner: str) -> Json:
    """Tags with an owner's mark among them; without it the bucket would be nobody's."""
    others = [t for t in document.get("TagSet") or () if t.get("Key") != OWNER]
    return {"TagSet": [*others, {"Key": OWNER, "Value": owner}]}


def _shape(shape: Any) -> st.SearchStrategy[Json]:
    made = _SCALARS.get(shape.type_name)
    if shape.type_name == "string":
        return st.sampled_from(shape.enum) | _TEXT if shape.enum else _TEXT
    if made is not None:
        return made
    if shape.type_name == "list":
        return st.lists(_shape(shape.member), max_size=_FEW)
    needed = {n: _shape(s) for n, s in shape.members.items() if n in shape.required_members}
    optional = {n: _shape(s) for n, s in shape.members.items() if n not in shape.required_members}
    return st.fixed_dictionaries(needed, optional=optional)


_SCALARS: Mapping[str, st.SearchStrategy[Json]] = {
    "integer": st.integers(-1, 2**31),
    "long": st.integers(-1, 2**62),
    "boolean": st.booleans(),
    "timestamp": st.datetimes() | st.sampled_from(["2040-01-01T00:00:00Z", "someday"]),
}


def _policies() -> st.SearchStrategy[Json]:
    words = _TEXT | st.sampled_from(["s3:GetObject", "arn:aws:s3:::shop--photos/*", "123456789012"])
    said = words | st.lists(words, max_size=_FEW)
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
        max_leaves=4,
    )
    keys = st.sampled_from(["s3:prefix", "aws:SourceIp", ""])
    conditions = st.dictionaries(
        st.sampled_from(["StringLike", "Bool", "ForAnyValue:StringEquals"]) | words,
        st.dictionaries(keys, said | st.booleans() | st.integers() | anything, max_size=2),
        max_size=2,
    )
    optional = {
        "Sid": words, "Principal": said | st.dictionaries(st.sampled_from(["AWS", "Service", "x"]), said, max_size=2),
        "NotPrincipal": said, "Action": said, "NotAction": said, "Resource": said, "NotResource": said,
        "Condition": conditions, "x": anything,
    }  # fmt: skip
    statement = st.fixed_dictionaries(
        {"Effect": st.sampled_from(["Allow", "Deny"])}, optional=optional
    ) | st.dictionaries(st.sampled_from(["Effect", *optional]), anything, max_size=3)
    many = st.integers(50, 200).map(lambda n: [{**_PLAIN, "Sid": f"s{i}"} for i in range(n)])
    document = st.fixed_dictionaries(
        {"Statement": st.lists(statement, max_size=_FEW) | statement | many},
        optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17"]) | words, "Id": words},
    )
    return document | anything


_PLAIN = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::shop--photos/*",
}
