"""How the local control plane's programs are called: keys, ports and command lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.certificates import Authority, Pair, rsa_pair
from dev.ports import free_ports
from dev.programs import program

_SERVICES = "10.0.0.0/24"
_FIRST_SERVICE = "10.0.0.1"
NODE = "localhost"  # the node's name, by which the API server finds its kubelet
_ISSUER = "https://kubernetes.default.svc"

# Without the namespace controller namespaces never finish deleting; without the garbage collector owner
# references are never collected.
_CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "job-controller",
    "cronjob-controller",
    "deployment-controller",
    "replicaset-controller",
)

# What only matters where pods run: taints of a node, what a drain is allowed, what is left of pods and Jobs.
NODE_CONTROLLERS = (
    "node-lifecycle-controller",
    "taint-eviction-controller",
    "disruption-controller",
    "pod-garbage-collector-controller",
    "ttl-after-finished-controller",
)

# Every verb of everybody, without bodies: what was granted is compared with what was used.
_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
"""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one control plane."""

    etcd: int
    peer: int
    api: int
    manager: int

    @classmethod
    def free(cls) -> "Ports":
        """Four that nobody else has."""
        return cls(*free_ports(4))


@dataclass(frozen=True)
class Keys:
    """The certificates of one control plane; `accounts` signs the tokens of ServiceAccounts."""

    ca_file: Path
    serving: Pair
    admin: Pair
    manager: Pair
    accounts: Pair
    scheduler: Pair
    kubelet: Pair

    @classmethod
    def make(cls, folder: Path) -> "Keys":
        """A new authority and all that it signs."""
        authority = Authority(folder)
        hosts = ["localhost", "127.0.0.1", "kubernetes.default.svc", _FIRST_SERVICE]
        return cls(
            ca_file=authority.file,
            serving=authority.server("apiserver", hosts),
            admin=authority.client("imagestore-admin", group="system:masters"),
            manager=authority.client("system:kube-controller-manager"),
            accounts=rsa_pair(folder, "service-accounts"),
            scheduler=authority.client("system:kube-scheduler"),
            kubelet=authority.client(f"system:node:{NODE}", group="system:nodes"),
        )


def etcd(directory: Path, ports: Ports, extra: Sequence[str]) -> list[str]:
    """etcd with one member; nothing is synced to the disk, since nobody pulls the plug."""
    client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.peer}"
    return [
        str(program("etcd")),
        "--name=default",
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync=true",
        "--log-level=warn",
        *extra,
    ]


def apiserver(directory: Path, keys: Keys, ports: Ports, audit_log: Path, extra: Sequence[str]) -> list[str]:
    """kube-apiserver with RBAC, admission as it comes, and an audit log of every request."""
    policy = directory / "audit-policy.yaml"
    policy.write_text(_AUDIT_POLICY)
    return [
        str(program("kube-apiserver")),
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        f"--cert-dir={directory / 'apiserver'}",
        f"--tls-cert-file={keys.serving.certificate}",
        f"--tls-private-key-file={keys.serving.key}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={ports.api}",
        f"--service-cluster-ip-range={_SERVICES}",
        "--authorization-mode=Node,RBAC",
        f"--service-account-issuer={_ISSUER}",
        f"--api-audiences={_ISSUER}",
        f"--service-account-key-file={keys.accounts.certificate}",
        f"--service-account-signing-key-file={keys.accounts.key}",
        f"--client-ca-file={keys.ca_file}",
        "--allow-privileged=true",
        # Where there is a node: logs and exec.
        "--kubelet-preferred-address-types=Hostname",
        f"--kubelet-client-certificate={keys.admin.certificate}",
        f"--kubelet-client-key={keys.admin.key}",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={audit_log}",
        "--audit-log-maxsize=10000",
        *extra,
    ]


def manager(keys: Keys, ports: Ports, kubeconfig: Path, extra: Sequence[str]) -> list[str]:
    """kube-controller-manager with the controllers that need no node; a node's come by ``extra``."""
    return [
        str(program("kube-controller-manager")),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={ports.manager}",
        f"--service-account-private-key-file={keys.accounts.key}",
        f"--root-ca-file={keys.ca_file}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        f"--controllers={','.join(_CONTROLLERS)}",
        *extra,
    ]


def scheduler(kubeconfig: Path, port: int) -> list[str]:
    """kube-scheduler, alone as it is."""
    return [
        str(program("kube-scheduler")),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--leader-elect=false",
    ]
