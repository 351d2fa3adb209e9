"""`python -m dev.prepare`: make every program exist that the local cluster and the stores need."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from dev.golang import GoProgram
from dev.node import images
from dev.node.ability import why_not
from dev.programs import GO_PROGRAMS, NODE_PROGRAMS, kubectl, program, weed
from dev.progress import say
from dev.prometheus import prometheus_programs
from dev.stores.ceph import ceph_programs


def main() -> None:
    """Build or fetch what is missing, with progress lines; seconds when the cache is warm."""
    begun = time.monotonic()
    kubectl()
    weed()
    reason = why_not()
    if reason:
        say(f"without a node: {reason}")
    wanted = GO_PROGRAMS if reason else GO_PROGRAMS | NODE_PROGRAMS
    # Side by side, because downloads and linkers leave cores idle. Kubernetes' programs are one after the other: most
    # packages of the second are compiled for the first.
    lanes = (
        lambda: _build(wanted, kubernetes=True),
        ceph_programs,
        prometheus_programs,
        lambda: None if reason else images.store(),
        lambda: _build(wanted, kubernetes=False),
    )
    _abreast(lanes)
    say(f"every program is there ({time.monotonic() - begun:.0f} s)")


def _abreast(lanes: tuple[Callable[[], object], ...]) -> None:
    with ThreadPoolExecutor(len(lanes)) as pool:
        for lane in [pool.submit(lane) for lane in lanes]:
            lane.result()


def _build(wanted: Mapping[str, GoProgram], *, kubernetes: bool) -> None:
    for name, made in wanted.items():
        if (made.module == "kubernetes") == kubernetes:
            program(name)


if __name__ == "__main__":
    main()
