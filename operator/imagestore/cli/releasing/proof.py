"""Whether Helm uninstalls the very installation that a Job of the chart belongs to.

`helm template | kubectl apply` on a live installation ran the Job like any other object: it took the Lease and let every
object go. So the Job acts on proof, and does nothing without it.
"""

from imagestore.cli.wrong import Wrong
from imagestore.k8s.client import Client
from imagestore.k8s.helm import UNINSTALLING, Revision, newest


async def unproven(client: Client, namespace: str, revision: str) -> str:
    """Why ``revision``, such as imagestore.v3, is not being uninstalled as far as can be known; empty if it is."""
    release, dot, number = revision.rpartition(".v")
    if not dot or not number.isdecimal():
        raise Wrong(f"--if-uninstalling: {revision} is no revision of a release, such as imagestore.v1")
    found = await newest(client, namespace, release)
    if found == Revision(int(number), UNINSTALLING):
        return ""
    known = f"the newest is {found.number}, {found.status}" if found else "Helm keeps no such release there"
    return f"Helm is not uninstalling revision {number} of {release} in namespace {namespace}: {known}"
