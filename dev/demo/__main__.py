"""`python -m dev.demo`: two acts. The first one without a cluster, the second one on a real API server."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from dev.demo import meanwhile, stopping
from dev.demo.screen import Screen, Unexpected
from dev.programs.progress import duration, say

ROOT = Path(__file__).resolve().parents[2]
PLOT = ROOT / "build" / "demo.svg"


def main() -> int:
    """Run the demo; the exit code."""
    options = _options()
    stopping.listen()
    try:
        with tempfile.TemporaryDirectory(prefix="imagestore-demo-") as folder:
            _play(options, Path(folder))
    except KeyboardInterrupt:
        say("\nstopped; nothing is left running.")
        return 130
    except (RuntimeError, TimeoutError, Unexpected) as error:
        say(f"\nerror: {error}")
        return 1
    if _goes_on(options):
        _second_act_elsewhere(options)
    print("stopped; nothing is left running.", flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    add = parser.add_argument
    add("--act", type=int, choices=(1, 2), help="only this one")
    add(
        "--record",
        type=Path,
        metavar="FOLDER",
        help="write the first act and its plot there as pictures, and stop after it",
    )
    add("--context", help="a cluster of yours, by its kubeconfig context, instead of a local one")
    add(
        "--store",
        choices=("minio", "seaweedfs"),
        default="seaweedfs",
        help="of the second act; default: %(default)s",
    )
    add("--exit", action="store_true", help="stop after the story, even in a terminal")
    add("--begun", type=float, default=time.time(), help=argparse.SUPPRESS)  # when `make demo` was typed
    add(
        "--then", type=Path, help=argparse.SUPPRESS
    )  # the Python that plays the second act, which may not be there yet
    options = parser.parse_args()
    if options.record:
        options.act = 1
    return options


def _goes_on(options: argparse.Namespace) -> bool:
    """Whether the second act is another process's: what it needs is not in this Python environment."""
    return options.then is not None and options.act != 1


def _play(options: argparse.Namespace, folder: Path) -> None:
    with ExitStack() as stack:
        if options.act != 1:
            names = meanwhile.needed(options.store, options.context)
            behind = stack.enter_context(meanwhile.preparing(names, options.then, folder))
        if options.act != 2:
            _first(options, folder)
        if options.act != 1:
            behind.wait()
    if options.act != 1 and not _goes_on(options):
        _second(options, folder)


def _first(options: argparse.Namespace, folder: Path) -> None:
    from dev.demo import act_one

    place = folder / "first"
    place.mkdir()
    screen = Screen(place)
    now, clock = time.time(), time.monotonic()
    ready = act_one.play(screen) - clock + now - options.begun
    if options.record:
        _record(screen, options.record)
    PLOT.parent.mkdir(exist_ok=True)
    shutil.copy(place / act_one.PLOT, PLOT)
    ended = time.time() - options.begun
    screen.line()
    screen.say(f"""
        The plot is {PLOT.relative_to(ROOT)}. The first bucket was Ready after {duration(ready)}, the act took {duration(ended)}.
    """)


def _record(screen: Screen, folder: Path) -> None:
    from dev.demo import act_one, recording

    (folder / "demo.svg").write_text(recording.svg(screen.shown, "make demo: the first act"))
    shutil.copy(screen.folder / act_one.PLOT, folder / "demo-plot.svg")


def _second(options: argparse.Namespace, folder: Path) -> None:
    from dev.demo import act_two

    place = folder / "second"
    place.mkdir()
    screen = Screen(place)
    with act_two.playing(screen, options.store, options.context) as parts:
        screen.line()
        screen.say(f"The second act ended {duration(time.time() - options.begun)} after the beginning.")
        if sys.stdin.isatty() and not options.exit:
            act_two.look_around(screen, *parts)


def _second_act_elsewhere(options: argparse.Namespace) -> None:
    """Become the process that plays it; nothing of this one is left."""
    given = ["--act", "2", "--begun", str(options.begun), "--store", options.store]
    given += ["--context", options.context] if options.context else []
    given += ["--exit"] if options.exit else []
    os.execv(options.then, [str(options.then), "-m", "dev.demo", *given])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
