"""A server that is being started when somebody presses Ctrl-C."""

import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from dev import process
from dev.process import Server


class Interrupting:
    """Ctrl-C comes while the thread that starts the server is at it."""

    def submit(self, call: Callable[[], None]) -> Future[None]:
        submitted = _SPAWNER.submit(call)

        def pressed(timeout: float | None = None) -> None:
            raise KeyboardInterrupt

        submitted.result = pressed  # type: ignore[method-assign]
        return submitted


_SPAWNER = process._spawner


def test_ctrl_c_during_a_start_leaves_nothing_that_nobody_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_spawner", Interrupting())
    server = Server(
        "sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "sleeper.log"
    )
    try:
        with pytest.raises(KeyboardInterrupt):
            server.launch()
        assert server.running, "known, so that it can be stopped"
    finally:
        server.kill()
    assert not server.running
