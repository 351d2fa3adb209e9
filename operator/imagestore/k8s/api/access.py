"""How the API server is reached, and as which user: a pod's service account, else a kubeconfig."""

import base64
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

from imagestore.k8s.api.errors import AccessError
from imagestore.k8s.api.exec_credential import ExecToken

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_REREAD = 60.0  # a pod's token is exchanged every hour; the old one lives a little longer


@dataclass(frozen=True)
class Access:
    """One API server as one user. ``authorization`` is asked before each request, since tokens are exchanged.

    ``fresh``: whether it answers at once. A program that was asked for a token in the event loop held up everything,
    the Lease too.
    """

    server: str
    ssl: ssl.SSLContext
    authorization: Callable[[], str | None]
    namespace: str | None = None
    fresh: Callable[[], bool] = lambda: True


def find_access(
    environment: Mapping[str, str] = os.environ, folder: Path = SERVICE_ACCOUNT, context: str | None = None
) -> Access:
    """KUBECONFIG when it is set, else the pod's service account, else ~/.kube/config.

    A ``context`` is one of a kubeconfig's, even in a pod.
    """
    if (
        context is None
        and "KUBECONFIG" not in environment
        and (folder / "token").exists()
        and "KUBERNETES_SERVICE_HOST" in environment
    ):
        return in_cluster(environment, folder)
    path = Path(environment.get("KUBECONFIG") or Path.home() / ".kube/config").expanduser()
    if not path.exists():
        raise AccessError(
            f"no Kubernetes to work on: not in a pod, and there is no file {path}; set KUBECONFIG"
        )
    return from_kubeconfig(path, context)


def in_cluster(environment: Mapping[str, str], folder: Path = SERVICE_ACCOUNT) -> Access:
    """As the pod's service account."""
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    host = f"[{host}]" if ":" in host else host
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    namespace = folder / "namespace"
    own = namespace.read_text().strip() if namespace.exists() else None
    return Access(f"https://{host}:{port}", context, TokenFile(folder / "token"), own)


class TokenFile:
    """A bearer token in a file that another program replaces.

    Read again as soon as the file is another one: with the old token believed for a minute, the Lease could
    not be renewed and was lost when a token was revoked (seen with a bound token whose object was deleted).
    """

    def __init__(self, path: Path, clock: Callable[[], float] = monotonic) -> None:
        self._path, self._clock = path, clock
        self._read_at, self._header = -_REREAD, ""
        self._seen: tuple[int, int] = (0, 0)

    def __call__(self) -> str:
        now, told = self._clock(), self._path.stat()
        seen = told.st_ino, told.st_mtime_ns
        if seen != self._seen or now - self._read_at >= _REREAD:
            self._header, self._read_at, self._seen = f"Bearer {self._path.read_text().strip()}", now, seen
        return self._header


def from_kubeconfig(path: Path, name: str | None = None) -> Access:
    """As one context of a kubeconfig; without a name as the current one."""
    config = yaml.safe_load(path.read_text()) or {}
    context = _named(config, "contexts", name or config.get("current-context"), path)["context"]
    cluster = _named(config, "clusters", context["cluster"], path)["cluster"]
    user = _named(config, "users", context.get("user"), path)["user"] if context.get("user") else {}
    authorization = _authorization(user, path.parent)
    access = Access(
        cluster["server"].rstrip("/"),
        _context(cluster, user, path.parent),
        authorization,
        context.get("namespace"),
    )
    return replace(access, fresh=authorization.fresh) if isinstance(authorization, ExecToken) else access


def _named(config: Mapping[str, Any], section: str, name: str | None, path: Path) -> dict[str, Any]:
    found = next((e for e in config.get(section) or () if e["name"] == name), None)
    if found is None:
        raise AccessError(f"{path} names {name!r}, which is not among its {section}")
    return dict(found)


def _context(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _text(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    certificate, key = _text(user, "client-certificate", folder), _text(user, "client-key", folder)
    if certificate and key:
        _load_pair(context, certificate, key)
    return context


def _load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL reads them from a file only; it is ours alone and gone at once."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
        pem.write(f"{certificate}\n{key}\n")
        pem.flush()
        context.load_cert_chain(pem.name)


def _text(entry: Mapping[str, Any], name: str, folder: Path) -> str | None:
    if entry.get(f"{name}-data"):
        return base64.b64decode(entry[f"{name}-data"]).decode()
    return (folder / entry[name]).read_text() if entry.get(name) else None


def _authorization(user: Mapping[str, Any], folder: Path) -> Callable[[], str | None]:
    if user.get("tokenFile"):
        return TokenFile(folder / user["tokenFile"])
    if user.get("exec"):
        return ExecToken(user["exec"])
    header = _fixed(user)
    return lambda: header


def _fixed(user: Mapping[str, Any]) -> str | None:
    if user.get("token"):
        return f"Bearer {user['token']}"
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return None
