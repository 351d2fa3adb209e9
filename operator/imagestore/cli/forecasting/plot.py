"""Draws the result of a simulation with matplotlib, if that is installed."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from imagestore.cli.errors import CommandError
from imagestore.cli.forecasting.curves import Curve
from imagestore.core.render import printable

_SUFFIXES = (".svg", ".png")
_COLOURS = ("#c8553d", "#f2a65a", "#8fb8c9", "#4a7c9b", "#28536b", "#1b2f44", "#8c8c8c")  # warm to cold


def check(path: str) -> None:
    """Check the options before a bucket is listed. Raises CommandError."""
    if Path(path).suffix not in _SUFFIXES:
        raise CommandError(f"--plot {path}: the file name must end in {' or '.join(_SUFFIXES)}")
    if find_spec("matplotlib") is None:
        raise CommandError("--plot needs matplotlib; install it: pip install 'imagestore-operator[plot]'")


def plot(curve: Curve, path: str) -> None:
    """Draw what each class holds and what a month costs. Raises CommandError."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    axes: Any = figure.subplots()
    days = [p.day for p in curve.points]
    held = [_gibibytes(curve, name) for name in curve.classes]
    colours = [_COLOURS[min(i, len(_COLOURS) - 1)] for i in range(len(held))]
    if held:
        axes.stackplot(days, held, labels=curve.classes, colors=colours)
    # A dollar sign would begin a formula.
    axes.set_title(printable(curve.title).replace("$", r"\$"))
    axes.set_ylabel("GiB")
    axes.set_ylim(bottom=0)
    axes.margins(x=0)
    if curve.priced:
        _costs(curve, axes.twinx(), days)
    if held:
        figure.legend(loc="outside lower center", ncols=len(held))
    try:
        figure.savefig(path)
    except OSError as error:
        raise CommandError(f"--plot {path}: {error.strerror or 'cannot be written'}") from None


def _gibibytes(curve: Curve, name: str) -> list[float]:
    return [p.classes[name].bytes / 2**30 if name in p.classes else 0.0 for p in curve.points]


def _costs(curve: Curve, axes: Any, days: list[Any]) -> None:
    amounts = [float(p.month) if p.month is not None else float("nan") for p in curve.points]
    axes.plot(days, amounts, color="black", linewidth=1.5, linestyle="--")
    axes.set_ylabel(f"{curve.ledger.prices.currency} a month (dashed)")
    axes.set_ylim(bottom=0)
