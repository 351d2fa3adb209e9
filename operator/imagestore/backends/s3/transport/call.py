"""The raw call: ``call(operation, parameters) -> answer`` in botocore's shapes, without botocore's client.

What botocore knows of S3 is used: its model of every operation, how parameters become a request, how an answer
becomes a dict, where credentials are found. What its client adds to each call (events, endpoint rules, retries,
a key derived anew for every signature) is not: it took most of a call's time. See docs/adr.
"""

import io
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError, ResponseParserFactory
from botocore.utils import parse_timestamp

from imagestore.backends.guard.call import Call
from imagestore.backends.http.client import HttpClient
from imagestore.backends.http.messages import Response
from imagestore.backends.s3.client import StoreTarget
from imagestore.backends.s3.errors import masked, translate
from imagestore.backends.s3.objects.documents import UnreadableDocument, legible
from imagestore.backends.s3.server import genuine
from imagestore.backends.s3.settings import verbatim
from imagestore.backends.s3.transport.address import StoreAddress, http_target
from imagestore.backends.s3.transport.request import build_request, operation_model
from imagestore.backends.s3.transport.signing import Signer, ambient_keys
from imagestore.core.fencing import Fenced


def _moment(text: str) -> datetime:
    """The moment that a store wrote, as botocore reads it. ISO dates take a two-hundredth of its time: listings are full of them."""
    read: datetime | None = None
    with suppress(TypeError, ValueError):
        read = datetime.fromisoformat(text)
    if read is None or read.tzinfo is None:
        read = parse_timestamp(text)
    return read


_FACTORY = ResponseParserFactory()
_FACTORY.set_parser_defaults(timestamp_parser=_moment)
_PARSER = _FACTORY.create_parser("rest-xml")


def s3_call(target: StoreTarget) -> Call:
    """Return ``call`` for one store, with its own connections. It raises StoreErrors, and Fenced before a forbidden write."""
    address, signer = StoreAddress.of(target), Signer(target.region)
    client, secrets = HttpClient(http_target(target)), target.keys.secrets if target.keys else ()

    def call(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            model = operation_model(operation)
            request = build_request(model, parameters, address)
            signed = signer.signed(request, target.keys or ambient_keys(), datetime.now(UTC))
            return _struck(_answer(model, client.send(signed)), secrets)
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001  translate knows them all
            # Not chained: the original holds the request, and the store's copy of its signature.
            raise translate(error, operation, secrets) from None

    return call


def _struck(answer: dict[str, Any], secrets: Collection[str]) -> dict[str, Any]:
    """The answer with secrets masked: a successful DeleteObjects holds the store's words on each key that stays."""
    for error in answer.get("Errors") or ():
        error["Message"] = masked(error.get("Message") or "", secrets)
    return answer


def _answer(model: Any, response: Response) -> dict[str, Any]:
    told: dict[str, Any] = {
        "status_code": response.status,
        "headers": response.headers,
        "body": response.body,
        "context": {"operation_name": model.name},
    }
    genuine.check(model, told)
    if model.has_streaming_output and response.status < 300:
        told["body"] = io.BytesIO(response.body)
    parsed = _parsed(model, told)
    if response.status >= 300:
        raise boto.ClientError(parsed, model.name)
    verbatim.keep(model, response.body, parsed)
    return parsed


def _parsed(model: Any, told: dict[str, Any]) -> dict[str, Any]:
    """The answer as a dict. In a listing, characters that XML 1.0 forbids are replaced (RGW 16 sends ``&#x7;``)."""
    try:
        return dict(_PARSER.parse(told, model.output_shape))
    except ResponseParserError as error:
        readable = legible(told["body"])
        if not model.name.startswith("List") or readable == told["body"]:
            raise UnreadableDocument(str(error)) from None
    try:
        return dict(_PARSER.parse({**told, "body": readable}, model.output_shape))
    except ResponseParserError as error:
        raise UnreadableDocument(str(error)) from None
