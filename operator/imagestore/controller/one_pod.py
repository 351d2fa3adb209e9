"""Work that one pod of a Job does instead of the operator: whether it may, its Job, the wait for its end, and what it left.

The pod has no rights in the cluster: how far it is, what it did and why it could not is found in the stores. A Job outlives the thread that
waits for it, and is found again by whichever replica asks for the same work.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import sleep
from typing import Any, Literal, Protocol, TypeVar, cast
from uuid import uuid4

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.controller.jobs import (
    FOLDER,
    SECRETS_IN,
    JobOrder,
    JobSeen,
    JobsUnusable,
    NoIdentity,
    backends_file,
    others,
    running_job,
)
from imagestore.controller.keys import FetchSecret, SecretUnread, chosen_key
from imagestore.controller.opening import RunParts, Unready
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import SecretData
from imagestore.controller.watching import JobTrouble, JobWatch, PodsNeverRan, WatchStopped
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.pods import PodChoices
from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import RunSide, RunTrouble
from imagestore.repository.errors import RunStopped

log = logging.getLogger(__name__)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
KNOWN = 3600.0  # seconds for which the cluster is taken not to run pods
_OPTIONS = {"key": "--key-file", "passphrase": "--passphrase-file", "recoveryKey": "--recovery-key-file"}
_LONGEST_WORD = 500  # characters of what a bucket tells
_SIDES = ("source", "destination", "repository")


@dataclass(frozen=True)
class PodRequest:
    """What an object asks of its pod.

    ``digest``: of its job, for which the Job is found again. ``runs_in``: who is to do the work; None: as its size is worth. ``backends``:
    the StorageBackends whose keys the pod gets. ``repository``: whose key it gets; None: it needs none. ``command``: the subcommand of
    ``imagestore backup`` that it runs.
    """

    key: Key
    uid: str
    digest: str
    runs_in: Literal["Operator", "Job"] | None
    pod: PodChoices
    backends: frozenset[str]
    repository: RepositoryEnd | None
    command: str


class OnePodWork(Protocol[T_co]):
    """What a pod is to do for an object."""

    @property
    def request(self) -> PodRequest:
        """Who asks for it, and for what pod."""

    def is_large(self) -> bool:
        """Whether it is worth a pod. May ask a store."""

    def described(self, run: str) -> str:
        """What the pod is told. ``run``: the id of this order."""

    def begins(self) -> None:
        """Called before the Job is made."""

    def ready(self) -> None:
        """The pod goes on, whether this thread waits or not. See ``RunControl``."""

    def stop(self) -> bool:
        """Whether to wait no longer."""

    def tell(self) -> None:
        """Tell how far the pod is. Raises nothing that a store says."""

    def left(self) -> T_co | None:
        """What was done; None: it was not."""

    def words(self) -> Sequence[Mapping[str, Any]]:
        """What pods left of their troubles, the latest first."""


class PodTrouble(JobTrouble):
    """What a pod said of its end."""

    def __init__(self, trouble: RunTrouble) -> None:
        super().__init__(trouble.reason, trouble.message)
        self.trouble = trouble


def one_pod_jobs(parts: RunParts) -> "OnePodJobs | None":
    """None: there can be no Jobs."""
    if parts.jobs is None:
        return None
    spec = lambda name: parts.ask(lambda: parts.stores.spec(name))  # noqa: E731
    return OnePodJobs(JobWatch(parts.jobs, parts.clock, sleep), spec, parts.keys, parts.secret)


@dataclass(frozen=True)
class OnePodJobs:
    """``spec``: of a StorageBackend. ``keys``: the data of a Secret of the operator's namespace. ``secret``: of any other.

    All raise RunStopped when the wait was stopped, Unready, JobTrouble, JobsUnusable where trying again does not help, and what the work
    raises.
    """

    watch: JobWatch
    spec: Callable[[str], StorageBackendSpec | None]
    keys: SecretData
    secret: FetchSecret
    said: set[str] = field(default_factory=set)
    idle: dict[str, float] = field(default_factory=dict)  # by uid, until when no Job is tried

    def going_on(self, work: OnePodWork[T]) -> JobSeen | None:
        """The Job of this work that another thread or replica has made. Those of other work of the object are ended first."""
        with _as_trouble():
            mine = [s for s in self.watch.board.all() if s.uid == work.request.uid]
            running = running_job(self.watch.board, mine, work.request.digest)
            self.watch.cleared((s for s in mine if s is not running), work.stop)
            return running

    def found_again(self, work: OnePodWork[T], running: JobSeen) -> T:
        """Wait for a Job; a crash may have left it without its Secret."""
        with _as_trouble():
            with suppress(
                NoIdentity, SecretUnread
            ):  # what it was made of may be gone: it has its Secret, or fails
                self.watch.board.begin(self._order(work, running.run))
            return self._awaited(work, running.run)

    def begun(self, work: OnePodWork[T]) -> T | None:
        """Make a Job and wait for it. None: the operator is to do the work by itself."""
        with _as_trouble():
            if not self._is_worth_it(work):
                return None
            if why := self._unfit(work):
                self.say(work.request.key, why)
                return None
            run = uuid4().hex
            order = self._order(work, run)
            work.begins()
            self.watch.board.begin(order)
            log.info("began a Job for %s", work.request.key)
            return self._awaited(work, run)

    def say(self, key: Key, why: str) -> None:
        """Log once why there is no Job."""
        if why not in self.said:
            self.said.add(why)
            log.warning("no Job for %s, whose run the operator carries out by itself: %s", key, why)

    def _is_worth_it(self, work: OnePodWork[T]) -> bool:
        if not self.watch.board.makes:
            return False
        return work.request.runs_in == "Job" or (work.request.runs_in is None and work.is_large())

    def _unfit(self, work: OnePodWork[T]) -> str:
        """Why there can be no Job now; empty: there can."""
        if work.request.runs_in is None and self.watch.clock() < self.idle.get(work.request.uid, 0.0):
            return "the pod of its last Job did not run"
        if others(self.watch.board.all(), work.request.uid, work.request.backends):
            return "a Job of another object uses the same StorageBackend"
        try:
            self._backends(work)
        except NoIdentity as error:
            return str(error)
        return ""

    def _awaited(self, work: OnePodWork[T], run: str) -> T:
        work.ready()
        try:
            seen = self.watch.ended(work.request.uid, work.request.digest, work.stop, work.tell)
        except PodsNeverRan:
            self.idle[work.request.uid] = self.watch.clock() + KNOWN
            raise
        left = work.left()
        words = work.words() if left is None else ()
        if seen is not None:
            self.watch.board.end(seen.name)
        if left is None:
            raise _trouble(seen, words, run)
        return left

    def _order(self, work: OnePodWork[T], run: str) -> JobOrder:
        option, key = self._key(work.request.repository)
        return JobOrder(
            key=work.request.key,
            uid=work.request.uid,
            digest=work.request.digest,
            run=run,
            indexes=1,
            arguments=(
                *(
                    "backup",
                    work.request.command,
                    "--run",
                    f"{FOLDER}/run.json",
                    "-f",
                    f"{FOLDER}/backends.yaml",
                ),
                *("--offline", "--operator-namespace", SECRETS_IN, *option),
            ),
            files={
                "run.json": work.described(run).encode(),
                "backends.yaml": self._backends(work).encode(),
                **key,
            },
            pod=work.request.pod,
            backends=work.request.backends,
        )

    def _backends(self, work: OnePodWork[T]) -> str:
        found = {name: self.spec(name) for name in work.request.backends}
        specs = {name: spec for name, spec in found.items() if spec is not None}
        return "\n---\n".join(json.dumps(m) for m in backends_file(specs, self.keys, 1))

    def _key(self, place: RepositoryEnd | None) -> tuple[tuple[str, ...], Mapping[str, bytes]]:
        """What opens the repository: the command's option, and its file. Raises SecretUnread."""
        if place is None or not place.secret:
            return (), {}
        kind, value = chosen_key(place.secret, self.secret(place.namespace, place.secret))
        return (_OPTIONS[kind], f"{FOLDER}/repository.key"), {"repository.key": value}


@contextmanager
def _as_trouble() -> Iterator[None]:
    try:
        yield
    except WatchStopped:
        raise RunStopped("the wait for the Job was stopped; it goes on") from None
    except SecretUnread as error:
        raise Unready(RunTrouble("repository", error.reason, str(error))) from None
    except JobsUnusable as error:
        if error.refused:
            raise
        raise JobTrouble(Reason.JOB_FAILED, str(error)) from error


def _trouble(seen: JobSeen | None, words: Sequence[Mapping[str, Any]], run: str) -> JobTrouble:
    """Why a Job did nothing. ``run``: whose words count: an earlier Job may have left others."""
    said = next((word for word in words if word.get("order") == run), None)
    if said is not None:
        return PodTrouble(_of_word(said))
    if seen is None:
        return JobTrouble(
            Reason.JOB_FAILED, "the Job was deleted before its end; the next run goes on from there"
        )
    why = f": {seen.why}" if seen.why else ""
    return JobTrouble(Reason.JOB_FAILED, f"the Job {seen.name} failed{why}; the next run goes on from there")


def _of_word(word: Mapping[str, Any]) -> RunTrouble:
    """It lies in a tenant's bucket: any program that may write there can have written it."""
    side = cast("RunSide | None", word.get("side") if word.get("side") in _SIDES else None)
    reason = word.get("reason")
    known = next((r for r in Reason if r == reason), Reason.JOB_FAILED)
    return RunTrouble(side, known, str(word.get("message", ""))[:_LONGEST_WORD])


def word_of(trouble: RunTrouble, run: str) -> Mapping[str, Any]:
    """What a pod leaves of its trouble. ``run``: of its order."""
    return {"side": trouble.side, "reason": trouble.reason.value, "message": trouble.message, "order": run}
