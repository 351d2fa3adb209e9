"""One request, one answer: connections are kept, nothing is followed, nothing is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import exceptions as boto
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError

from imagestore.backends.s3 import deadline
from imagestore.backends.s3.client import Target, trusted
from imagestore.backends.s3.transport_request import Place, Request

LARGEST = 64 * 1024 * 1024  # bytes of an answer; a listing of a thousand keys has less than ten million


@dataclass(frozen=True)
class Response:
    """What the server said. The names of ``headers`` may be asked for in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Http:
    """A pool of connections to one store."""

    def __init__(self, target: Target, place: Place) -> None:
        self._scheme = place.scheme
        options: dict[str, Any] = {
            "verify": trusted(target.ca) or True,
            "timeout": (target.connect, target.read),
            "max_pool_connections": target.connections,
            "proxies": get_environ_proxies(f"{place.scheme}://{place.authority}"),
        }
        self._session = URLLib3Session(**options)
        deadline.bound(self._session, 2 * target.read)

    def send(self, request: Request, headers: Mapping[str, str]) -> Response:
        """The answer, whatever its status. Raises botocore's errors of connections."""
        url = f"{self._scheme}://{request.host}{request.target}"
        body = request.body or None
        prepared = AWSPreparedRequest(request.method, url, headers, body, stream_output=True)
        answer: Any = self._session.send(prepared)
        return Response(answer.status_code, answer.headers, _body(answer.raw, url))


def _body(raw: Any, url: str) -> bytes:
    try:
        body: bytes = raw.read(LARGEST + 1)
    except ReadTimeoutError as error:
        raise boto.ReadTimeoutError(endpoint_url=url, error=error) from error
    except HTTPError as error:
        raise boto.ConnectionClosedError(endpoint_url=url, error=error) from error
    if len(body) > LARGEST:
        raw.close()
        raise boto.HTTPClientError(error=f"an answer of more than {LARGEST} bytes")
    return body
