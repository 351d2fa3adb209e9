"""Whether Helm is uninstalling the release that a Job of the chart belongs to.

`helm template | kubectl apply` on a live installation ran the Job like any other object: it took the Lease and released
every object. So the Job does nothing without proof.

The number of the revision is no part of the proof: a rollback installs the hooks that an earlier revision rendered. After
one the Job knew an old number, and `helm uninstall` succeeded and released nothing.
"""

from imagestore.k8s.api.client import Client
from imagestore.k8s.life.helm import UNINSTALLING, newest


async def unproven(client: Client, namespace: str, release: str) -> str:
    """Why ``release`` is not proven to be being uninstalled; empty if it is."""
    found = await newest(client, namespace, release)
    if found is not None and found.status == UNINSTALLING:
        return ""
    known = (
        f"its newest revision is {found.number}, {found.status}"
        if found
        else "Helm keeps no such release there"
    )
    return f"Helm is not uninstalling the release {release} in namespace {namespace}: {known}"
