"""A patient user of the Kubernetes API: while it is being restarted, a request is simply made again."""

import http.client
import json
import ssl
from typing import Any

import yaml

from dev.cluster import Cluster
from dev.wait import eventually

Json = dict[str, Any]
GROUP = "/apis/imagestore.dev/v1alpha1"
_AGAIN = frozenset({409, 429, 500, 502, 503, 504})
_PATIENCE = 90.0


class Refused(RuntimeError):
    """The API server does not want it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text[:500]}")
        self.status = status


class Api:
    """One administrator."""

    def __init__(self, cluster: Cluster) -> None:
        user = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]
        self._context = ssl.create_default_context(cafile=str(cluster.ca_file))
        self._context.load_cert_chain(user["client-certificate"], user["client-key"])
        self._host = cluster.server.removeprefix("https://")
        self._connection: http.client.HTTPSConnection | None = None

    def buckets(self) -> list[Json]:
        """Every ImageBucket."""
        found: list[Json] = self.send("GET", f"{GROUP}/imagebuckets")["items"]
        return found

    def create(self, namespace: str, body: Json) -> None:
        """Make one; that it is there already means that an answer was lost."""
        self.send("POST", f"{GROUP}/namespaces/{namespace}/imagebuckets", body, done=frozenset({409}))

    def replace_spec(self, namespace: str, name: str, spec: Json) -> None:
        """Edit one."""
        patch = [{"op": "replace", "path": "/spec", "value": spec}]
        self.send("PATCH", f"{GROUP}/namespaces/{namespace}/imagebuckets/{name}", patch)

    def delete(self, namespace: str, name: str) -> None:
        """Delete one, without waiting for it to be gone."""
        self.send("DELETE", f"{GROUP}/namespaces/{namespace}/imagebuckets/{name}", done=frozenset({404}))

    def send(self, method: str, path: str, body: Any = None, done: frozenset[int] = frozenset()) -> Json:
        """One request until it is answered; a status in ``done`` is as good as success."""
        answer = eventually(
            lambda: self._try(method, path, body),
            _PATIENCE,
            f"{method} {path}",
            interval=0.5,
            retry_on=(OSError, http.client.HTTPException),
        )
        status, text = answer or (0, "")  # never None: eventually waits for an answer
        if status >= 400 and status not in done:
            raise Refused(status, f"{method} {path}: {text}")
        found: Json = json.loads(text)
        return found

    def _try(self, method: str, path: str, body: Any) -> tuple[int, str] | None:
        """The answer, None if it is one that passes."""
        try:
            status, text = self._once(method, path, body)
        except (OSError, http.client.HTTPException):
            self._connection = None
            raise
        return None if status in _AGAIN and not (status == 409 and method == "POST") else (status, text)

    def _once(self, method: str, path: str, body: Any) -> tuple[int, str]:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(self._host, timeout=15, context=self._context)
        kind = "application/json-patch+json" if isinstance(body, list) else "application/json"
        if method == "PATCH" and isinstance(body, dict):
            kind = "application/merge-patch+json"
        self._connection.request(
            method, path, json.dumps(body) if body is not None else None, {"Content-Type": kind}
        )
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()
