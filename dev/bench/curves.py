"""Pictures of the curves: how time, CPU and memory grow with the number of buckets."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS = (("seconds", "seconds"), ("cpu", "CPU seconds of the operator"), ("peak", "MB at its highest"))
_PHASES = ("create", "restart", "look at all", "delete")

Runs = Sequence[Mapping[str, Any]]


def draw(numbers: Runs, target: Path) -> None:
    """One panel a measure, one line a phase, a dot a run; as SVG that is the same for the same numbers."""
    import matplotlib as mpl  # it takes a second, and only a picture needs it
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = target.name
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for axes, (measure, title) in zip(figure.subplots(1, len(_PANELS)), _PANELS, strict=True):
        _panel(axes, numbers, measure, title)
    figure.savefig(target, format="svg", metadata={"Date": None})


def _panel(axes: "Axes", numbers: Runs, measure: str, title: str) -> None:
    for phase in _PHASES:
        found = points(numbers, phase, measure)
        sizes = sorted(found)
        (line,) = axes.plot(sizes, [median(found[s]) for s in sizes], label=phase)
        dots = [(s, value) for s in sizes for value in found[s]]
        axes.plot([s for s, _ in dots], [value for _, value in dots], ".", color=line.get_color())
    axes.set(
        title=title, xlabel="ImageBuckets", xscale="log", yscale="log" if measure != "peak" else "linear"
    )
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")


def points(numbers: Runs, phase: str, measure: str) -> dict[int, list[float]]:
    """What each run of a phase measured, by the number of buckets."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for run in numbers:
        if run["phase"] == phase:
            found[run["buckets"]].append(float(run[measure]))
    return found
