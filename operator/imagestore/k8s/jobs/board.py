"""Jobs in the operator's own namespace, asked for from threads of runs."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from imagestore import metrics
from imagestore.controller.jobs import JobOrder, JobSeen, JobsUnusable, Lingers, job_samples
from imagestore.controller.state.objects import Key
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import JOBS, SECRETS, Resource
from imagestore.k8s.jobs.manifest import job_manifest, job_name, secret_manifest, selecting
from imagestore.k8s.jobs.seen import job_seen
from imagestore.k8s.jobs.template import PodTemplate, refused_choices

log = logging.getLogger(__name__)
T = TypeVar("T")
_PATIENCE = 30.0  # seconds that a thread waits for the API server
_AGAIN = 1.0  # seconds
_REFUSED = frozenset({403, 404, 422})
_LOOK_AGAIN, _UNSEEN_AGAIN = (
    2.0,
    15.0,
)  # seconds until Jobs that end, and those that cannot be seen, are looked at again
_SEEING = "; let the operator list and delete Jobs (jobs.batch) in its own namespace, as the chart does"
_MAKING, _NOT_YET = "make a Job", "the operator has not looked at its Jobs yet"


@dataclass
class ApiJobs:
    """``loop``: the event loop in which the client works. ``template`` None: no Jobs are made, and those that are there are ended.

    ``made``: by object, the names of its Jobs and their digests. ``unseen``: why those of before this process are not among
    them; empty: they are. ``undeleted``: why a Job that is not wanted any more is still there.
    """

    client: Client
    loop: asyncio.AbstractEventLoop
    namespace: str
    installation: str
    template: PodTemplate | None
    now: Callable[[], datetime]
    made: dict[Key, dict[str, str]] = field(default_factory=dict)
    unseen: str = _NOT_YET
    undeleted: dict[str, str] = field(default_factory=dict)  # by its name
    used: Callable[[frozenset[str]], None] = lambda _: None
    using: dict[str, frozenset[str]] = field(default_factory=dict)  # StorageBackends, by the Job's name
    seen: tuple[JobSeen, ...] = ()  # in the last list
    tasks: dict[str, "asyncio.Future[None]"] = field(default_factory=dict)  # by what is deleted

    @property
    def makes(self) -> bool:
        """See ``JobBoard``."""
        return self.template is not None

    def all(self) -> list[JobSeen]:
        """See ``JobBoard``."""
        return self._asked(self._all(), "list Jobs")

    def tell_used(self, used: Callable[[frozenset[str]], None]) -> None:
        """See ``JobBoard``."""
        self.used = used

    def samples(self) -> Iterator[metrics.MetricSample]:
        """See ``JobBoard``."""
        return job_samples(self.seen)

    def begin(self, order: JobOrder) -> None:
        """See ``JobBoard``."""
        if self.template is None:
            raise JobsUnusable("Jobs are switched off", refused=True)
        self._asked(self._begin(order, self.template), _MAKING)

    def end(self, name: str) -> None:
        """See ``JobBoard``."""
        self._asked(self.client.delete_wholly(JOBS, self.namespace, name), "delete a Job")
        self.seen = tuple(s for s in self.seen if s.name != name)

    def drop(self, key: Key, purpose: str) -> None:
        """See ``JobBoard``. No purpose but the main one has Jobs."""
        if purpose:
            return
        self.loop.call_soon_threadsafe(self._drop, key)

    def lingering(self, key: Key, digest: str) -> Lingers | None:
        """See ``JobBoard``."""
        if self.unseen:
            self.loop.call_soon_threadsafe(self._once, "", self._learn)
            return Lingers(self.unseen, _UNSEEN_AGAIN)
        old = [name for name, of in dict(self.made.get(key, {})).items() if of != digest]
        if not old:
            return None
        self.loop.call_soon_threadsafe(self._delete, old)
        why = next(filter(None, map(self.undeleted.get, old)), "its pods have not ended")
        return Lingers(f"the Job {old[0]} may still write: {why}", _LOOK_AGAIN)

    async def sweep(self, known: Collection[str]) -> None:
        """Delete the Jobs that nothing waits for. ``known``: the uids of the objects that are there."""
        try:
            for seen in await self._all():
                if self.template is None or seen.uid not in known:
                    why = f"there is no {seen.key} any more" if self.template else "Jobs are switched off"
                    log.info("the Job %s is deleted: %s", seen.name, why)
                    await self.client.delete_wholly(JOBS, self.namespace, seen.name)
        except ApiError as error:
            log.warning("Jobs of earlier runs cannot be looked at: %s", error)

    async def _all(self) -> list[JobSeen]:
        params, before = {"labelSelector": selecting(self.installation)}, self.made
        self.made = {key: dict(names) for key, names in before.items()}
        try:
            found = [
                i async for page in self.client.pages(JOBS, self.namespace, params=params) for i in page.items
            ]
        except ApiError as error:
            self._unknown(error)
            raise
        now = self.now() + timedelta(
            seconds=self.client.clock.ahead
        )  # by the clock that says when a Job was created
        jobs = [seen for item in found if (seen := job_seen(item, now)) is not None]
        self._learnt(jobs, {name for names in before.values() for name in names})
        return jobs

    def _unknown(self, error: ApiError) -> None:
        """What was learnt once stays known: no other process makes Jobs meanwhile. A refusal does not say that there are none."""
        if self.unseen and error.status == 404:  # an API server without Jobs
            self.unseen = ""
        elif self.unseen:
            self.unseen = (
                f"the operator cannot see whether Jobs of earlier runs still write: {_told(error, _SEEING)}"
            )

    def _learnt(self, jobs: list[JobSeen], before: set[str]) -> None:
        """``before``: names that were known when the list was asked for; what was made since may not be in it."""
        made = {
            key: {name: of for name, of in names.items() if name not in before}
            for key, names in self.made.items()
        }
        for seen in jobs:
            made.setdefault(seen.key, {})[seen.name] = seen.digest
        self.made, self.unseen = made, ""
        self._count(jobs)
        fresh = {name: of for name, of in self.using.items() if name not in before}
        self._use(fresh | {seen.name: seen.backends for seen in jobs if not seen.ended})

    def _count(self, jobs: list[JobSeen]) -> None:
        """A Job is seen to end once; one that ended while no operator was there is not counted."""
        went_on = {s.name for s in self.seen if not s.ended}
        for job in (s for s in jobs if s.ended and s.name in went_on):
            metrics.JOBS_ENDED.labels(job.key.kind, "complete" if job.complete else "failed").inc()
        self.seen = tuple(jobs)

    def _use(self, using: dict[str, frozenset[str]]) -> None:
        self.using = using
        self.used(frozenset().union(*using.values()))

    async def _begin(self, order: JobOrder, template: PodTemplate) -> None:
        job = await self._goes_on(order) or await self._made(order, template)
        owner = str(job["metadata"]["uid"])
        while not await self._given(secret_manifest(order, owner), owner):
            await asyncio.sleep(_AGAIN)  # the last Job's Secret of this name is not collected yet

    async def _goes_on(self, order: JobOrder) -> dict[str, Any] | None:
        """The Job that is there, whatever its object chooses by now: it was never edited, and an edited one may be refused."""
        there = await self._named(JOBS, job_name(order.uid, order.digest))
        return None if there is None or "deletionTimestamp" in there["metadata"] else there

    async def _made(self, order: JobOrder, template: PodTemplate) -> dict[str, Any]:
        if why := refused_choices(order.pod, template):
            raise JobsUnusable(why)
        name = job_name(order.uid, order.digest)
        self.made.setdefault(order.key, {})[name] = order.digest
        self._use({**self.using, name: order.backends})
        try:
            body = job_manifest(order, template, self.installation)
            return dict(await self.client.create(JOBS, self.namespace, body))
        except ApiError as error:
            there = await self._goes_on(order) if error.status == 409 else None
            if there is None:
                self._use({of: backends for of, backends in self.using.items() if of != name})
                raise
            return there

    async def _given(self, secret: dict[str, Any], owner: str) -> bool:
        """Whether the Job has its Secret now."""
        try:
            await self.client.create(SECRETS, self.namespace, secret)
            return True
        except ApiError as error:
            if error.status != 409:
                raise
        there = await self._named(SECRETS, secret["metadata"]["name"])
        owners = (there or {"metadata": {}})["metadata"].get("ownerReferences") or ()
        return owner in {o.get("uid") for o in owners}

    async def _named(self, resource: Resource, name: str) -> dict[str, Any] | None:
        params = {"fieldSelector": f"metadata.name={name}"}
        found = [
            i async for page in self.client.pages(resource, self.namespace, params=params) for i in page.items
        ]
        return dict(found[0]) if found else None

    def _drop(self, key: Key) -> None:
        self._delete(self.made.get(key, ()))

    def _delete(self, names: Iterable[str]) -> None:
        for name in list(names):
            self._once(name, partial(self._dropped, name))

    def _once(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Unless it goes on already."""
        if name not in self.tasks:
            task = self.tasks[name] = asyncio.ensure_future(work())
            task.add_done_callback(lambda _: self.tasks.pop(name))

    async def _learn(self) -> None:
        before = self.unseen
        try:
            await self._all()
        except ApiError:
            if self.unseen != before:
                log.warning("%s", self.unseen)
            await asyncio.sleep(_AGAIN)  # however many objects ask

    async def _dropped(self, name: str) -> None:
        """Delete it, and wait until its pods have ended: a Job that is made anew with its name is another one."""
        asked = False
        while True:
            try:
                if not asked:
                    await self.client.delete_wholly(JOBS, self.namespace, name)
                asked = True
                there = any(s.name == name and s.going for s in await self._all())
                self.undeleted.pop(name, None)
                if not there:
                    return
            except ApiError as error:
                why = _told(error, _SEEING)
                if self.undeleted.get(name) != why:
                    log.warning("the Job %s is not deleted yet: %s", name, why)
                self.undeleted[name] = why
            await asyncio.sleep(_AGAIN)

    def _asked(self, what: Coroutine[Any, Any, T], doing: str) -> T:
        done = asyncio.run_coroutine_threadsafe(what, self.loop)
        try:
            return done.result(_PATIENCE)
        except TimeoutError:
            done.cancel()
            raise JobsUnusable(f"the API server does not answer a request to {doing}") from None
        except ApiError as error:
            hint = "; set jobs.enabled of the chart" if doing == _MAKING else _SEEING
            message = f"the operator cannot {doing}: {_told(error, hint)}"
            raise JobsUnusable(message, refused=error.status in _REFUSED) from error


def _told(error: ApiError, hint: str) -> str:
    """``hint``: what to do where a right is missing."""
    return f"{error}{hint}" if error.status == 403 else str(error)
