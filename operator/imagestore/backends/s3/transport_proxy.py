"""Through a proxy: rare, and botocore knows how (tunnels, names and passwords, TLS to the proxy itself)."""

from collections.abc import Mapping
from typing import Any

from botocore import exceptions as boto
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError, ReadTimeoutError

from imagestore.backends.s3 import deadline
from imagestore.backends.s3.client import Target, trusted
from imagestore.backends.s3.transport_answer import LARGEST, Headers, Response
from imagestore.backends.s3.transport_request import Request


class Proxied:
    """A pool of connections to the proxies of one store."""

    def __init__(self, target: Target, proxies: Mapping[str, str]) -> None:
        self._scheme, self._leave = target.endpoint.partition(":")[0], target.leave
        options: dict[str, Any] = {
            "verify": trusted(target.ca) or True,
            "timeout": (target.connect, target.read),
            "max_pool_connections": target.connections,
            "proxies": dict(proxies),
        }
        self._session = URLLib3Session(**options)
        deadline.bound(self._session, 2 * target.read)

    def send(self, request: Request, headers: Mapping[str, str]) -> Response:
        """The answer, whatever its status. Raises botocore's errors of connections."""
        url = f"{self._scheme}://{request.host}{request.target}"
        body = request.body or None
        prepared = AWSPreparedRequest(request.method, url, headers, body, stream_output=True)
        store = f"{self._scheme}://{request.host}"
        self._leave(request.method)
        answer = self._answer(prepared, request.target, store)
        told = Headers((name.lower(), value) for name, value in answer.headers.items())
        return Response(answer.status_code, told, _body(answer.raw, store))

    def _answer(self, prepared: AWSPreparedRequest, target: str, store: str) -> Any:
        """An object's key stood in botocore's message, and so in a status: only the store's address is said."""
        try:
            return self._session.send(prepared)
        except (boto.ConnectionError, boto.HTTPClientError) as error:
            raise _without(target, error, store) from None


def _without(target: str, error: Any, store: str) -> Exception:
    """The same error of this store, with what was met as far as its words do not have the address of what was asked for."""
    met = error.kwargs.get("error")
    told = type(met).__name__ if len(target) > 1 and target in str(met) else met
    made: Exception = type(error)(**{**error.kwargs, "endpoint_url": store, "error": told})
    return made


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
