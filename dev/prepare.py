"""`python -m dev.prepare`: make every program exist that the local cluster and the stores need."""

import time

from dev.programs import GO_PROGRAMS, kubectl, program, weed
from dev.progress import say
from dev.prometheus import prometheus_programs
from dev.stores.ceph import ceph_programs


def main() -> None:
    """Build or fetch what is missing, with progress lines; seconds when the cache is warm."""
    begun = time.monotonic()
    kubectl()
    weed()
    ceph_programs()
    prometheus_programs()
    for name in GO_PROGRAMS:
        program(name)
    say(f"every program is there ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    main()
