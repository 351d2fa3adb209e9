"""The second act: a Kubernetes API, a store, the chart's rights, and the operator as a process beside them."""

import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from dev.cluster import Cluster
from dev.cluster.kube import Kube
from dev.demo import stopping
from dev.demo.operator import INSTALLATION, SYSTEM, Operator, installed, namespaces, operating, uninstall
from dev.demo.screen import Screen
from dev.demo.story import CASTS, Cast, play
from dev.programs import kubectl
from dev.programs.progress import say, step
from dev.stores import FACTORIES, Store

T = TypeVar("T")

CONFIRM = 2.0  # seconds; an operator at work takes longer before it believes in drift


@contextmanager
def playing(screen: Screen, store_name: str, context: str | None) -> Iterator[tuple[Operator, Store, Cast]]:
    """The whole act, on a cluster of its own or on that of a kubeconfig's context. Everything runs until the block ends."""
    folder = screen.folder
    local = "A Kubernetes API of our own: etcd, kube-apiserver, kube-controller-manager"
    cast = CASTS[store_name]
    screen.line()
    screen.heading("The same operator in a cluster")
    with ExitStack() as stack:
        if context:
            kube: Kube = stack.enter_context(_yours(context, folder))
        else:
            kube = _begin(stack, Cluster.start(folder, name="cluster"), local, "6 s")
        store = _begin(stack, FACTORIES[store_name](folder), f"An object store: {store_name}", "3 s")
        rights = "helm install of CRDs and rights; the operator with exactly those rights"
        operator = _begin(stack, operating(kube, confirm_drift=CONFIRM), rights, "8 s")
        screen.variables = kube.environment()
        play(screen, operator, store, cast)
        stopping.heed()
        yield operator, store, cast


def _begin(stack: ExitStack, starting: AbstractContextManager[T], what: str, estimate: str) -> T:
    """Start something that is stopped at the end of the stack, and say so meanwhile."""
    with step(what, estimate):
        begun = stack.enter_context(starting)
    stopping.heed()
    return begun


@contextmanager
def _yours(context: str, folder: Path) -> Iterator[Kube]:
    """A cluster of the user's: what the demo brings is taken out again, and nothing else."""
    kube = Kube.existing(context, folder / "cluster")
    if installed(kube):
        sys.exit(
            f"the cluster {context} has imagestore already, and the demo would take it over; name another"
        )
    before = namespaces(kube)
    try:
        yield kube
    finally:
        with step("Taking the demo out of your cluster", "20 s"):
            uninstall(kube, before)


def look_around(screen: Screen, operator: Operator, store: Store, cast: Cast) -> None:
    """Say where everything is, and wait for Ctrl-C."""
    bucket = f"{cast.namespace}--{cast.bucket}"
    for line in f"""
Look around in another terminal:

  export KUBECONFIG={operator.kube.kubeconfig}
  alias kubectl={kubectl()}
  kubectl get imagebuckets -A -o wide
  kubectl describe imagebucket {cast.bucket} -n {cast.namespace}
  kubectl explain imagebucket.spec
  kubectl edit imagebucket {cast.bucket} -n {cast.namespace}
  kubectl get events -A
  curl {operator.url}/metrics
  tail -f {operator.server.log}

The store is at {store.endpoint} (access key {store.access_key}, secret key in the Secret of its
StorageBackend in {SYSTEM}). The bucket of the pictures is {bucket}, owned by {INSTALLATION}.

Ctrl-C stops everything and leaves nothing behind.""".splitlines():
        screen.line(line)
    ends = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)
    say("\nstopping ...")
