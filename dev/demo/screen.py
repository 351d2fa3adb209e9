"""What the demo shows: narration, and commands as a user types them with what they answer."""

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.demo.children import child

WIDTH = 106  # columns of narration, and of the recording
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_STYLES = {"strong": "1", "title": "1;36", "said": "36", "prompt": "1;32"}


class Unexpected(Exception):
    """A command did not end as the story has it."""


def styled(style: str, text: str) -> str:
    """The text in a style, as a terminal takes it."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def plain_text(text: str) -> str:
    """The text without its styles."""
    return _ANSI.sub("", text)


@dataclass
class Screen:
    """Standard output. ``shown`` keeps each line with the seconds since the first one."""

    folder: Path  # where commands run
    variables: Mapping[str, str] = field(default_factory=dict)
    shown: list[tuple[float, str]] = field(default_factory=list)
    colour: bool = field(default_factory=lambda: sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    _begun: float = field(default_factory=time.monotonic)

    def line(self, text: str = "") -> None:
        """A line, at once."""
        self.shown.append((time.monotonic() - self._begun, text))
        print(text if self.colour else plain_text(text), flush=True)

    def heading(self, text: str) -> None:
        """What is shown, in one line."""
        self.line(styled("strong", text))

    def title(self, text: str) -> None:
        """The heading of a part."""
        self.line()
        self.line(styled("title", text))

    def say(self, text: str) -> None:
        """Narration, in as many lines as it takes."""
        for line in textwrap.wrap(
            " ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False
        ):
            self.line(styled("said", line))

    def run(self, command: str, *, ends: int = 0) -> str:
        """Show a command, run it by the shell, show what it writes as it comes, and return that.

        Raises:
            Unexpected: It ended with another code than ``ends``.
        """
        self.line(styled("prompt", "$ ") + styled("strong", command))
        written = []
        shell = ["sh", "-c", command]
        with child(shell, folder=self.folder, env=self._environment(), output=subprocess.PIPE) as process:
            for line in process.stdout or ():
                written.append(line.rstrip("\n"))
                self.line(written[-1])
            process.wait()
        text = plain_text("\n".join(written))
        if process.returncode != ends:
            raise Unexpected(f"{command} ended with {process.returncode}, not {ends}\n{text}")
        return text

    def _environment(self) -> dict[str, str]:
        """The commands of this Python environment, and colour to keep: it is taken out again where it is not shown."""
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "FORCE_COLOR": "1",
        }
        return {k: v for k, v in {**os.environ, **self.variables, **own}.items() if k != "NO_COLOR"}
