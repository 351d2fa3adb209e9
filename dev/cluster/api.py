"""The API server without kubectl in between: hundreds of calls in a second, as anybody who has credentials."""

import http.client
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

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
    def certified(cls, kubeconfig: Path) -> "Api":
        """Whoever has the client certificate that this file names."""
        shown = yaml.safe_load(kubeconfig.read_text())
        user, entry = shown["users"][0]["user"], shown["clusters"][0]["cluster"]
        context = ssl.create_default_context(cafile=entry["certificate-authority"])
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        return cls(*_address(entry["server"]), context)

    @classmethod
    def bearing(cls, server: str, ca_file: Path, token: str) -> "Api":
        """Whoever has this token."""
        return cls(*_address(server), ssl.create_default_context(cafile=str(ca_file)), token)

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
    return _path("imagebuckets", namespace, name)


def policy_path(namespace: str, name: str = "") -> str:
    """Of a LifecyclePolicy, or of all in a namespace."""
    return _path("lifecyclepolicies", namespace, name)


def events_path(namespace: str) -> str:
    """Of the Events in a namespace."""
    return f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"


def _path(plural: str, namespace: str, name: str) -> str:
    return f"{GROUP}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")
