"""One request, one answer: connections are kept, nothing is followed, nothing is tried again."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any

from botocore import exceptions as boto
from botocore.utils import get_environ_proxies

from imagestore.backends.s3.client import Target
from imagestore.backends.s3.transport_answer import Broken, Response, TooLarge
from imagestore.backends.s3.transport_pool import Pool
from imagestore.backends.s3.transport_proxy import Proxied
from imagestore.backends.s3.transport_request import Place, Request

Send = Callable[[Request, Mapping[str, str]], Response]
_WITH_LENGTH = frozenset({"PUT", "POST"})


def sender(target: Target, place: Place) -> Send:
    """How requests get to a store: directly, or through the proxy that the surroundings name for it."""
    proxies = get_environ_proxies(f"{place.scheme}://{place.authority}")
    return Proxied(target, proxies).send if place.scheme in proxies else Http(target, place).send


class Http:
    """Straight to one store.

    botocore's session, urllib3 and http.client between them took two thirds of a call's time: see docs/adr/0019.
    """

    def __init__(self, target: Target, place: Place) -> None:
        self._scheme, self._pool, self._leave = place.scheme, Pool(target, place.scheme), target.leave

    def send(self, request: Request, headers: Mapping[str, str]) -> Response:
        """The answer, whatever its status. Raises botocore's errors of connections."""
        url = f"{self._scheme}://{request.host}"  # for errors: an object's key stands behind it, and is in no status
        wire = written(request, headers)
        connection = self._connection(request.host, url)
        answer: Response | None = None
        try:
            self._leave(request.method)
            answer = connection.ask(wire, request.method)
        except TimeoutError as error:
            raise boto.ReadTimeoutError(endpoint_url=url, error=error) from error
        except TooLarge as error:
            raise boto.HTTPClientError(error=error) from error
        except (OSError, Broken) as error:
            raise boto.ConnectionClosedError(endpoint_url=url, error=error) from error
        finally:
            if answer is not None and answer.reusable:
                self._pool.give(request.host, connection)
            else:
                connection.close()
        return answer

    def _connection(self, host: str, url: str) -> Any:
        try:
            return self._pool.take(host)
        except ssl.SSLError as error:
            raise boto.SSLError(endpoint_url=url, error=error) from error
        except TimeoutError as error:
            raise boto.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise boto.EndpointConnectionError(endpoint_url=url, error=error) from error


def written(request: Request, headers: Mapping[str, str]) -> bytes:
    """The request's bytes. A line break in what ought to be one line is an error, not another header."""
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if request.body or request.method in _WITH_LENGTH:
        lines.append(f"Content-Length: {len(request.body)}")
    if any("\n" in line or "\r" in line for line in lines):
        raise boto.ParamValidationError(report="a line break in a header")
    return "\r\n".join((*lines, "Accept-Encoding: identity", "", "")).encode("latin-1") + request.body
