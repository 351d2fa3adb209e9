"""How kopf is configured: it persists nothing, posts nothing and gives up on its own."""

import random
from collections.abc import Iterator
from typing import Any

import kopf

_GIVE_UP = 300.0


class NoDiffBase(kopf.DiffBaseStorage):
    """Remembers nothing: then kopf writes nothing to our objects."""

    def build(self, **_: Any) -> Any:
        """No essence, so no copy of each object either."""
        return {}

    def fetch(self, **_: Any) -> None:
        """Nothing was stored."""

    def store(self, **_: Any) -> None:
        """Nothing is stored."""


class NoProgress(kopf.ProgressStorage):
    """Remembers nothing."""

    def fetch(self, **_: Any) -> None:
        """Nothing was stored."""

    def store(self, **_: Any) -> None:
        """Nothing is stored."""

    def purge(self, **_: Any) -> None:
        """Nothing is there."""

    def touch(self, **_: Any) -> None:
        """Nothing is touched."""

    def clear(self, *, essence: Any) -> Any:
        """The essence as it is: kopf goes on with what this returns."""
        return essence


class Backoffs:
    """Pauses between kopf's tries, about five minutes in all; then it exits, and a restart is visible."""

    def __iter__(self) -> Iterator[float]:
        total, pause = 0.0, 0.5
        while total < _GIVE_UP:
            pause = min(30.0, pause * 2)
            total += pause
            yield pause * random.uniform(0.8, 1.2)  # noqa: S311


def operator_settings() -> kopf.OperatorSettings:
    """Each value has its reason in docs/adr and in the measurements behind it."""
    made = kopf.OperatorSettings()
    made.persistence.finalizer = "imagestore.dev/kopf-never-uses-this"
    made.persistence.diffbase_storage = NoDiffBase()
    made.persistence.progress_storage = NoProgress()
    made.posting.enabled = False
    made.peering.standalone = True
    made.watching.chunk_size = 500
    made.watching.initial_streaming = False
    made.watching.server_timeout = 290
    made.watching.client_timeout = 330
    made.watching.connect_timeout = 10
    made.networking.request_timeout = 30
    made.networking.connect_timeout = 5
    made.networking.error_backoffs = Backoffs()
    made.queueing.worker_limit = None
    made.queueing.idle_timeout = 1.0
    made.process.ultimate_exiting_timeout = 25
    made.scanning.disabled = False
    return made
