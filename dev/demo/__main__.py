"""`python -m dev.demo`: the story, then everything is left running to look around until Ctrl-C."""

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from dev.cluster import Cluster
from dev.cluster.kube import Kube
from dev.demo import story
from dev.demo.operator import INSTALLATION, SYSTEM, Operator, installed, namespaces, operating, uninstall
from dev.demo.story import CASTS, tell
from dev.programs import kubectl, program
from dev.programs.progress import step
from dev.stores import FACTORIES, Store

T = TypeVar("T")

CONFIRM = 2.0  # seconds; an operator at work takes longer before it believes in drift

_PRESSED = threading.Event()


def main() -> int:
    """Run the demo; the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, _press)
    begun = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="imagestore-demo-") as folder:
            _run(options, Path(folder), begun)
    except KeyboardInterrupt:
        tell("\nstopped; nothing is left running.")
        return 130
    return 0


def _press(*_: object) -> None:
    _PRESSED.set()
    raise KeyboardInterrupt


def _heed() -> None:
    """Stop here if a library swallowed the exception: one Ctrl-C while botocore was imported went unheard."""
    if _PRESSED.is_set():
        raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument(
        "--context", help="a cluster of yours, by its kubeconfig context, instead of a local one"
    )
    parser.add_argument("--store", choices=sorted(CASTS), default="seaweedfs", help="default: %(default)s")
    parser.add_argument("--exit", action="store_true", help="stop after the story, even in a terminal")
    return parser.parse_args()


def _run(options: argparse.Namespace, folder: Path, begun: float) -> None:
    for name in () if options.context else ("etcd", "kube-apiserver", "kube-controller-manager"):
        program(name)  # built first, so that what follows takes the seconds that it says
    program("helm")
    local = "A Kubernetes API of our own: etcd, kube-apiserver, kube-controller-manager"
    cast = CASTS[options.store]
    with ExitStack() as stack:
        if options.context:
            kube: Kube = stack.enter_context(_yours(options.context, folder))
        else:
            kube = _begin(stack, Cluster.start(folder, name="cluster"), local, "6 s")
        store = _begin(stack, FACTORIES[options.store](folder), f"An object store: {options.store}", "3 s")
        rights = "helm install of CRDs and rights; the operator with exactly those rights"
        operator = _begin(stack, operating(kube, confirm_drift=CONFIRM), rights, "8 s")
        story.play(operator, store, cast)
        _heed()
        tell(f"\nThe story took {time.monotonic() - begun:.0f} s.")
        if sys.stdin.isatty() and not options.exit:
            _look_around(operator, store, cast)
    tell("stopped; nothing is left running.")


def _begin(stack: ExitStack, starting: AbstractContextManager[T], what: str, estimate: str) -> T:
    """Start something that is stopped at the end of the stack, and say so meanwhile."""
    with step(what, estimate):
        begun = stack.enter_context(starting)
    _heed()
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


def _look_around(operator: Operator, store: Store, cast: story.Cast) -> None:
    bucket = f"{cast.namespace}--{cast.bucket}"
    tell(f"""
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
StorageBackend in {SYSTEM}); the bucket of the pictures is {bucket}, owned by {INSTALLATION}.

Ctrl-C stops everything and leaves nothing behind.""")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    tell("\nstopping ...")


if __name__ == "__main__":
    sys.exit(main())
