"""`python -m dev.prepare`: make every program exist that the local cluster and the stores need."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dev.programs import GO_PROGRAMS, kubectl, program, weed
from dev.progress import say
from dev.prometheus import prometheus_programs
from dev.stores.ceph import ceph_programs


def main() -> None:
    """Build or fetch what is missing, with progress lines; seconds when the cache is warm."""
    begun = time.monotonic()
    kubectl()
    weed()
    # Side by side, because downloads and linkers leave cores idle. Kubernetes' programs are one after the other: most
    # packages of the second are compiled for the first.
    lanes = (
        lambda: _build(kubernetes=True),
        ceph_programs,
        prometheus_programs,
        lambda: _build(kubernetes=False),
    )
    _abreast(lanes)
    say(f"every program is there ({time.monotonic() - begun:.0f} s)")


def _abreast(lanes: tuple[Callable[[], object], ...]) -> None:
    with ThreadPoolExecutor(len(lanes)) as pool:
        for lane in [pool.submit(lane) for lane in lanes]:
            lane.result()


def _build(*, kubernetes: bool) -> None:
    for name, wanted in GO_PROGRAMS.items():
        if (wanted.module == "kubernetes") == kubernetes:
            program(name)


if __name__ == "__main__":
    main()
