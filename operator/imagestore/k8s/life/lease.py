"""One of several replicas works: the one that holds the Lease.

Whether a foreign holder is dead is judged by how long its entry has not changed on our own clock, never by
comparing two machines' clocks. A holder that cannot renew stops before another replica may take over.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from imagestore import metrics
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import LEASES
from imagestore.k8s.life.fence import Fence
from imagestore.k8s.life.helm import UNINSTALLING, newest

Json = Any
log = logging.getLogger(__name__)
RELEASING = "imagestore-release"  # holds it while `imagestore release` lets objects go
UNINSTALLED = "imagestore.dev/uninstalled-release"  # the Helm release that it was given back for


@dataclass(frozen=True)
class LeaseTerms:
    """Seconds. ``deadline`` must be shorter than ``duration``: the holder gives up before others take over."""

    duration: float = 15.0
    deadline: float = 10.0
    renew: float = 3.0
    retry: float = 2.0


class Lease:
    """A claim on one Lease object."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        clock: Callable[[], float],
        terms: LeaseTerms | None = None,
        fence: Fence | None = None,
    ) -> None:
        self._client, self._namespace, self._name, self._identity = client, namespace, name, identity
        self._clock, self._terms, self._fence = clock, terms or LeaseTerms(), fence or Fence(clock)
        self._known: Json = None
        self._seen: tuple[str, float] = ("", clock())  # the foreign entry, and since when it is unchanged
        self._renewed = 0.0
        self._turn = asyncio.Lock()  # renewing and releasing never overlap
        self.held = False
        self.beat = clock()
        self.trouble = ""  # why no replica works, while we wait

    async def acquire(self) -> None:
        """Wait until it is ours."""
        waiting = False
        while not await self._try():
            if not waiting:
                log.info(
                    "standing by: %s", self.trouble or f"the lease {self._name} is held by {self._holder()}"
                )
                waiting = True
            await asyncio.sleep(self._terms.retry * random.uniform(0.8, 1.2))  # noqa: S311
        self._hold(held=True)
        log.info("the lease %s is ours", self._name)

    async def keep(self) -> None:
        """Renew it; ends when it is lost or released."""
        while self.held and (left := self._left()) > 0:
            await asyncio.sleep(min(left, self._terms.renew if self._fresh() else self._terms.retry / 2))
            async with self._turn:
                if self.held and not await self._renew():
                    break
        if self.held:
            self._hold(held=False)
            log.error("the lease %s is lost", self._name)

    async def _renew(self) -> bool:
        """Whether it may still be ours; never waits beyond the deadline."""
        try:
            async with asyncio.timeout(min(self._terms.deadline / 2, self._left())):
                return await self._try()
        except TimeoutError:
            log.warning("the API server does not answer in time; the lease %s is not renewed", self._name)
            self._known = None
            return True

    def _left(self) -> float:
        return self._renewed + self._terms.deadline - self._clock()

    async def release(self) -> None:
        """Let another replica take over at once.

        A renewal that was under way made this a conflict, and one that came later took the lease again while the
        process was ending: the other replica then waited until it had expired.
        """
        if not self.held:
            return
        self._hold(held=False)
        try:
            async with asyncio.timeout(self._terms.deadline / 2), self._turn:
                await self._give_back()
            log.info("the lease %s is released", self._name)
        except (ApiError, TimeoutError) as error:
            log.warning("the lease %s is not released: %s", self._name, error or "no answer in time")

    async def _give_back(self) -> None:
        known = self._known or await self._read()
        if known is None or known["spec"].get("holderIdentity") != self._identity:
            return
        body = self._body(known)
        body["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
        await self._client.replace(LEASES, self._namespace, self._name, body)

    async def _try(self) -> bool:
        """One attempt to take or renew it. An error is no answer: neither held nor lost."""
        started = self._clock()
        try:
            mine = await self._claim()
        except ApiError as error:
            log.warning("the lease %s: %s", self._name, error)
            self._known = None  # whatever happened, look again
            return self.held and error.status != 409
        self.beat = self._clock()
        if mine:
            self._renewed = (
                started  # not when the answer came: what counts is what the API server may have seen
            )
            self._fence.extend(started + self._terms.deadline)
        return mine

    async def _claim(self) -> bool:
        if self._known is None or not self.held:
            self._known = await self._read()
        if self._known is None:
            self._known = await self._client.create(LEASES, self._namespace, self._body(None))
        elif self._free() and not await self._uninstalled():
            self._known = await self._client.replace(
                LEASES, self._namespace, self._name, self._body(self._known)
            )
        else:
            return False
        return True

    def _free(self) -> bool:
        return self._holder() in {"", self._identity} or self._expired()

    async def _uninstalled(self) -> bool:
        """Whether every object was released because Helm is uninstalling us: then none may get our finalizer again."""
        release = (self._known["metadata"].get("annotations") or {}).get(UNINSTALLED)
        revision = await newest(self._client, self._namespace, release) if release else None
        going = revision is not None and revision.status == UNINSTALLING
        self.trouble = _UNINSTALLED.format(release, revision.number) if going and revision else ""
        return going

    async def _read(self) -> Json:
        try:
            return await self._client.get(LEASES, self._namespace, self._name)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _expired(self) -> bool:
        spec = self._known["spec"]
        entry = f"{self._holder()} {spec.get('renewTime')}"
        if entry != self._seen[0]:
            self._seen = (entry, self._clock())
        silent = self._clock() - self._seen[1]
        dead = silent > self._terms.duration
        self.trouble = ""
        if self._holder() == RELEASING:
            self.trouble = f"the lease {self._name} is held by {RELEASING}, which releases every object"
        elif dead:
            self.trouble = (
                f"{self._holder()} holds the lease {self._name} and has been silent for {silent:.0f} s"
            )
        duration = float(spec.get("leaseDurationSeconds") or self._terms.duration)
        return silent > duration or (dead and _over(spec.get("renewTime"), duration))

    def _holder(self) -> str:
        return str((self._known or {}).get("spec", {}).get("holderIdentity") or "")

    def _fresh(self) -> bool:
        return self._clock() - self._renewed < 2 * self._terms.renew

    def _body(self, known: Json) -> Json:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = (known or {}).get("spec", {})
        same = before.get("holderIdentity") == self._identity
        spec = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._terms.duration),
            "acquireTime": before.get("acquireTime") if same else now,
            "renewTime": now,
            "leaseTransitions": before.get("leaseTransitions", 0) + (0 if same or not known else 1),
        }
        metadata = {"name": self._name, "namespace": self._namespace}
        if known:
            metadata["resourceVersion"] = known["metadata"]["resourceVersion"]
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}

    def _hold(self, *, held: bool) -> None:
        self.held = held
        if not held:
            self._fence.close()
        metrics.LEASE.set(int(held))


# Every start counted the ten minutes of a Lease anew that a Job had taken long ago and no replica renewed.
def _over(renewed: Any, duration: float) -> bool:
    """Whether it has expired by its own words. Believed only of a holder that does not renew as a replica does."""
    try:
        return datetime.now(UTC) - datetime.fromisoformat(renewed) > timedelta(seconds=duration)
    except (TypeError, ValueError):
        return False


_UNINSTALLED = (
    "Helm is uninstalling the release {0}, and every object was released; to keep it: helm rollback {0} {1}"
)
