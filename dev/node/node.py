"""The node: kubelet and containerd in a box, a scheduler, and ways from the pods to what runs on loopback."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from dev.cluster import Cluster, control_plane
from dev.cluster.kube import write_kubeconfig
from dev.node import cgroups, settings
from dev.node.box import Box
from dev.node.images import PAUSE, pause_archive
from dev.node.packages import cni_folder, tool
from dev.ports import free_port
from dev.process import Server, running
from dev.programs import program
from dev.stores import Store

_RELAY = Path(__file__).with_name("relay.py")


@dataclass(frozen=True)
class Node:
    """A node that is Ready, of ``cluster``."""

    cluster: Cluster
    box: Box
    places: settings.Places
    kubelet: Server

    def load(self, archive: Path) -> None:
        """Bring an image onto the node, as `k3s ctr images import` and `kind load` do."""
        self.ctr("images", "import", str(archive))

    def ctr(self, *arguments: str) -> str:
        """containerd's own command line, among the images of Kubernetes."""
        ctr = [str(program("ctr")), "--address", settings.CONTAINERD, "--namespace", "k8s.io", *arguments]
        done = subprocess.run(self.box.inside(ctr), capture_output=True, text=True, check=False, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"ctr {' '.join(arguments)} ended with {done.returncode}\n{done.stderr}")
        return done.stdout

    def processes(self, container: str) -> list[int]:
        """A container's processes by their ids on this machine; ``container`` as its pod's status names it."""
        return cgroups.processes(self.places.cgroup, container.rpartition("/")[2])

    def seen(self, store: Store) -> Store:
        """The store as pods reach it."""
        return replace(store, endpoint=f"http://{settings.GATEWAY}:{_port(store)}")


@contextmanager
def node(directory: Path, cluster: Cluster, stores: Sequence[Store] = ()) -> Iterator[Node]:
    """A node whose pods reach the API server and these stores, and nothing else; gone at the end."""
    scratch = directory / "node"
    (scratch / "cni").mkdir(parents=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, scratch / "containerd", ignore_errors=True)
        places = _places(scratch, stack.enter_context(cgroups.own()))
        box = Box(scratch)
        stack.callback(box.close)
        box.open()
        yield stack.enter_context(_filled(box, places, cluster, stores))


@contextmanager
def _filled(box: Box, places: settings.Places, cluster: Cluster, stores: Sequence[Store]) -> Iterator[Node]:
    port = free_port()
    kubelet = _kubelet(box, places, cluster, port)
    made = Node(cluster, box, places, kubelet)
    with running(_relay(box, places, cluster, port, stores), _containerd(box, places), _scheduler(cluster)):
        made.load(pause_archive())
        with running(kubelet):
            yield made


def _places(scratch: Path, cgroup: str) -> settings.Places:
    return settings.Places(
        scratch=scratch,
        cgroup=cgroup,
        cni_plugins=cni_folder(),
        runc=tool("runc"),
        pause=PAUSE,
    )


def _relay(
    box: Box, places: settings.Places, cluster: Cluster, kubelet: int, stores: Sequence[Store]
) -> Server:
    routes = [
        f"node:{settings.SERVICE}:443=machine:127.0.0.1:{cluster.port}",
        f"machine:127.0.0.1:{kubelet}=node:127.0.0.1:{kubelet}",
        *(f"node:{settings.GATEWAY}:{p}=machine:127.0.0.1:{p}" for p in map(_port, stores)),
    ]
    command = [sys.executable, str(_RELAY), str(box.pid), *routes]
    server = Server(
        "relay",
        command,
        log=places.scratch / "relay.log",
        ready=lambda: "carrying" in server.log_tail(),
        grace=0,
    )
    return server


def _port(store: Store) -> int:
    return urlsplit(store.endpoint).port or 80


def _containerd(box: Box, places: settings.Places) -> Server:
    config = places.scratch / "containerd.toml"
    config.write_text(settings.containerd(places))
    (places.scratch / "cni" / "pods.conflist").write_text(settings.network())
    # It looks for its shim on PATH.
    shims = program("containerd-shim-runc-v2").parent
    server = box.server(
        "containerd",
        [program("containerd"), f"--config={config}"],
        env={"PATH": f"{shims}:{os.environ['PATH']}"},
        ready=lambda: "containerd successfully booted" in server.log.read_text(),
    )
    return server


def _scheduler(cluster: Cluster) -> Server:
    kubeconfig = write_kubeconfig(
        cluster.directory / "scheduler.kubeconfig", cluster.server, cluster.ca_file, cluster.keys.scheduler
    )
    command = control_plane.scheduler(kubeconfig, free_port())
    return Server("kube-scheduler", command, log=cluster.directory / "kube-scheduler.log", grace=0)


def _kubelet(box: Box, places: settings.Places, cluster: Cluster, port: int) -> Server:
    scratch = places.scratch
    config = scratch / "kubelet.yaml"
    config.write_text(settings.kubelet(places, port=port, ca_file=cluster.ca_file))
    server = f"https://{settings.SERVICE}:443"
    kubeconfig = write_kubeconfig(
        scratch / "kubelet.kubeconfig", server, cluster.ca_file, cluster.keys.kubelet
    )
    command = [
        str(program("kubelet")),
        f"--config={config}",
        f"--kubeconfig={kubeconfig}",
        f"--root-dir={scratch / 'kubelet'}",
        f"--cert-dir={scratch / 'kubelet-pki'}",
        f"--hostname-override={control_plane.NODE}",
        f"--node-ip={settings.GATEWAY}",
    ]
    return box.server("kubelet", command, ready=lambda: _is_ready(cluster))


def _is_ready(cluster: Cluster) -> bool:
    found = cluster.api.find(f"/api/v1/nodes/{control_plane.NODE}")
    if found is None or any(
        t["key"].startswith("node.kubernetes.io/") for t in found["spec"].get("taints", ())
    ):
        return False
    return any(c["type"] == "Ready" and c["status"] == "True" for c in found["status"].get("conditions", ()))
