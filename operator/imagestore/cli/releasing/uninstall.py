"""Whether Helm uninstalls the release that a Job of the chart belongs to.

`helm template | kubectl apply` on a live installation ran the Job like any other object: it took the Lease and let every
object go. So the Job acts on proof, and does nothing without it.

The number of the revision is no part of the proof: a rollback installs the hooks that an earlier revision rendered, so
after one the Job knew an old number, and `helm uninstall` succeeded and let nothing go.
"""

from imagestore.k8s.api.client import Client
from imagestore.k8s.life.helm import UNINSTALLING, newest


async def unproven(client: Client, namespace: str, release: str) -> str:
    """Why ``release`` is not being uninstalled as far as can be known; empty if it is."""
    found = await newest(client, namespace, release)
    if found is not None and found.status == UNINSTALLING:
        return ""
    known = (
        f"its newest revision is {found.number}, {found.status}"
        if found
        else "Helm keeps no such release there"
    )
    return f"Helm is not uninstalling the release {release} in namespace {namespace}: {known}"
