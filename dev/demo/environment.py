"""`python -m dev.demo.environment FOLDER`: a virtual environment with what the first act needs, by any Python that we support.

Nothing here may import what is not in the standard library: it runs before anything is installed.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dev.programs.progress import LiveLine, duration, say

ROOT = Path(__file__).resolve().parents[2]
_ESTIMATE = 30.0  # seconds, on two quiet cores and a quick line


def main() -> int:
    """Make it anew; the exit code."""
    folder = Path(sys.argv[1]).absolute()
    begun, line = time.monotonic(), LiveLine(15)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    locked = ["--require-hashes", "--requirement", str(ROOT / "requirements-demo.lock")]
    ours = ["--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        # Python compiles what is imported when it is imported first: compiling everything took a third of the time.
        [*pip, "--no-compile", *locked],
        [*pip, *ours],
    ]
    try:
        for step in steps:
            _run(step, begun, line)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        say("\nstopped; nothing is left running.")
        return 130
    line.clear()
    say(f"Python packages for the first act: installed in {duration(time.monotonic() - begun)}")
    return 0


def _run(command: Sequence[str], begun: float, line: LiveLine) -> None:
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        while True:
            passed = duration(time.monotonic() - begun)
            line.show(
                f"Python packages for the first act: {passed} so far, usually {duration(_ESTIMATE)} ..."
            )
            try:
                output = process.communicate(timeout=0.5)[0]
                break
            except subprocess.TimeoutExpired:
                pass
            except BaseException:
                process.kill()
                raise
    if process.returncode != 0:
        line.clear()
        sys.exit(f"{' '.join(command)} failed\n{output[-4000:]}")


if __name__ == "__main__":
    sys.exit(main())
