"""`python -m dev.programs.prepare [NAME ...]`: make programs exist that the local cluster and the stores need."""

import sys
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from dev.node import images
from dev.node.ability import why_not
from dev.programs import GO_PROGRAMS, NODE_PROGRAMS, kubectl, program, weed
from dev.programs.progress import say
from dev.prometheus import prometheus_programs
from dev.stores.ceph import ceph_programs

# What is fetched, not built, or built of several programs: its name and who makes it.
OTHERS: Mapping[str, Callable[[], object]] = {
    "kubectl": kubectl,
    "weed": weed,
    "ceph": ceph_programs,
    "prometheus": prometheus_programs,
    "node": images.store,
}
_OF_A_NODE = NODE_PROGRAMS.keys() | {"node"}


def main() -> None:
    """Build or fetch what is missing of those named, or of all, with progress lines; seconds when the cache is warm."""
    begun = time.monotonic()
    names = sys.argv[1:] or [*OTHERS, *GO_PROGRAMS, *NODE_PROGRAMS]
    if set(names) & _OF_A_NODE and (reason := why_not()):
        say(f"without a node: {reason}")
    prepare(names)
    say(f"every program is there ({time.monotonic() - begun:.0f} s)")


def prepare(names: Collection[str]) -> None:
    """Build or fetch these programs where they are missing; a node's only where one can run."""
    wanted = set(names)
    if wanted & _OF_A_NODE and why_not():
        wanted -= _OF_A_NODE
    # Side by side, because downloads and linkers leave cores idle. Kubernetes' programs are one after the other: most
    # packages of the second are compiled for the first.
    go = [made for name, made in (GO_PROGRAMS | NODE_PROGRAMS).items() if name in wanted]
    kubernetes = [made.name for made in go if made.module == "kubernetes"]
    others = [made.name for made in go if made.module != "kubernetes"]
    _abreast(
        [
            lambda: [program(name) for name in kubernetes],
            *(make for name, make in OTHERS.items() if name in wanted),
            lambda: [program(name) for name in others],
        ]
    )


def _abreast(lanes: Collection[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(lanes)) as pool:
        for lane in [pool.submit(lane) for lane in lanes]:
            lane.result()


if __name__ == "__main__":
    main()
