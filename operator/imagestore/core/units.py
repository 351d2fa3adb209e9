"""Durations and quantities as Kubernetes users write them."""

import re
from fractions import Fraction

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1} | {u: 1000 ** (i + 1) for i, u in enumerate(["k", "M", "G", "T", "P"])}
_BYTES |= {u: 1024 ** (i + 1) for i, u in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi"])}


def seconds(duration: str) -> int:
    """Return ``1h30m`` in seconds. The schema has checked the form."""
    return sum(int(n) * _SECONDS[u] for n, u in re.findall(r"([0-9]+)([smhd])", duration))


def byte_count(quantity: str) -> int:
    """Return ``500Gi`` in bytes, rounded down."""
    return int(exact_count(quantity))


def exact_count(quantity: str) -> Fraction:
    """Return ``0.5`` or ``500Gi`` in its unit, exactly. Raises ValueError."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", quantity)
    if found is None or found[2] not in _BYTES:
        raise ValueError(f"{quantity!r} is not a quantity such as 500Gi")
    number, unit = Fraction(found[1]), Fraction(_BYTES[found[2]])
    return number * unit


def size(count: int) -> str:
    """Return bytes for display: ``2.3 GiB``."""
    value, unit = float(count), 0
    while abs(value) >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} B"


def grouped(count: int) -> str:
    """Return a number for display: ``12 034``."""
    return f"{count:,}".replace(",", " ")


def quantity(count: int) -> str:
    """Return bytes as the shortest exact quantity: 1073741824 is ``1Gi``."""
    for unit, size in sorted(_BYTES.items(), key=lambda pair: -pair[1]):
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return str(count)
