"""`python -m dev.stores minio|ceph|seaweedfs|aws|versitygw|rclone`: run one store until Ctrl-C."""

import argparse
import json
import signal
import tempfile
from pathlib import Path

from dev.stores import FACTORIES


def main() -> None:
    """Print the store's coordinates as JSON when it is ready, and stop it with everything it holds at the end."""
    parser = argparse.ArgumentParser(prog="python -m dev.stores", description=main.__doc__)
    parser.add_argument("store", choices=sorted(FACTORIES))
    factory = FACTORIES[parser.parse_args().store]
    with tempfile.TemporaryDirectory(prefix="imagestore-") as folder, factory(Path(folder)) as store:
        print(json.dumps(store.coordinates(), indent=2), flush=True)
        # Blocked first, so that neither is delivered between here and the wait.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
