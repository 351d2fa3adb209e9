"""Free loopback ports that no other run on this machine gets handed at the same time."""

import fcntl
import random
import socket
from typing import IO

from dev.programs.cache import cache_folder

# Below what the kernel hands to outgoing connections (32768 and up), so that no client's socket sits on a
# port between its reservation and the server's bind, or while a server is restarted.
_RANGE = range(15000, 32000)

# A reservation lasts as long as its file is open: until this process ends, however it ends.
_held: list[IO[str]] = []


def free_port() -> int:
    """A loopback port that is free and stays reserved for this process until it ends."""
    for port in random.sample(_RANGE, len(_RANGE)):
        if _reserve(port):
            return port
    raise RuntimeError(f"no free port between {_RANGE.start} and {_RANGE.stop}")


def free_ports(count: int) -> list[int]:
    """Several ports as `free_port` gives one."""
    return [free_port() for _ in range(count)]


def is_free(port: int) -> bool:
    """Whether a server could bind this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _reserve(port: int) -> bool:
    folder = cache_folder() / "ports"
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / str(port)).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    if not is_free(port):
        file.close()
        return False
    _held.append(file)
    return True
