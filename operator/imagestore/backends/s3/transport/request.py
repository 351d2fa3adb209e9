"""Builds unsigned requests from operations and parameters, by botocore's model of S3."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.handlers import escape_xml_payload, validate_bucket_name
from botocore.serialize import create_serializer
from botocore.utils import percent_encode_sequence

from imagestore.backends.s3.client import SHARED
from imagestore.backends.s3.settings import verbatim
from imagestore.backends.s3.transport.address import USER_AGENT, S3Request, StoreAddress
from imagestore.core.keys import raw

_SERIALIZER = create_serializer("rest-xml", include_validation=True)
# Control characters are escaped here: where botocore does it, and where a foreign rule's prefix is written back.
_CONTROL_IN_XML = frozenset({"DeleteObjects"}) | verbatim.WRITES


class _Key(str):
    """A key whose bytes need not be UTF-8 (see ``core.keys``). botocore calls ``encode`` for the address."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Its bytes."""
        return raw(str(self))


@cache
def operation_model(name: str) -> Any:
    """botocore's model of one operation."""
    return SHARED.model().operation_model(name)


def build_request(model: Any, parameters: Mapping[str, Any], address: StoreAddress) -> S3Request:
    """The request for these parameters. Raises botocore's ParamValidationError."""
    validate_bucket_name(parameters)
    known, found = verbatim.apart(model.name, parameters)
    made = _SERIALIZER.serialize_to_request({n: _as_bytes(v) for n, v in known.items()}, model)
    made["body"] = verbatim.together(made["body"], found)
    if model.name in _CONTROL_IN_XML:
        escape_xml_payload(made)
    path, _, fixed = made["url_path"].partition("?")
    host, path = address.locate(path, parameters.get("Bucket"))
    body = made["body"] if isinstance(made["body"], bytes) else made["body"].encode()
    query = "&".join(filter(None, (fixed, percent_encode_sequence(made["query_string"]))))
    headers = {**made["headers"], "Host": host, "User-Agent": USER_AGENT, **_digest(body)}
    return S3Request(made["method"], host, path, query, headers, body)


def _as_bytes(value: Any) -> Any:
    return _Key(value) if isinstance(value, str) and not value.isascii() else value


def _digest(body: bytes) -> dict[str, str]:
    """Content-MD5 of a body: S3 demands a digest, and servers that do not know CRC32 know this one."""
    if not body:
        return {}
    return {"Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
