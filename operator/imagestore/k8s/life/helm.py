"""What Helm says of a release. It keeps each revision in a Secret whose labels tell how it stands.

So an uninstall can be proven inside the cluster: Helm writes ``uninstalling`` before it makes the chart's Job. Whoever
renders the chart without Helm (`helm template`, kustomize, Argo CD) makes the same Job and no such Secret.
"""

from dataclasses import dataclass
from typing import Any

from imagestore.k8s.api.client import Client
from imagestore.k8s.api.resources import SECRETS

UNINSTALLING = "uninstalling"


@dataclass(frozen=True, order=True)
class Revision:
    """One revision of a release, such as ``Revision(3, "deployed")``."""

    number: int
    status: str


async def newest(client: Client, namespace: str, release: str) -> Revision | None:
    """The last revision of a release, None where Helm keeps none in this namespace. Labels only, no content."""
    params = {"labelSelector": f"owner=helm,name={release}"}
    pages = [page async for page in client.pages(SECRETS, namespace, metadata=True, params=params)]
    return max((_revision(item) for page in pages for item in page.items), default=None)


def _revision(item: Any) -> Revision:
    labels = item["metadata"].get("labels") or {}
    number = str(labels.get("version", ""))
    return Revision(int(number) if number.isdecimal() else 0, str(labels.get("status", "")))
