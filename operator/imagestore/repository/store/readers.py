"""Runs that only read: a restore, a verification. A removal beside them waits, where they may say that they are there."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from imagestore.core.errors import Denied, StoreError
from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.runs import BEAT, LiveRun, begin_run


@dataclass
class ReaderRun:
    """Beats while a long read goes on. Credentials that may not write, and a full store, end the beats and not the reading."""

    repository: Repository
    kind: str
    base: str
    clock: Callable[[], float]
    beat: float = BEAT
    _run: LiveRun | None = field(default=None, init=False)
    _last: float | None = field(default=None, init=False)
    _denied: bool = field(default=False, init=False)

    def pulse(self) -> None:
        """Beat if it is time to. A run that was silent for too long begins anew: what it reads is proven by hashes anyway."""
        now = self.clock()
        if self._denied or (self._last is not None and now - self._last < self.beat):
            return
        self._last = now
        try:
            self._beat()
        except Denied:
            self._denied = True
        except RepositoryProblem:
            self._run = None
        except StoreError:
            return

    def _beat(self) -> None:
        if self._run is None:
            self._run = begin_run(self.repository, self.kind, self.base)
        else:
            self._run.beat()

    def finish(self) -> None:
        """Say that it is over."""
        if self._run is not None:
            with suppress(StoreError):
                self._run.finish()


@contextmanager
def read_as_run(
    repository: Repository, kind: str, base: str = "", clock: Callable[[], float] = time.monotonic
) -> Iterator[ReaderRun]:
    """A run that reads. ``base``: the backup that it needs, which retention keeps meanwhile."""
    run = ReaderRun(repository, kind, base, clock)
    run.pulse()
    try:
        yield run
    except (
        Exception
    ):  # a check that is stopped is over, too: removals would wait for it as for one that was killed
        run.finish()
        raise
    run.finish()
