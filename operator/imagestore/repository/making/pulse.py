"""What a backup does while it works and while it waits: it asks whether it is to stop, and beats."""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import TypeVar

from imagestore.repository.errors import RunStopped
from imagestore.repository.making.deciding import BackupOptions

T = TypeVar("T")


@dataclass
class BackupPulse:
    """``beat``: writes down what was read since the last one, and that the run is alive."""

    options: BackupOptions
    beat: Callable[[], None]
    _stopping: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._last_beat = self.options.clock()

    def __call__(self) -> None:
        """Raise RunStopped once if the backup is to stop. Beat where it is time."""
        if not self._stopping and self.options.stop():
            self._stopping = True
            raise RunStopped("the backup was stopped; the next one goes on from what was read")
        now = self.options.clock()
        if now - self._last_beat >= self.options.beat:
            self._last_beat = now
            self.beat()

    def wait(self, future: "Future[T]") -> T:
        """The result of a future, with a pulse each second until it is there."""
        while True:
            try:
                return future.result(timeout=1.0)
            except NotYet:
                if future.done():
                    raise
                self()
