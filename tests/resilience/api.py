"""The API server without kubectl in between: hundreds of calls in a second, as anybody who has credentials."""

import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any

import yaml

from dev.cluster import Cluster

Json = dict[str, Any]
GROUP = "/apis/imagestore.dev/v1alpha1"
MERGE = "application/merge-patch+json"


class Refused(Exception):
    """The API server's own words."""

    def __init__(self, code: int, body: Json) -> None:
        self.code, self.reason = code, str(body.get("reason", ""))
        super().__init__(f"{code} {self.reason}: {body.get('message', '')}")


@dataclass
class Api:
    """One user of one API server."""

    host: str
    port: int
    context: ssl.SSLContext = field(repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def admin(cls, cluster: Cluster) -> "Api":
        """Whoever may do everything."""
        shown = yaml.safe_load(cluster.kubeconfig.read_text())
        user, entry = shown["users"][0]["user"], shown["clusters"][0]["cluster"]
        context = ssl.create_default_context(cafile=entry["certificate-authority"])
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        return cls(*_address(entry["server"]), context)

    @classmethod
    def account(cls, cluster: Cluster, namespace: str, name: str) -> "Api":
        """A ServiceAccount."""
        token = cluster.kubectl("create", "token", name, "-n", namespace).stdout.strip()
        context = ssl.create_default_context(cafile=str(cluster.ca_file))
        return cls(*_address(cluster.server), context, token)

    def call(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Json:
        """The answer; Refused if it is not a good one."""
        headers = {"Content-Type": content} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        data = None if body is None else json.dumps(body)
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=10, context=self.context)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        finally:
            connection.close()
        told = _parsed(text)
        if status >= 400:
            raise Refused(status, told)
        return told

    def get(self, path: str) -> Json:
        """One object, or a list."""
        return self.call("GET", path)

    def find(self, path: str) -> Json | None:
        """One object, None if there is none."""
        try:
            return self.get(path)
        except Refused as error:
            if error.code == 404:
                return None
            raise

    def merge(self, path: str, body: Json) -> Json:
        """A merge patch."""
        return self.call("PATCH", path, body, MERGE)


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.removeprefix("https://").partition(":")
    return host, int(port)


def _parsed(text: bytes) -> Json:
    try:
        told = json.loads(text)
    except ValueError:
        return {"message": text.decode(errors="replace")[:500]}
    return told if isinstance(told, dict) else {"value": told}


def bucket_path(namespace: str, name: str = "") -> str:
    """Of an ImageBucket, or of all in a namespace."""
    return f"{GROUP}/namespaces/{namespace}/imagebuckets" + (f"/{name}" if name else "")


def conditions(obj: Json) -> dict[str, Json]:
    """By type."""
    listed: list[Json] = (obj.get("status") or {}).get("conditions") or []
    return {c["type"]: c for c in listed}


def settled(obj: Json | None) -> bool:
    """Whether its present generation was judged Ready."""
    if obj is None:
        return False
    ready = conditions(obj).get("Ready", {})
    generation = obj["metadata"]["generation"]
    judged = (obj.get("status") or {}).get("observedGeneration") == generation
    return judged and ready.get("status") == "True" and ready.get("observedGeneration") == generation


def image_bucket(namespace: str, name: str, backend: str, **spec: Any) -> Json:
    """A manifest."""
    return {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "ImageBucket",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"backendRef": {"name": backend}, "bucketName": f"{namespace}--{name}", **spec},
    }
