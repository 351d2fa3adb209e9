"""The settings of Amazon S3 that moto has not, as AWS's own service model describes them.

Not a mock: it keeps what it is sent, refuses what the model does not know (members, types, required ones,
enums), lists in pages, and answers 404 to the removal of what is not there. Everything else goes to moto.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from imagestore.core.errors import Rejected

PAGE = 2  # AWS: 100; a test should see a second page
_NAMED = re.compile(r"(Put|Delete|List)Bucket(Analytics|IntelligentTiering|Inventory|Metrics)Configurations?")
_SINGLE = re.compile(r"(Put|Get|Delete)Bucket(RequestPayment|Logging|Replication)")
# What is written of each, and what a bucket has before anything was.
_DOCUMENTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "RequestPayment": ("RequestPaymentConfiguration", {"Payer": "BucketOwner"}),
    "Logging": ("BucketLoggingStatus", {}),
    "Replication": ("ReplicationConfiguration", {}),
}
_ABSENT = {"Replication": "ReplicationConfigurationNotFoundError"}  # what is never there by itself


@cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("s3")


class Amazon:
    """A ``call`` in front of another one."""

    def __init__(self, other: Callable[[str, Mapping[str, Any]], dict[str, Any]]) -> None:
        self._other = other
        self._held: dict[tuple[str, str], dict[str, Any]] = {}

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        named, single = _NAMED.fullmatch(operation), _SINGLE.fullmatch(operation)
        if not (named or single):
            return self._other(operation, parameters)
        _check(operation, parameters)
        if single:
            return self._document(single[1], single[2], parameters)
        assert named is not None
        verbs = {"Put": self._put, "Delete": self._delete, "List": self._list}
        return verbs[named[1]](named[2] + "Configuration", parameters)

    def _document(self, verb: str, what: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        member, unset = _DOCUMENTS[what]
        key = parameters["Bucket"], what
        if verb == "Put":
            self._held[key] = dict(parameters[member])
        if verb == "Delete":
            self._held.pop(key, None)
        if verb == "Get" and key not in self._held and what in _ABSENT:
            self._other("HeadBucket", {"Bucket": parameters["Bucket"]})  # 404 where there is no bucket
            raise Rejected("there is none", code=_ABSENT[what])
        found = dict(self._held.get(key, unset))
        return {member: found} if what in _ABSENT and found else found

    def _kept(self, document: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return self._held.setdefault((parameters["Bucket"], document), {})

    def _put(self, document: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if parameters["Id"] != parameters[document]["Id"]:
            raise Rejected("the two ids differ", code="InvalidArgument")
        self._kept(document, parameters)[parameters["Id"]] = parameters[document]
        return {}

    def _delete(self, document: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if self._kept(document, parameters).pop(parameters["Id"], None) is None:
            raise Rejected("there is none of this id", code="NoSuchConfiguration")
        return {}

    def _list(self, document: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        names = sorted(self._kept(document, parameters))
        start = int(parameters.get("ContinuationToken") or 0)
        page = [self._kept(document, parameters)[n] for n in names[start : start + PAGE]]
        more = {"NextContinuationToken": str(start + PAGE)} if start + PAGE < len(names) else {}
        return {"IsTruncated": bool(more), **more, **({f"{document}List": page} if page else {})}


def _check(operation: str, parameters: Mapping[str, Any]) -> None:
    shape = _model().operation_model(operation).input_shape
    report = ParamValidator().validate(dict(parameters), shape)
    if report.has_errors():
        raise Rejected(report.generate_report(), code="MalformedXML")
    _enums(shape, parameters)


def _enums(shape: Any, value: Any) -> None:
    """botocore leaves these to the server."""
    if shape.type_name == "structure":
        for name, inner in value.items():
            _enums(shape.members[name], inner)
    elif shape.type_name == "list":
        for inner in value:
            _enums(shape.member, inner)
    elif getattr(shape, "enum", None) and value not in shape.enum:
        raise Rejected(f"{value} is none of {shape.enum}", code="MalformedXML")
