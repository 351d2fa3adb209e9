"""What a person sees at a terminal, and what a pipe gets: colours, a count while many are worked on, and nothing of it left."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.local.world import INSTALLATION, Folder

MANY = 12


def given(folder: Folder) -> list[str]:
    """The command."""
    command = [sys.executable, "-m", "imagestore", "apply", "-f", str(folder.path)]
    return [*command, "--installation", INSTALLATION, "--confirm-drift", "1"]


def at_terminal(command: Sequence[str], **environment: str) -> str:
    """All that a terminal shows of it."""
    ours, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", **environment}
    with subprocess.Popen(command, stdout=its, stderr=its, stdin=its, env=environment) as process:
        os.close(its)
        shown = b""
        while part := _read(ours):
            shown += part
        os.close(ours)
        process.wait(60)
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # what Linux says when the other end is closed
        return b""


def screen(shown: str) -> list[str]:
    """The lines that stand at the end: what follows a carriage return is written over the line."""
    lines = []
    for line in re.sub("\x1b\\[[0-9]*m", "", shown).split("\n"):
        there = ""
        for part in line.split("\r"):
            there = part + there[len(part) :]
        lines.append(there.rstrip())
    return lines


@pytest.fixture
def many(folder: Folder) -> Folder:
    """Several buckets."""
    for number in range(MANY):
        folder.bucket("tags: {team: shop}", name=f"b{number:02}", bucket_name=f"{folder.name}-{number}")
    return folder


def test_a_terminal_gets_colours_and_a_count_that_does_not_stay(many: Folder) -> None:
    shown = at_terminal(given(many))
    assert "\x1b[32mReady\x1b[0m" in shown
    counts = [int(n) for n in re.findall(rf"(\d+) of {MANY + 1} objects done", shown)]
    assert counts
    assert counts[0] < MANY + 1
    stays = screen(shown)
    assert [line for line in stays if "objects done" in line] == []
    assert stays[-2:] == [f"{MANY + 1} objects: {MANY + 1} ready", ""]
    rows = [line.split("  ")[0] for line in stays[:-2] if not line.startswith("    ")]
    assert rows == ["StorageBackend eu", *(f"ImageBucket shop/b{n:02}" for n in range(MANY))]


def test_nothing_of_the_count_is_left_beside_a_short_line(many: Folder) -> None:
    stays = screen(at_terminal([*given(many), "--format", "json"]))
    assert json.loads("\n".join(stays))["exit"] == 0


def test_a_terminal_without_colour_gets_none(folder: Folder) -> None:
    folder.bucket()
    assert "\x1b" not in at_terminal(given(folder), NO_COLOR="1")
    assert "\x1b" not in at_terminal(given(folder), TERM="dumb")


def test_a_pipe_gets_neither(many: Folder) -> None:
    said = subprocess.run(given(many), capture_output=True, text=True, check=True)
    assert "\x1b" not in said.stdout + said.stderr
    assert "\r" not in said.stdout + said.stderr
    assert said.stderr == ""
    assert said.stdout.endswith(f"{MANY + 1} objects: {MANY + 1} ready\n")
