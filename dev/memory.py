"""How much memory a program has had at its highest."""

from pathlib import Path


def peak() -> float:
    """Of this process, in MB. ``ru_maxrss`` would have that of the process that started it: a pytest worker has a gigabyte."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
