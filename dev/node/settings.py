"""What the node's programs read: containerd's and kubelet's configuration, and the pods' network."""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

SERVICE = "10.0.0.1"  # the first address of the services, where pods find the API server
GATEWAY = "10.88.0.1"  # the node's own, on the bridge
PODS = "10.88.0.0/24"
CONTAINERD = "/run/containerd/containerd.sock"  # of the node's own /run


@dataclass(frozen=True)
class Places:
    """Where the node's files are, and its name among the machine's cgroups."""

    scratch: Path
    cgroup: str
    cni_plugins: Path
    runc: Path
    pause: str


def containerd(places: Places) -> str:
    """Version 3 of its configuration. Negative OOM scores are refused to a root without CAP_SYS_RESOURCE."""
    return f"""\
version = 3
root = "{places.scratch}/containerd"
state = "/run/containerd"
[grpc]
address = "{CONTAINERD}"
[plugins.'io.containerd.cri.v1.images']
snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{places.pause}"
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = "{places.runc}"
SystemdCgroup = false
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["{places.cni_plugins}"]
conf_dir = "{places.scratch}/cni"
"""


def network() -> str:
    """Pods are on one bridge, whose address is their gateway; nothing leads on from there."""
    host_local = {"type": "host-local", "ranges": [[{"subnet": PODS}]], "dataDir": "/run/cni"}
    bridge = {"type": "bridge", "bridge": "cni0", "isDefaultGateway": True, "ipam": host_local}
    return json.dumps(
        {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, {"type": "loopback"}]}, indent=1
    )


def kubelet(places: Places, *, port: int, ca_file: Path) -> str:
    """Nothing of the machine's decides what it evicts or whether it starts."""
    return yaml.safe_dump({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{places.cgroup}",
        "enforceNodeAllocatable": [],
        "address": "127.0.0.1",
        "port": port,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(ca_file)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "podLogsDir": f"{places.scratch}/logs",
        "volumePluginDir": f"{places.scratch}/plugins",
        "failSwapOn": False,
        "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        # A machine under load is slow to answer, and nobody waits here for its sake.
        "runtimeRequestTimeout": "1m",
    })  # fmt: skip
