"""Sends one canary of a policy, and looks for it at the destination until it arrives. Nothing of it stays in either bucket."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex

from imagestore.backends.objects import ObjectStore
from imagestore.controller.carrying import RunControl
from imagestore.controller.opening import RunParts, Unready
from imagestore.controller.state.objects import Key
from imagestore.core.errors import StoreError
from imagestore.core.keys import CANARY
from imagestore.reconcile.replication.canary import (
    CanaryObject,
    look_for_canary,
    remove_canary,
    send_canary,
)
from imagestore.reconcile.replication.canary_runs import CanaryJob, CanaryReport
from imagestore.reconcile.shared.runs import RunTrouble
from imagestore.transfer.job import TransferEnd

_LOOKS = (0.1, 10.0)  # seconds between two looks: at first, and at most
_GROWTH = 1.5


@dataclass(frozen=True)
class CanaryRun:
    """Carries out one canary after the other. ``swept``: policies whose canaries of an earlier process are gone."""

    parts: RunParts
    sleep: Callable[[float], None]
    swept: set[str] = field(default_factory=set)

    def __call__(self, key: Key, job: CanaryJob, control: RunControl) -> CanaryReport | None:
        """See ``CarryOut``."""
        began = self.parts.clock()
        try:
            ends = self.parts.end("source", job.source), self.parts.end("destination", job.destination)
            if job.policy not in self.swept:
                for end in ends:
                    self._sweep(job, end)
                self.swept.add(job.policy)
            return self._sent(job, *ends, control)
        except Unready as error:
            return CanaryReport(began, self.parts.clock(), None, error.trouble)
        except StoreError as error:
            trouble = RunTrouble(None, error.reason, str(error))
            return CanaryReport(began, self.parts.clock(), None, trouble)

    def _sent(
        self, job: CanaryJob, source: TransferEnd, destination: TransferEnd, control: RunControl
    ) -> CanaryReport | None:
        self.parts.permit()
        token = f"{job.policy}/{token_hex(4)}"
        canary = send_canary(
            source.store, source.bucket, token, self.parts.clock, prefix=job.prefix, tags=dict(job.tags)
        )
        try:
            delay = self._arrival(job, destination, canary, control)
        finally:
            for end in (source, destination):
                with suppress(StoreError):  # what is left is swept when this process has begun anew
                    self._removed(canary, end)
        if delay is None and control.stop():
            return None
        return CanaryReport(canary.sent, self.parts.clock(), delay)

    def _arrival(
        self, job: CanaryJob, destination: TransferEnd, canary: CanaryObject, control: RunControl
    ) -> float | None:
        """The most that the copy took. A destination that does not answer has no canary."""
        pauses = _growing()
        while not control.stop():
            with suppress(StoreError):
                canary, delay = look_for_canary(
                    destination.store, destination.bucket, canary, self.parts.clock
                )
                if delay.most is not None:
                    return delay.most
            if self.parts.clock() - canary.sent > job.patience:
                return None
            self._wait(next(pauses), control)
        return None

    def _wait(self, pause: float, control: RunControl) -> None:
        until = self.parts.clock() + pause
        while (left := until - self.parts.clock()) > 0 and not control.stop():
            self.sleep(min(left, 0.5))

    def _removed(self, canary: CanaryObject, end: TransferEnd) -> None:
        self.parts.permit()
        remove_canary(canary, (end.store, end.bucket))

    def _sweep(self, job: CanaryJob, end: TransferEnd) -> None:
        """What a process that was killed has left."""
        prefix = f"{job.prefix}{CANARY}{job.policy}/"
        for key, version in list(_versions(end.store, end.bucket, prefix)):
            self.parts.permit()
            end.store.delete(end.bucket, key, version=version)


def _versions(store: ObjectStore, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    page = store.versions(bucket, {}, prefix=prefix)
    yield from ((item.key, item.version) for item in page.items)
    while page.after is not None:
        page = store.versions(bucket, page.after, prefix=prefix)
        yield from ((item.key, item.version) for item in page.items)


def _growing() -> Iterator[float]:
    pause, most = _LOOKS
    while True:
        yield pause
        pause = min(most, pause * _GROWTH)
